// The simulated AWS answers whatever a program sends with an HTTP status and a body that parses, and keeps its world whole.
// Signatures are off, or nothing would get past them. Input: calls separated by empty lines; a call is the form body of a
// Query call, or a line with the X-Amz-Target and then a JSON object.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/virtual_clock.hpp"
#include "codec/json.hpp"
#include "codec/xml.hpp"
#include "sim/site.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  VirtualClock clock(Time{} + std::chrono::hours(24 * 365 * 56));
  sim::Options options;
  options.check_signatures = false;
  options.times = sim::Lifetimes::instant();
  sim::Site site(clock, options);
  // Calls are separated by empty lines, so that one can build on what another has made.
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (int calls = 0; !rest.empty() && calls < 8; ++calls) {
    const auto end = std::min(rest.find("\n\n"), rest.size());
    std::string body(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
    net::Request request{"POST", "https://ec2.us-east-1.amazonaws.com/", {}, body, std::chrono::seconds(60)};
    const auto line = body.find('\n');
    if (line != std::string::npos && body.find('{', line) == line + 1) {
      request.headers = {{"X-Amz-Target", body.substr(0, line)}};
      request.body = body.substr(line + 1);
    }
    const auto reply = site.answer(request);
    if (reply.response.status < 200 || reply.response.status > 599) std::abort();
    const bool json = net::header(reply.response.headers, "content-type") == "application/x-amz-json-1.1";
    if (json ? !codec::parse_json(reply.response.body) : !codec::parse_xml(reply.response.body)) std::abort();
    clock.advance(std::chrono::seconds(10));
  }
  return 0;
}
