// A function from request to response, served over HTTP/1.1 on a loopback address (cpp-httplib): how the simulated site is
// reached by programs that are not ours, and what the transport is tested against.
//
// The handler gets method, the raw target, all headers and the whole body, as they came; url is "http://<Host><target>".
// Two exceptions of cpp-httplib: it decodes %XX inside header values, and drops headers whose value is empty.
// The handler is called from several threads at once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/transport.hpp"

namespace tombolo::net {

// No value: the connection is cut without a byte of an answer.
using HttpHandler = std::function<std::optional<Response>(const Request&)>;

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: any free one
  std::size_t body_limit = std::size_t{16} << 20;  // bytes; more is answered with 413
  int threads = 64;  // connections served at the same time
};

class HttpServer {
 public:
  // Errors: kIo when the port is taken or the address is not ours.
  static Result<std::unique_ptr<HttpServer>> start(HttpHandler handler, HttpServerOptions options = {});
  ~HttpServer();  // as stop()
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  std::string url() const;  // "http://127.0.0.1:40123"
  std::uint64_t connections() const;  // accepted so far
  // Ends after the answers in flight; idle connections are closed at once. The handler must not call it.
  void stop();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombolo::net
