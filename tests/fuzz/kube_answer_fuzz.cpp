// What API servers, those who answer in their place, and exec plugins send: an Error with words, or a value. The first byte chooses.
#include <cstdint>
#include <cstdlib>

#include "kube/certificate.hpp"
#include "kube/error.hpp"
#include "kube/identity.hpp"
#include "kube/lines.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const net::Response answer{
      400 + data[0] % 200, {{"Retry-After", std::string(text.substr(0, 20))}}, std::string(text)};
  const Error error = kube::error_of(answer, "doing");
  if (!error.sentence().starts_with("doing: ") || error.sentence().size() > 2 * text.size() + 4000) std::abort();
  const auto wait = kube::retry_after(answer);
  if (wait && *wait < Duration::zero()) std::abort();
  (void)kube::parse_exec_credential(text, "client.authentication.k8s.io/v1");
  (void)kube::not_after(text);
  kube::Lines lines;
  std::string put_together;
  const auto each = [&](std::string_view line) { return put_together.append(line).append("\n"), true; };
  const auto cut = data[0] % (text.size() + 1);
  lines.add(text.substr(0, cut), each);
  lines.add(text.substr(cut), each);
  if (put_together + lines.rest() != text) std::abort();
  return 0;
}
