// Which image a machine starts from: AWS's own public parameter, else the newest image by name from an owner we name.
// A name alone is never enough: anybody can publish an image called al2023-ami-... and be the newest.
#pragma once
#include "aws/ec2.hpp"

namespace tombolo::aws {

// Amazon Linux 2023, default kernel line. `architecture`: "x86_64" or "arm64".
Result<Image> amazon_linux_image(Ec2& ec2, const std::string& architecture, const CallOptions& options);
// Deep-learning base image on Amazon Linux 2023 with the NVIDIA driver, for GPU workers.
Result<Image> gpu_image(Ec2& ec2, const std::string& architecture, const CallOptions& options);
// One the user wrote; kNotFound says in which region.
Result<Image> image_by_id(Ec2& ec2, const ImageId& id, const CallOptions& options);

}  // namespace tombolo::aws
