// ~/.aws/config and ~/.aws/credentials are written by hand: any text ends as profiles or as a message with a line number.
#include <cstdint>
#include <cstdlib>

#include "aws/credential_sources.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = aws::parse_config_file(text, "config");
  const auto credentials = aws::parse_credentials_file(text, "credentials");
  for (const auto* file : {&config, &credentials})
    if (!*file && (file->error().code() != Code::kBadInput || file->error().sentence().find(':') == std::string::npos))
      std::abort();
  if (config && credentials) {
    const auto merged = aws::merge(*config, *credentials);
    for (const auto& [name, settings] : credentials->profiles)
      for (const auto& [key, value] : settings)
        if (merged.profiles.at(name).at(key) != value) std::abort();
    for (const auto& [name, settings] : merged.profiles) (void)aws::resolve_region({}, merged, name, "");
  }
  if (const auto words = aws::split_command(text))
    for (const auto& word : *words)
      if (word.size() > size) std::abort();
  return 0;
}
