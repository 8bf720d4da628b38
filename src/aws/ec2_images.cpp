#include "aws/ec2.hpp"
#include "aws/wire.hpp"

namespace tombolo::aws {

Result<std::vector<Image>> Ec2::images(const std::vector<std::string>& owners, const Filters& filters,
                                       const CallOptions& options) {
  if (owners.empty()) return fail(Code::kInternal, "images were asked for without an owner");
  Parameters parameters;
  add_list(parameters, "Owner", owners);
  add_filters(parameters, filters);
  std::vector<Image> out;
  TRY(client_.pages(kEc2, "DescribeImages", parameters, options, [&](const codec::XmlElement& page) -> Result<> {
    for (const auto* item : page.all("imagesSet/item")) {
      Image image;
      image.id = ImageId(item->text_at("imageId"));
      image.name = item->text_at("name");
      image.owner = item->text_at("imageOwnerId");
      image.architecture = item->text_at("architecture");
      image.root_device = item->text_at("rootDeviceName");
      image.state = item->text_at("imageState");
      image.created = item->text_at("creationDate");
      for (const auto* device : item->all("blockDeviceMapping/item"))
        if (device->text_at("deviceName") == image.root_device)
          image.root_size_gib = number_at(*device, "ebs/volumeSize");
      out.push_back(std::move(image));
    }
    return {};
  }));
  return out;
}

}  // namespace tombolo::aws
