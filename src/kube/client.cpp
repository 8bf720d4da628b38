#include "kube/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"

namespace tombolo::kube {
namespace {

constexpr Duration kLongestAskedFor = std::chrono::seconds(60);
// kube-apiserver 1.35 says no to everybody until its RBAC is read.
constexpr Duration kStarting = std::chrono::seconds(15);

bool may_repeat(Code code, Repeat repeat) {
  switch (code) {
    case Code::kThrottled:    // refused before anything was done
    case Code::kUnreachable:  // nothing was sent
      return true;
    case Code::kTransient: return repeat == Repeat::kSafe;
    default: return false;
  }
}

// What a transport's error means where an API server was meant.
Error named(Error error, const Call& call, const Access& access) {
  if (error.code() == Code::kUnreachable && error.hint().empty())
    (void)std::move(error).hint(fmt::format(
        "Is the API server at {} up, and is this computer's way to it (LAN, mesh, tunnel)?", access.server));
  return std::move(error).context(call.doing);
}

}  // namespace

std::shared_ptr<net::Transport> curl_transport(const net::CurlOptions& options) {
  return std::make_shared<net::CurlTransport>(options);
}

Client::Client(Clock& clock, Access access, ClientOptions options, TransportMaker make)
    : clock_(clock),
      access_(std::move(access)),
      options_(options),
      make_(std::move(make)),
      identity_(clock, access_),
      random_(options.seed) {}

net::Request Client::request_for(const Call& call, const Credential& credential) const {
  net::Request out;
  out.method = call.method;
  out.url = access_.server + call.path;
  if (!call.query.empty())
    out.url += (call.path.find('?') == std::string::npos ? "?" : "&") + codec::encode_form(call.query);
  out.headers = {{"Accept", "application/json"}, {"User-Agent", "tombolo/" TOMBOLO_VERSION}};
  if (!call.body.empty()) out.headers.push_back({"Content-Type", call.content_type});
  if (!credential.token.empty()) out.headers.push_back({"Authorization", "Bearer " + credential.token.expose()});
  const UserEntry& user = access_.user;
  if (!user.as_user.empty()) out.headers.push_back({"Impersonate-User", user.as_user});
  if (!user.as_uid.empty()) out.headers.push_back({"Impersonate-Uid", user.as_uid});
  for (const auto& group : user.as_groups) out.headers.push_back({"Impersonate-Group", group});
  out.body = call.body;
  out.timeout = call.timeout;
  return out;
}

net::CurlOptions Client::curl_options(const Credential& credential) const {
  net::CurlOptions out;
  out.tls = access_.tls;
  out.proxy = access_.proxy;
  out.connect_to = access_.connect_to;
  if (!credential.certificate.empty()) {
    out.tls.certificate = credential.certificate;
    out.tls.key = credential.key;
  }
  return out;
}

std::shared_ptr<net::Transport> Client::transport_for(const Credential& credential) {
  std::lock_guard guard(mutex_);
  if (!transport_ || transport_certificate_ != credential.certificate) {
    transport_ = make_(curl_options(credential));
    transport_certificate_ = credential.certificate;
  }
  return transport_;
}

Duration Client::pause(int attempt) {
  const Duration ceiling = std::min(options_.base * (std::int64_t{1} << std::min(attempt - 1, 20)), options_.longest);
  std::lock_guard guard(mutex_);
  const double part = 0.5 + static_cast<double>(random_() >> 11) * 0x1p-54;  // [0.5, 1)
  return std::chrono::duration_cast<Duration>(ceiling * part);
}

Error Client::judged(const Result<net::Response>& answer, const Call& call) {
  std::lock_guard guard(mutex_);
  if (!answer) {
    if (answer.error().code() != Code::kCancelled) away_at_ = clock_.now();
    return named(answer.error(), call, access_);
  }
  auto error = error_of(*answer, call.doing);
  const bool starting = away_at_ != Time{} && clock_.now() - away_at_ < kStarting;
  if (error.code() != Code::kPermission || !starting) return error;
  return Error(Code::kTransient, error.sentence()).hint(error.hint()).from(*error.remote());
}

Result<net::Response> Client::repeat(const Call& call, const Send& send, const std::function<bool()>& too_late,
                                     const std::stop_token& stop) {
  const Time started = clock_.now();
  bool renewed = false;
  for (int attempt = 1;; ++attempt) {
    const Credential credential = TRY(context(identity_.current(stop), call.doing));
    const auto transport = transport_for(credential);
    ++calls_;
    if (call.method != "GET") ++writes_;
    auto answer = send(*transport, request_for(call, credential));
    if (answer && answer->status >= 200 && answer->status < 300) return answer;
    Error error = judged(answer, call);
    log::debug(fmt::format("kube: {} {} try {}: {}", call.method, call.path, attempt, error.text()));

    if (error.code() == Code::kCredentials && answer && !renewed) {
      renewed = true;
      if (TRY(context(identity_.renew(credential, stop), call.doing))) continue;
    }
    if (!may_repeat(error.code(), call.repeat) || too_late() || attempt >= options_.attempts)
      return fail(std::move(error));
    Duration wait = pause(attempt);
    if (const auto asked = answer ? retry_after(*answer) : std::nullopt)
      wait = std::max(wait, std::min(*asked, kLongestAskedFor));
    if (clock_.now() + wait > started + options_.total) return fail(std::move(error));
    ++retries_;
    if (!clock_.sleep_for(wait, stop))
      return fail(Code::kCancelled, fmt::format("stopped while waiting to repeat: {}", call.doing));
  }
}

Result<std::string> Client::text(const Call& call, const std::stop_token& stop) {
  const Send send = [&](net::Transport& transport, const net::Request& request) {
    return transport.send(request, stop);
  };
  auto answer = TRY(repeat(call, send, [] { return false; }, stop));
  return std::move(answer.body);
}

Result<codec::Json> Client::call(const Call& call, const std::stop_token& stop) {
  const std::string body = TRY(text(call, stop));
  if (body.empty()) return codec::Json(nullptr);
  auto parsed = codec::parse_json(body);
  if (!parsed)
    return fail(Code::kCorrupt, fmt::format("{}: the answer is {}", call.doing, parsed.error().sentence()),
                fmt::format("Is {} a Kubernetes API server?", access_.server));
  return parsed;
}

Result<> Client::stream(const Call& call, const net::BodySink& sink, const std::stop_token& stop) {
  bool begun = false;
  const net::BodySink marking = [&](std::string_view piece) {
    begun = true;
    return sink(piece);
  };
  const Send send = [&](net::Transport& transport, const net::Request& request) {
    return transport.stream(request, marking, stop);
  };
  (void)TRY(repeat(call, send, [&] { return begun; }, stop));
  return {};
}

Result<Client::Opening> Client::opening(const Call& call, const std::stop_token& stop) {
  const Credential credential = TRY(context(identity_.current(stop), call.doing));
  return Opening{request_for(call, credential), curl_options(credential)};
}

}  // namespace tombolo::kube
