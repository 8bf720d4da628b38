#include "aws/image.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aws/ssm.hpp"

namespace tombolo::aws {
namespace {

struct Source {
  std::string parameter;            // AWS's public SSM parameter
  std::vector<std::string> owners;  // who alone may have published the image
  std::string name;                 // pattern for the search when the parameter cannot be read
  std::string what;                 // for people
};

// The images we start from come from Amazon's own accounts; nothing else is accepted, whatever a parameter says.
const std::vector<std::string> kAmazon = {"amazon"};

Result<Image> newest(Ec2& ec2, const Source& source, const std::string& architecture, const CallOptions& options) {
  const Filters filters{{"name", {source.name}}, {"state", {"available"}}, {"architecture", {architecture}}};
  auto found = TRY(ec2.images(source.owners, filters, options));
  if (found.empty())
    return fail(Code::kNotFound,
                fmt::format("there is no image {} for {} in {}", source.what, architecture, ec2.client().region()),
                "Write the id of an image under image: in the cluster file.");
  // Images of several kernel lines are published in the same minute: the name decides between them, so that two runs agree.
  return *std::ranges::max_element(found, {}, [](const Image& image) { return std::pair(image.created, image.name); });
}

Result<Image> from(Ec2& ec2, const Source& source, const std::string& architecture, const CallOptions& options) {
  auto id = get_parameter(ec2.client(), source.parameter, options);
  if (!id) {
    // No right to read SSM, or no such parameter here (or in a fake): the search does as well.
    const Code code = id.error().code();
    const bool search =
        code == Code::kNotFound || code == Code::kPermission || code == Code::kUnsupported || code == Code::kBadInput;
    if (!search) return fail(std::move(id.error()).context("looking up the newest image"));
    return newest(ec2, source, architecture, options);
  }
  auto found = TRY(ec2.images(source.owners, {{"image-id", {*id}}}, options));
  if (found.empty()) return newest(ec2, source, architecture, options);
  return found.front();
}

}  // namespace

Result<Image> amazon_linux_image(Ec2& ec2, const std::string& architecture, const CallOptions& options) {
  const Source source{"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-" + architecture, kAmazon,
                      "al2023-ami-2023*-kernel-6.1-" + architecture, "Amazon Linux 2023"};
  return from(ec2, source, architecture, options);
}

Result<Image> gpu_image(Ec2& ec2, const std::string& architecture, const CallOptions& options) {
  const Source source{
      "/aws/service/deeplearning/ami/" + architecture + "/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
      kAmazon, "Deep Learning Base OSS Nvidia Driver GPU AMI (Amazon Linux 2023)*",
      "Deep Learning Base (Amazon Linux 2023)"};
  return from(ec2, source, architecture, options);
}

Result<Image> image_by_id(Ec2& ec2, const ImageId& id, const CallOptions& options) {
  // Written by the user, who chose its owner: own, shared, Amazon's and the marketplace's images are looked through.
  auto found = ec2.images({"self", "amazon", "aws-marketplace"}, {{"image-id", {id.text()}}}, options);
  if (found && !found->empty()) return found->front();
  if (!found && found.error().code() != Code::kNotFound && found.error().code() != Code::kBadInput)
    return fail(std::move(found.error()));
  return fail(Code::kNotFound, fmt::format("there is no image {} in {}", id, ec2.client().region()),
              "Image ids differ from region to region: look it up there, or leave image: out for the newest Amazon "
              "Linux 2023.");
}

}  // namespace tombolo::aws
