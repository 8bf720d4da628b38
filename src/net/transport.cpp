#include "net/transport.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace tombolo::net {
namespace {

bool same_letter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  for (const Header& h : headers)
    if (std::ranges::equal(h.name, name, same_letter)) return h.value;
  return "";
}

Result<Response> Transport::stream(const Request& request, const BodySink& sink, const std::stop_token& stop) {
  auto answer = TRY(send(request, stop));
  if (answer.status >= 200 && answer.status < 300 && !answer.body.empty()) (void)sink(std::exchange(answer.body, {}));
  return answer;
}

}  // namespace tombolo::net
