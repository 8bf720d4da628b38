// One call to AWS and everything that may happen to it on the way: signature, retries, clock correction, expired credentials,
// pages, and error bodies of all dialects. The typed calls (ec2.hpp, sts.hpp, ssm.hpp, quotas.hpp) stand on it.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/endpoints.hpp"
#include "aws/error.hpp"
#include "aws/retry.hpp"
#include "base/clock.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"
#include "codec/xml.hpp"
#include "net/transport.hpp"

namespace tombolo::aws {

// Query parameters in wire order, values not yet encoded.
using Parameters = codec::Form;

// Given with every call by whoever makes it.
struct CallOptions {
  std::stop_token stop;
  std::optional<Duration> age;  // since we made the youngest thing this call refers to (see CallContext)
};

// Whether a call whose answer was lost may be sent again without looking first.
enum class Repeat { kSafe, kLookFirst };

struct CallTraits {
  CallKind kind = CallKind::kRead;
  Repeat repeat = Repeat::kSafe;
};

struct ClientConfig {
  Environment environment = Environment::of_process();
  std::string profile;  // as --profile
  std::string region;  // required
  std::uint64_t seed = 1;  // of the jitter
  RetryPolicy retry;
  Duration timeout = std::chrono::seconds(60);  // of one try
};

struct CallStatistics {
  std::uint64_t calls = 0;  // requests sent, retries included
  std::uint64_t retries = 0;
};

// Safe from several threads. All waits are on the clock.
class Client {
 public:
  // Without credentials requests go out unsigned, as AssumeRoleWithWebIdentity wants it.
  Client(Clock& clock, net::Transport& transport, std::shared_ptr<CredentialStore> credentials, ClientConfig config,
         ConfigFile files = {});

  // The root element of the answer. Errors: what error.hpp makes of AWS's refusals, credentials' and transport's errors;
  // kTransient also for a success whose body is not XML.
  Result<codec::XmlElement> query(const Service& service, std::string_view action, const Parameters& parameters,
                                  CallTraits traits, const CallOptions& options);
  // Follows nextToken: `each` is called with every page's root.
  Result<> pages(const Service& service, std::string_view action, const Parameters& parameters,
                 const CallOptions& options, const std::function<Result<>(const codec::XmlElement&)>& each);
  Result<codec::Json> json(const Service& service, std::string_view action, const codec::Json& parameters,
                           CallTraits traits, const CallOptions& options);

  const std::string& region() const { return config_.region; }
  Clock& clock() { return clock_; }
  CallStatistics statistics() const { return {calls_, retries_}; }
  Duration clock_correction() const { return Duration(correction_.load()); }  // what is added to our clock to sign

 private:
  using Reader = std::function<Result<>(const net::Response&)>;
  // Sends until there is an answer that `read` accepts, or a reason to give up.
  Result<> call(const Service& service, std::string_view action, const net::Request& request, CallTraits traits,
                const CallOptions& options, const Reader& read);
  Result<> judge(std::string_view action, const net::Response& answer, const CallContext& context,
                 const Reader& read) const;
  // True when the answer shows that our clock is off, and it was put right.
  bool correct_clock(const net::Response& answer);

  Clock& clock_;
  net::Transport& transport_;
  std::shared_ptr<CredentialStore> credentials_;
  ClientConfig config_;
  ConfigFile files_;
  std::string profile_;
  RetryQuota quota_;
  std::atomic<Duration::rep> correction_ = 0;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> retries_ = 0;
};

}  // namespace tombolo::aws
