// YAML: every text is a tree or at least one fault, positions lie inside the text, and any text survives as a scalar.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "codec/utf8.hpp"
#include "codec/yaml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto root = codec::parse_yaml(text, "f.yaml", diagnostics);
  if (!root && !diagnostics.has_errors()) std::abort();
  const auto lines = std::count(text.begin(), text.end(), '\n') + 2;
  for (const auto& d : diagnostics.list())
    if (d.at.line < 0 || d.at.line > lines || d.length < 1) std::abort();
  diagnostics.render(text);
  if (!codec::is_valid_utf8(text) || size > 1000) return 0;
  Diagnostics none;
  const auto quoted = codec::parse_yaml("k: " + codec::yaml_scalar(text) + "\n", "f.yaml", none);
  if (!quoted || quoted->find("k")->value.text != text) std::abort();
  if (codec::scalar_type(quoted->find("k")->value) != codec::ScalarType::kText) std::abort();
  return 0;
}
