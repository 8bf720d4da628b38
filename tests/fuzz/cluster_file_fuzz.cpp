// The cluster file: any text is a cluster or a list of faults; a cluster that is good has a template that is good.
#include <cstdint>
#include <cstdlib>

#include "spec/load.hpp"
#include "spec/template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto cluster = spec::load(text, "tombolo.yaml", diagnostics);
  if (cluster.has_value() == diagnostics.has_errors()) std::abort();
  diagnostics.render(text);
  if (!cluster) return 0;
  if (!cluster->mesh.lighthouse()) std::abort();
  Diagnostics none;
  const auto again = spec::load(spec::template_text(*cluster, "s.json"), "tombolo.yaml", none);
  if (!again || spec::to_json(*again) != spec::to_json(*cluster)) std::abort();
  return 0;
}
