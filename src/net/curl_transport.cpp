#include "net/curl_transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "net/curl.hpp"

namespace tombolo::net {
namespace {

constexpr std::size_t kIdleHandles = 32;
constexpr std::size_t kHeaderLimit = std::size_t{1} << 20;  // bytes of all headers of one answer
constexpr long kKeepAliveAfter =
    20;  // seconds of silence on a stream until the peer's kernel is asked, and between askings

// What one exchange reads and writes; libcurl's callbacks get a pointer to it.
struct Exchange {
  const Request& request;
  std::size_t body_limit;
  const BodySink* sink;  // of a stream; nullptr: the body is collected
  const std::stop_token& stop;
  CURL* easy;
  std::size_t sent = 0;
  Response response;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool enough = false;  // said the sink
};

int status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::size_t on_read(char* to, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::size_t rest = exchange.request.body.size() - exchange.sent;
  const std::size_t n = std::min(rest, size * count);
  std::memcpy(to, exchange.request.body.data() + exchange.sent, n);
  exchange.sent += n;
  return n;
}

std::size_t on_body(char* from, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.sink && status_of(exchange.easy) / 100 == 2) {
    if (exchange.stop.stop_requested()) return 0;  // a stream that never pauses would not come back to perform()
    exchange.enough = !(*exchange.sink)({from, size * count});
    return exchange.enough ? 0 : size * count;
  }
  if (exchange.response.body.size() + size * count > exchange.body_limit) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(from, size * count);
  return size * count;
}

std::size_t on_header(char* from, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  std::string_view line(from, size * count);
  exchange.header_bytes += line.size();
  if (exchange.header_bytes > kHeaderLimit) {
    exchange.too_large = true;
    return 0;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    exchange.response.headers.clear();  // the line before belonged to a proxy or to "100 Continue"
    return size * count;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  exchange.response.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  return size * count;
}

}  // namespace

struct CurlTransport::Handle {
  CURL* easy = curl_easy_init();
  CURLM* multi = curl_multi_init();
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
};

CurlOptions curl_options_from_environment() {
  CurlOptions options;
  if (const char* bundle = std::getenv("AWS_CA_BUNDLE")) options.ca_bundle = bundle;
  return options;
}

CurlTransport::CurlTransport(CurlOptions options) : options_(std::move(options)) { start_curl_once(); }
CurlTransport::~CurlTransport() = default;

std::unique_ptr<CurlTransport::Handle> CurlTransport::take() {
  std::lock_guard guard(mutex_);
  if (idle_.empty()) return std::make_unique<Handle>();
  auto handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void CurlTransport::give_back(std::unique_ptr<Handle> handle) {
  curl_easy_reset(handle->easy);  // the connections live in the multi handle and stay
  std::lock_guard guard(mutex_);
  if (idle_.size() < kIdleHandles) idle_.push_back(std::move(handle));
}

namespace {

void configure(CURL* easy, const Request& request, const Connecting& connecting, Exchange& exchange) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, connecting.headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, whole_milliseconds(request.timeout));
  if (exchange.sink) {
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveAfter);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveAfter / 4);
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);

  const bool asks_only =
      request.body.empty() && (request.method == "GET" || request.method == "HEAD" || request.method == "DELETE");
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (asks_only) {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (request.method != "GET") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    // The body comes from a callback that cannot be rewound: this is what keeps libcurl from sending a request twice when a
    // reused connection dies under it (CURLE_SEND_FAIL_REWIND instead). An empty body gives no such hold: new connection.
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, &exchange);
    if (request.body.empty()) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  }
}

}  // namespace

Result<Response> CurlTransport::send(const Request& request, const std::stop_token& stop) {
  return exchange(request, nullptr, stop);
}

Result<Response> CurlTransport::stream(const Request& request, const BodySink& sink, const std::stop_token& stop) {
  return exchange(request, &sink, stop);
}

Result<Response> CurlTransport::exchange(const Request& request, const BodySink* sink, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped before anything was sent");
  if (breaks_the_message(request.method) || request.method.empty())
    return fail(Code::kBadInput, "the request's method is empty or holds a line break");
  auto handle = take();
  Connecting connecting;
  if (auto fits = configure_connection(handle->easy, request, options_, connecting); !fits) {
    give_back(std::move(handle));
    return fail(std::move(fits.error()));
  }
  Exchange exchange{request, options_.body_limit, sink, stop, handle->easy, 0, {}, 0, false, false};
  configure(handle->easy, request, connecting, exchange);
  const CURLcode code = perform(handle->multi, handle->easy, stop);
  curl_multi_remove_handle(handle->multi, handle->easy);

  long opened = 0;
  curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &opened);
  connections_opened_ += static_cast<std::uint64_t>(std::max(opened, 0L));
  exchange.response.status = status_of(handle->easy);
  std::optional<Error> error;
  if (exchange.too_large)
    error = Error(Code::kCorrupt,
                  fmt::format("the answer of {} is larger than {} bytes", host_of(request.url), options_.body_limit));
  else if (code != CURLE_OK && stop.stop_requested())
    error = curl_failure(CURLE_ABORTED_BY_CALLBACK, handle->easy, request, options_, connecting.error_text);
  else if (code != CURLE_OK && !exchange.enough)
    error = curl_failure(code, handle->easy, request, options_, connecting.error_text);
  give_back(std::move(handle));
  if (error) return fail(std::move(*error));
  return std::move(exchange.response);
}

}  // namespace tombolo::net
