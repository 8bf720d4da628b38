#include "aws/client.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <set>

#include "aws/sigv4.hpp"
#include "base/log.hpp"

namespace tombolo::aws {
namespace {

constexpr const char* kFormType = "application/x-www-form-urlencoded; charset=utf-8";
constexpr const char* kJsonType = "application/x-amz-json-1.1";
constexpr Duration kSkewWorthCorrecting = std::chrono::minutes(1);  // AWS tolerates five
constexpr int kMostPages = 10'000;

std::optional<Time> date_of(const net::Response& answer) {
  const std::string text(net::header(answer.headers, "date"));
  std::tm tm{};
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!rest || *rest) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&tm));
}

std::optional<Duration> retry_after(const net::Response& answer) {
  const std::string_view text = net::header(answer.headers, "x-amz-retry-after");
  long milliseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || milliseconds < 0) return std::nullopt;
  return std::chrono::milliseconds(milliseconds);
}

bool may_repeat(Code code, Repeat repeat) {
  switch (code) {
    case Code::kThrottled:    // refused before anything was done
    case Code::kUnreachable:  // nothing was sent
      return true;
    case Code::kTransient: return repeat == Repeat::kSafe;
    default: return false;
  }
}

// Codes behind which a wrong clock may hide: EC2 says AuthFailure for a signature that is too old, too.
bool may_be_the_clock(Code code) { return code == Code::kClock || code == Code::kAccount; }

// RequestExpired with a right clock: it is the credentials that are too old.
Error as_credentials_error(const Error& error) {
  return Error(Code::kCredentials, error.sentence())
      .hint("The session has expired: log in again (for SSO: `aws sso login`), then run the same command again.")
      .from(error.remote().value_or(Remote{}));
}

}  // namespace

Client::Client(Clock& clock, net::Transport& transport, std::shared_ptr<CredentialStore> credentials,
               ClientConfig config, ConfigFile files)
    : clock_(clock),
      transport_(transport),
      credentials_(std::move(credentials)),
      config_(std::move(config)),
      files_(std::move(files)),
      profile_(profile_name(config_.environment, config_.profile)),
      quota_(config_.seed) {}

bool Client::correct_clock(const net::Response& answer) {
  const auto theirs = date_of(answer);
  if (!theirs) return false;
  const Duration offset = *theirs - clock_.now();
  const Duration change = offset - Duration(correction_.load());
  if (std::chrono::abs(change) < kSkewWorthCorrecting) return false;
  correction_ = offset.count();
  log::debug(fmt::format("aws: our clock is {} off, signing with the service's time",
                         format_duration(std::chrono::abs(offset))));
  return true;
}

Result<> Client::judge(std::string_view action, const net::Response& answer, const CallContext& context,
                       const Reader& read) const {
  if (answer.status < 200 || answer.status >= 300) return fail(error_of(action, answer, context));
  return read(answer);
}

Result<> Client::call(const Service& service, std::string_view action, const net::Request& unsigned_request,
                      CallTraits traits, const CallOptions& options, const Reader& read) {
  const Time started = clock_.now();
  bool clock_tried = false;
  bool renewed = false;
  int paid = 0;  // retry tokens of the last retry
  for (int attempt = 1;; ++attempt) {
    net::Request request = unsigned_request;
    std::optional<Credentials> credentials;
    const auto correction = correction_.load();
    if (credentials_) {
      credentials = TRY(credentials_->current(options.stop));
      TRY(sign(request, *credentials, {config_.region, std::string(service.name)},
               clock_.now() + Duration(correction)));
    }
    ++calls_;
    Result<net::Response> answer = transport_.send(request, options.stop);
    Result<> outcome = answer ? judge(action, *answer, {traits.kind, options.age}, read) : fail(answer.error());
    if (outcome) {
      quota_.succeeded(paid);
      return {};
    }
    Error error = std::move(outcome.error());
    log::debug(fmt::format("aws: {} try {}: {}", action, attempt, error.text()));

    if (answer && may_be_the_clock(error.code()) && !clock_tried &&
        (correct_clock(*answer) || correction != correction_.load())) {  // or another call has just put it right
      clock_tried = true;
      continue;
    }
    if (error.code() == Code::kClock && error.remote() && error.remote()->code == "RequestExpired" && credentials &&
        !credentials->session_token.empty())
      error = as_credentials_error(error);
    if (error.code() == Code::kCredentials && credentials && !renewed) {
      renewed = true;
      auto fresh = credentials_->renew(*credentials, options.stop);
      if (fresh && fresh->session_token.expose() + fresh->access_key !=
                       credentials->session_token.expose() + credentials->access_key)
        continue;
      if (!fresh) return fail(std::move(fresh.error()).context(fmt::format("renewing the credentials for {}", action)));
    }

    if (!may_repeat(error.code(), traits.repeat) || attempt >= config_.retry.attempts) return fail(std::move(error));
    const auto pause = quota_.pause(config_.retry, error.code(), attempt, answer ? retry_after(*answer) : std::nullopt);
    if (!pause || clock_.now() + *pause > started + config_.retry.total) return fail(std::move(error));
    paid = RetryQuota::cost(error.code());
    ++retries_;
    if (!clock_.sleep_for(*pause, options.stop))
      return fail(Code::kCancelled, fmt::format("stopped while waiting to repeat {}", action));
  }
}

Result<codec::XmlElement> Client::query(const Service& service, std::string_view action, const Parameters& parameters,
                                        CallTraits traits, const CallOptions& options) {
  Parameters form{{"Action", std::string(action)}, {"Version", std::string(service.version)}};
  form.insert(form.end(), parameters.begin(), parameters.end());
  const net::Request request{"POST",
                             endpoint_url(config_.environment, files_, profile_, service, config_.region),
                             {{"Content-Type", kFormType}},
                             codec::encode_form(form),
                             config_.timeout};
  codec::XmlElement root;
  TRY(call(service, action, request, traits, options, [&](const net::Response& answer) -> Result<> {
    auto parsed = codec::parse_xml(answer.body);
    if (!parsed)
      return fail(Error(Code::kTransient,
                        fmt::format("AWS answered {} with something unreadable: {}", action, parsed.error().sentence()))
                      .from({"", answer.status, ""}));
    root = std::move(*parsed);
    return {};
  }));
  return root;
}

Result<> Client::pages(const Service& service, std::string_view action, const Parameters& parameters,
                       const CallOptions& options, const std::function<Result<>(const codec::XmlElement&)>& each) {
  std::set<std::string> seen;
  std::string token;
  for (int page = 0; page < kMostPages; ++page) {
    Parameters of_page = parameters;
    if (!token.empty()) of_page.emplace_back("NextToken", token);
    const codec::XmlElement root = TRY(query(service, action, of_page, {CallKind::kRead, Repeat::kSafe}, options));
    TRY(each(root));
    token = root.text_at("nextToken");
    if (token.empty()) return {};
    if (!seen.insert(token).second) break;
  }
  return fail(Code::kCorrupt, fmt::format("AWS's pages of {} do not come to an end", action));
}

Result<codec::Json> Client::json(const Service& service, std::string_view action, const codec::Json& parameters,
                                 CallTraits traits, const CallOptions& options) {
  const net::Request request{
      "POST",
      endpoint_url(config_.environment, files_, profile_, service, config_.region),
      {{"Content-Type", kJsonType}, {"X-Amz-Target", fmt::format("{}.{}", service.target, action)}},
      codec::to_text(parameters),
      config_.timeout};
  codec::Json value = codec::JsonObject();
  TRY(call(service, action, request, traits, options, [&](const net::Response& answer) -> Result<> {
    if (answer.body.empty()) return {};
    auto parsed = codec::parse_json(answer.body);
    if (!parsed)
      return fail(Error(Code::kTransient,
                        fmt::format("AWS answered {} with something unreadable: {}", action, parsed.error().sentence()))
                      .from({"", answer.status, ""}));
    value = std::move(*parsed);
    return {};
  }));
  return value;
}

}  // namespace tombolo::aws
