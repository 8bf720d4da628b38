// URLs, percent-encoding and forms: what is taken is written back to the same pieces.
#include <cstdint>
#include <cstdlib>

#include "codec/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (percent_decode(percent_encode(text)).value() != text) std::abort();
  if (const auto form = decode_form(text); form && decode_form(encode_form(*form)).value() != *form) std::abort();
  const auto url = parse_url(text);
  if (!url) return 0;
  const auto again = parse_url(url->text());
  if (!again || again->text() != url->text() || again->host != url->host || again->port != url->port) std::abort();
  return 0;
}
