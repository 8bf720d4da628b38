// The world's HTTP, one of the two seams (the other is Clock). Production: CurlTransport. Tests, --sim and selftest:
// the simulated site (sim/), mounted in process.
#pragma once
#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tombolo::net {

struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;

// First value of a header, compared without case; "" when absent.
std::string_view header(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";
  std::string url;  // absolute, already encoded; sent as it stands
  Headers headers;  // sent as they stand; Host and Content-Length are added by the transport
  std::string body;
  Duration timeout = std::chrono::seconds(60);  // for the whole exchange
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
};

// Takes the next bytes of an answer's body; false: enough, the exchange may end here.
using BodySink = std::function<bool(std::string_view)>;

class Transport {
 public:
  virtual ~Transport() = default;
  // Blocks until the whole answer is here. Every HTTP status is a value. Errors:
  //   kUnreachable  nothing was sent (name, refused, TLS): safe to send again
  //   kTransient    cut or timed out after sending began: the effect is unknown
  //   kUntrusted    the certificate does not verify
  //   kCancelled    `stop` was requested
  // Called from several threads at once.
  virtual Result<Response> send(const Request& request, const std::stop_token& stop) = 0;
  // As send, but a 2xx answer's body goes to `sink` as it comes, and Response::body stays empty; other answers' bodies are
  // collected as ever. Kubernetes' watches and followed logs have no end that send could wait for. Whoever answers from
  // memory need not override it: by default the sink gets the body of a send, in one piece.
  virtual Result<Response> stream(const Request& request, const BodySink& sink, const std::stop_token& stop);
};

}  // namespace tombolo::net
