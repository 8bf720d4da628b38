// For exec and port-forward: the WebSocket of a call, or the Error that the server's refusal means.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "kube/client.hpp"
#include "net/web_socket.hpp"

namespace tombolo::kube {

Result<std::unique_ptr<net::WebSocket>> open_stream(Client& client, const Call& call,
                                                    const std::vector<std::string>& protocols,
                                                    const std::stop_token& stop);

}  // namespace tombolo::kube
