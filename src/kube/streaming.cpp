#include "kube/streaming.hpp"

namespace tombolo::kube {

Result<std::unique_ptr<net::WebSocket>> open_stream(Client& client, const Call& call,
                                                    const std::vector<std::string>& protocols,
                                                    const std::stop_token& stop) {
  auto opening = TRY(client.opening(call, stop));
  // A server that tries to speak SPDY's successor is told what we take; "Accept" would ask for another answer than an upgrade.
  std::erase_if(opening.request.headers, [](const net::Header& h) { return h.name == "Accept"; });
  auto opened = TRY(context(net::WebSocket::open(opening.request, protocols, opening.options, stop), call.doing));
  if (!opened.socket) return fail(error_of(opened.refusal, call.doing));
  return std::move(opened.socket);
}

}  // namespace tombolo::kube
