// The public machine images and the SSM parameters that point to them.
// Three things are as awkward as on AWS: one Amazon Linux 2023 image per kernel line, all published in the same minute; both
// architectures; and a stranger's newer image under Amazon's name pattern, for callers who forget to name the owner.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

std::vector<Image> public_images(std::string_view region);
std::map<std::string, StoredParameter> public_parameters(const std::vector<Image>& images);

Outcome<> describe_images(Call& call, XmlOut& out);

}  // namespace tombolo::sim
