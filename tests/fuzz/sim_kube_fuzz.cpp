// A simulated Kubernetes API server answers whatever a program sends with an HTTP status, in JSON where it says JSON, and goes on
// by itself afterwards. Input: requests separated by empty lines; a request is a line "METHOD PATH [CONTENT-TYPE]" and a body.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/virtual_clock.hpp"
#include "codec/json.hpp"
#include "sim/site.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  VirtualClock clock(Time{} + std::chrono::hours(24 * 365 * 57));
  sim::Site site(clock, {});
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (int calls = 0; !rest.empty() && calls < 8; ++calls) {
    const auto end = std::min(rest.find("\n\n"), rest.size());
    const auto call = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    auto line = call.substr(0, call.find('\n'));
    const auto word = [&line] {
      const auto taken = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(taken.size() + 1, line.size()));
      return std::string(taken);
    };
    net::Request request;
    request.method = word();
    request.url = "https://home.simulated:6443" + word();
    if (!line.empty()) request.headers = {{"Content-Type", word()}};
    if (const auto body = call.find('\n'); body != call.npos) request.body = std::string(call.substr(body + 1));
    const auto reply = site.answer(request);
    if (reply.cut) continue;  // not a URL of that host
    if (reply.response.status < 200 || reply.response.status > 599) std::abort();
    const bool watches = request.url.find("watch") != std::string::npos;  // a JSON object a line
    if (net::header(reply.response.headers, "content-type") == "application/json" && !watches &&
        !codec::parse_json(reply.response.body))
      std::abort();
    clock.advance(std::chrono::seconds(3));
  }
  return 0;
}
