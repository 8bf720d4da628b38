#include "aws/ec2.hpp"
#include "aws/wire.hpp"

namespace tombolo::aws {

Result<std::vector<InstanceType>> Ec2::instance_types(const std::vector<std::string>& names,
                                                      const CallOptions& options) {
  Parameters parameters;
  add_list(parameters, "InstanceType", names);
  std::vector<InstanceType> out;
  TRY(client_.pages(kEc2, "DescribeInstanceTypes", parameters, options, [&](const codec::XmlElement& page) -> Result<> {
    for (const auto* item : page.all("instanceTypeSet/item")) {
      InstanceType type;
      type.name = item->text_at("instanceType");
      type.vcpus = number_at(*item, "vCpuInfo/defaultVCpus");
      type.memory_mib = number_at(*item, "memoryInfo/sizeInMiB");
      for (const auto* one : item->all("processorInfo/supportedArchitectures/item"))
        type.architectures.push_back(one->text);
      for (const auto* gpu : item->all("gpuInfo/gpus/item")) {
        type.gpus += number_at(*gpu, "count");
        type.gpu_name = gpu->text_at("name");
      }
      type.gpu_memory_mib = number_at(*item, "gpuInfo/totalGpuMemoryInMiB");
      type.nitro = item->text_at("hypervisor") == "nitro" || item->text_at("bareMetal") == "true";
      out.push_back(std::move(type));
    }
    return {};
  }));
  return out;
}

Result<std::vector<TypeOffering>> Ec2::type_offerings(const std::vector<std::string>& names,
                                                      const CallOptions& options) {
  Parameters parameters{{"LocationType", "availability-zone"}};
  add_filters(parameters, {{"instance-type", names}});
  parameters.emplace_back("MaxResults", "1000");
  std::vector<TypeOffering> out;
  TRY(client_.pages(kEc2, "DescribeInstanceTypeOfferings", parameters, options,
                    [&](const codec::XmlElement& page) -> Result<> {
                      for (const auto* item : page.all("instanceTypeOfferingSet/item"))
                        out.push_back({item->text_at("instanceType"), Zone(item->text_at("location"))});
                      return {};
                    }));
  return out;
}

}  // namespace tombolo::aws
