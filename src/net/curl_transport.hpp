// The real world's Transport, over libcurl: HTTP/1.1, TLS 1.2 or later, no redirects, paths sent as they stand.
//
// Never sends a request a second time by itself: libcurl repeats a POST whose answer was lost on a reused connection, which
// would make a second elastic address. Connections are kept and shared by all threads.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/tls.hpp"
#include "net/transport.hpp"

namespace tombolo::net {

struct CurlOptions {
  std::string ca_bundle;  // PEM file of trusted authorities; "": the system's
  std::size_t body_limit = std::size_t{64} << 20;  // bytes of one answer; more is kCorrupt
  Duration connect_timeout = std::chrono::seconds(10);
  TlsOptions tls = {};
  // URL of a proxy (http, https, socks5h) for every request, whatever its host; "": as the environment says.
  std::string proxy = {};
  // "127.0.0.1:40123": where connections go, whatever the URLs say (the near end of a tunnel); "": there.
  std::string connect_to = {};
};

// AWS_CA_BUNDLE, which the AWS tools read too. Proxy variables are read by libcurl itself.
CurlOptions curl_options_from_environment();

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options = {});
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  // Errors beside Transport's own: kBadInput for a header that would break the message, kIo for an unreadable CA bundle.
  // Loopback and the cloud's link-local metadata addresses never go through a proxy.
  Result<Response> send(const Request& request, const std::stop_token& stop) override;

  // Beside send: it watches over silence, so that a peer that vanished ends the stream (kTransient) after about a minute.
  // The sink is called on this thread and must not use this transport. When it has had enough, the connection is closed.
  Result<Response> stream(const Request& request, const BodySink& sink, const std::stop_token& stop) override;

  std::uint64_t connections_opened() const { return connections_opened_; }

 private:
  struct Handle;
  Result<Response> exchange(const Request& request, const BodySink* sink, const std::stop_token& stop);
  std::unique_ptr<Handle> take();
  void give_back(std::unique_ptr<Handle> handle);

  CurlOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;  // the last one used is taken first: its connection is the warmest
  std::atomic<std::uint64_t> connections_opened_ = 0;
};

}  // namespace tombolo::net
