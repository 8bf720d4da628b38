// WebSocket, the client's side (RFC 6455): Boost.Beast frames over a connection that libcurl makes, so that certificates, proxies
// and tunnels are the same as CurlTransport's. For protocols that begin as HTTP and go on both ways: exec and port-forward.
#pragma once
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "net/curl_transport.hpp"

namespace tombolo::net {

// One thread may read while others write; neither direction holds the other up.
class WebSocket {
 public:
  struct Message {
    bool closed = false;  // by the peer, or because the connection ended; `data` is the peer's reason then
    int close_code = 0;  // RFC 6455, 7.4; 1006: the connection just ended
    std::string data;
  };

  // `request` is a GET of an https or http URL. One of `protocols` must be chosen by the server (first is best).
  // Errors: Transport's; kUnsupported when no protocol is chosen. A refusal with an HTTP status is returned as a value in
  // `refusal`, with the body as far as it came, and the socket is null.
  struct Opened {
    std::unique_ptr<WebSocket> socket;
    Response refusal;
  };
  static Result<Opened> open(const Request& request, const std::vector<std::string>& protocols,
                             const CurlOptions& options, const std::stop_token& stop);
  virtual ~WebSocket() = default;  // cuts the connection, if close() did not end it

  virtual const std::string& protocol() const = 0;
  // The next whole message. Pings are answered inside. Errors: kCancelled, kTransient, kCorrupt for a broken frame.
  virtual Result<Message> read(const std::stop_token& stop) = 0;
  // One binary message. Blocks while the peer takes nothing. Errors: kCancelled, kTransient.
  virtual Result<> write(std::string_view data, const std::stop_token& stop) = 0;
  // Says goodbye (code 1000); does not wait for the answer, which read() sees.
  virtual Result<> close(const std::stop_token& stop) = 0;
};

}  // namespace tombolo::net
