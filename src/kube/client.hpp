// One call to a Kubernetes API server and all that may happen to it on the way: credentials, retries, Status objects. What is
// said in calls (objects, watches, logs) stands on it: objects.hpp, watch.hpp, logs.hpp, discovery.hpp, review.hpp.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"
#include "kube/error.hpp"
#include "kube/identity.hpp"
#include "net/curl_transport.hpp"

namespace tombolo::kube {

// Whether a call whose answer was lost may be sent again without looking first.
enum class Repeat { kSafe, kLookFirst };

struct Call {
  std::string doing;  // "listing pods in nebula": begins every message
  std::string method = "GET";
  std::string path;  // encoded
  codec::Form query = {};
  std::string body = {};  // JSON
  std::string content_type = "application/json";
  Repeat repeat = Repeat::kSafe;
  Duration timeout = std::chrono::seconds(32);  // of one try; the server itself gives up after 30 or 60
};

struct ClientOptions {
  int attempts = 6;  // of one call, the first included
  Duration total = std::chrono::seconds(60);  // no further try begins later than this after the first
  Duration base = std::chrono::milliseconds(200);
  Duration longest = std::chrono::seconds(10);  // of our own pauses; the server may ask for more
  std::uint64_t seed = 1;  // of the jitter
};

struct CallStatistics {
  std::uint64_t calls = 0;  // requests sent, retries included
  std::uint64_t retries = 0;
  std::uint64_t writes = 0;  // of the calls, those that are not GET
};

// Makes the way to the server; called again when the client certificate changes.
using TransportMaker = std::function<std::shared_ptr<net::Transport>(const net::CurlOptions&)>;
std::shared_ptr<net::Transport> curl_transport(const net::CurlOptions& options);

// Safe from several threads. All waits are on the clock.
class Client {
 public:
  Client(Clock& clock, Access access, ClientOptions options = {}, TransportMaker make = curl_transport);

  // The answer's body as JSON (null when it is empty). Errors: what error.hpp makes of refusals, identity's and transport's.
  // Repeated while the code says that it may help: kThrottled and kUnreachable always, kTransient when the call is kSafe.
  // Forbidden becomes kTransient soon after a server did not answer: one that has just started does not know its roles yet.
  Result<codec::Json> call(const Call& call, const std::stop_token& stop);
  // As call, with the body as it came.
  Result<std::string> text(const Call& call, const std::stop_token& stop);
  // The body goes to `sink` as it comes. Repeated until the first byte of it has come, and not afterwards.
  Result<> stream(const Call& call, const net::BodySink& sink, const std::stop_token& stop);

  // A request as the server wants it, for protocols that are not HTTP to the end (exec, port-forward).
  struct Opening {
    net::Request request;
    net::CurlOptions options;
  };
  Result<Opening> opening(const Call& call, const std::stop_token& stop);

  // How long to wait before try number `attempt` + 1. `attempt` is 1 for the first.
  Duration pause(int attempt);
  Clock& clock() { return clock_; }
  const Access& access() const { return access_; }
  CallStatistics statistics() const { return {calls_, retries_, writes_}; }

 private:
  using Send = std::function<Result<net::Response>(net::Transport&, const net::Request&)>;
  Result<net::Response> repeat(const Call& call, const Send& send, const std::function<bool()>& too_late,
                               const std::stop_token& stop);
  net::Request request_for(const Call& call, const Credential& credential) const;
  net::CurlOptions curl_options(const Credential& credential) const;
  Error judged(const Result<net::Response>& answer, const Call& call);
  std::shared_ptr<net::Transport> transport_for(const Credential& credential);

  Clock& clock_;
  Access access_;
  ClientOptions options_;
  TransportMaker make_;
  Identity identity_;
  std::mutex mutex_;
  std::shared_ptr<net::Transport> transport_;
  std::string transport_certificate_;  // the one that transport_ was made with
  std::mt19937_64 random_;
  Time away_at_{};  // when nobody answered last
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> retries_ = 0;
  std::atomic<std::uint64_t> writes_ = 0;
};

}  // namespace tombolo::kube
