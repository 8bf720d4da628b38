// A port of a pod as a stream of bytes, over WebSocket (v4.channel.k8s.io, which kubelets speak; no kubelet's name or route is needed).
// One PortStream is one TCP connection. The protocol knows no half-closed connections.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "kube/client.hpp"
#include "kube/object.hpp"

namespace tombolo::kube {

class PortStream {
 public:
  virtual ~PortStream() = default;  // ends the connection
  // The next bytes from the pod; "" when it has closed the connection. Errors: kUnreachable when nothing listens there, with
  // the kubelet's words; kTransient, kCancelled.
  virtual Result<std::string> read(const std::stop_token& stop) = 0;
  // kTransient when the other side is gone already: read() then tells why, if it was told.
  virtual Result<> write(std::string_view data, const std::stop_token& stop) = 0;
};
Result<std::unique_ptr<PortStream>> open_port(Client& client, const ObjectName& pod, std::uint16_t port,
                                              const std::stop_token& stop);

}  // namespace tombolo::kube
