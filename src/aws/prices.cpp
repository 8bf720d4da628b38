#include "aws/prices.hpp"

#include <algorithm>
#include <iterator>

namespace tombolo::aws {
namespace {

constexpr TypeFacts kTypes[] = {
    {"t3.micro", 2, 1, 0, "", 0.0104},
    {"t3.small", 2, 2, 0, "", 0.0208},
    {"t3.medium", 2, 4, 0, "", 0.0416},
    {"t3.large", 2, 8, 0, "", 0.0832},
    {"t4g.micro", 2, 1, 0, "", 0.0084},
    {"t4g.small", 2, 2, 0, "", 0.0168},
    {"t4g.medium", 2, 4, 0, "", 0.0336},
    {"t4g.large", 2, 8, 0, "", 0.0672},
    {"g4dn.xlarge", 4, 16, 1, "T4", 0.526},
    {"g4dn.2xlarge", 8, 32, 1, "T4", 0.752},
    {"g4dn.4xlarge", 16, 64, 1, "T4", 1.204},
    {"g4dn.8xlarge", 32, 128, 1, "T4", 2.176},
    {"g4dn.12xlarge", 48, 192, 4, "T4", 3.912},
    {"g4dn.16xlarge", 64, 256, 1, "T4", 4.352},
    {"g4dn.metal", 96, 384, 8, "T4", 7.824},
    {"g5.xlarge", 4, 16, 1, "A10G", 1.006},
    {"g5.2xlarge", 8, 32, 1, "A10G", 1.212},
    {"g5.4xlarge", 16, 64, 1, "A10G", 1.624},
    {"g5.8xlarge", 32, 128, 1, "A10G", 2.448},
    {"g5.12xlarge", 48, 192, 4, "A10G", 5.672},
    {"g5.16xlarge", 64, 256, 1, "A10G", 4.096},
    {"g5.24xlarge", 96, 384, 4, "A10G", 8.144},
    {"g5.48xlarge", 192, 768, 8, "A10G", 16.288},
    {"g6.xlarge", 4, 16, 1, "L4", 0.8048},
    {"g6.2xlarge", 8, 32, 1, "L4", 0.9776},
    {"g6.4xlarge", 16, 64, 1, "L4", 1.3232},
    {"g6.8xlarge", 32, 128, 1, "L4", 2.0144},
    {"g6.12xlarge", 48, 192, 4, "L4", 4.6016},
    {"g6.16xlarge", 64, 256, 1, "L4", 3.3968},
    {"g6.24xlarge", 96, 384, 4, "L4", 6.6752},
    {"g6.48xlarge", 192, 768, 8, "L4", 13.3504},
    {"gr6.4xlarge", 16, 128, 1, "L4", 1.5392},
    {"gr6.8xlarge", 32, 256, 1, "L4", 2.4464},
    {"g6e.xlarge", 4, 32, 1, "L40S", 1.861},
    {"g6e.2xlarge", 8, 64, 1, "L40S", 2.242},
    {"g6e.4xlarge", 16, 128, 1, "L40S", 3.004},
    {"g6e.8xlarge", 32, 256, 1, "L40S", 4.529},
    {"g6e.12xlarge", 48, 384, 4, "L40S", 10.493},
    {"g6e.16xlarge", 64, 512, 1, "L40S", 7.577},
    {"g6e.24xlarge", 96, 768, 4, "L40S", 15.066},
    {"g6e.48xlarge", 192, 1536, 8, "L40S", 30.131},
    {"g7e.2xlarge", 8, 64, 1, "RTX PRO 6000", 3.363},
    {"g7e.4xlarge", 16, 128, 1, "RTX PRO 6000", 3.998},
    {"g7e.8xlarge", 32, 256, 1, "RTX PRO 6000", 5.268},
    {"p4d.24xlarge", 96, 1152, 8, "A100", 21.958},
    {"p5.4xlarge", 16, 256, 1, "H100", 6.88},
    {"p5.48xlarge", 192, 2048, 8, "H100", 55.04},
};

}  // namespace

const TypeFacts* type_facts(std::string_view instance_type) {
  const auto found = std::ranges::find(kTypes, instance_type, &TypeFacts::name);
  return found == std::end(kTypes) ? nullptr : found;
}

std::optional<double> price_per_hour(std::string_view instance_type) {
  const TypeFacts* facts = type_facts(instance_type);
  if (!facts) return std::nullopt;
  return facts->per_hour;
}

}  // namespace tombolo::aws
