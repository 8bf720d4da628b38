#include "net/curl_transport.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "codec/url.hpp"

namespace tombolo::net {
namespace {

constexpr std::size_t kIdleHandles = 32;
constexpr std::size_t kHeaderLimit = std::size_t{1} << 20;  // bytes of all headers of one answer
constexpr int kPollMilliseconds = 1000;                     // only a safety net: data and stops wake the poll

void start_curl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append(HeaderList& list, const std::string& line) { list.reset(curl_slist_append(list.release(), line.c_str())); }

// What one exchange reads and writes; libcurl's callbacks get a pointer to it.
struct Exchange {
  const Request& request;
  std::size_t body_limit;
  std::size_t sent = 0;
  Response response;
  std::size_t header_bytes = 0;
  bool too_large = false;
};

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

// Names whose traffic must not leave through a proxy: ourselves, and the metadata services of the machine we run on.
bool goes_around_proxies(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host.starts_with("169.254.") || host == "::1" ||
         host == "fd00:ec2::254";
}

std::string host_of(const std::string& url) {
  auto parsed = codec::parse_url(url);
  return parsed ? parsed->host : std::string();
}

bool breaks_the_message(std::string_view text) {
  return text.find('\n') != text.npos || text.find('\r') != text.npos || text.find('\0') != text.npos;
}

Result<HeaderList> header_list(const Request& request) {
  HeaderList list;
  for (const Header& h : request.headers) {
    if (h.name.empty() || breaks_the_message(h.name) || breaks_the_message(h.value) ||
        h.name.find(':') != std::string::npos)
      return fail(Code::kBadInput, fmt::format("the header \"{}\" holds a line break or a colon", h.name));
    append(list,
           h.value.empty() ? h.name + ";" : h.name + ": " + h.value);  // "name;" is libcurl's word for an empty value
  }
  // Headers that libcurl would add by itself; ours go out as they stand, and they are signed.
  for (const char* own : {"Accept", "Expect", "Content-Type", "User-Agent"})
    if (header(request.headers, own).empty()) append(list, std::string(own) + ":");
  return list;
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

void configure(CURL* easy, const Request& request, const CurlOptions& options, const HeaderList& headers,
               Exchange& exchange, char* error_text) {
  const auto milliseconds = [](Duration d) {
    return std::max(1L, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(d).count()));
  };
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);  // over HTTP/2 libcurl repeats refused streams
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request.timeout));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(std::min(options.connect_timeout, request.timeout)));
  if (!options.ca_bundle.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
  if (goes_around_proxies(host_of(request.url))) curl_easy_setopt(easy, CURLOPT_PROXY, "");
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

// Runs the exchange on this thread until it ends or a stop comes. CURLE_ABORTED_BY_CALLBACK stands for the stop.
CURLcode perform(CURLM* multi, CURL* easy, const std::stop_token& stop) {
  if (curl_multi_add_handle(multi, easy) != CURLM_OK) return CURLE_FAILED_INIT;
  std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  CURLcode outcome = CURLE_ABORTED_BY_CALLBACK;
  int running = 1;
  while (running && !stop.stop_requested()) {
    if (curl_multi_perform(multi, &running) != CURLM_OK) {
      outcome = CURLE_RECV_ERROR;
      break;
    }
    if (running) curl_multi_poll(multi, nullptr, 0, kPollMilliseconds, nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left))
    if (message->msg == CURLMSG_DONE) outcome = message->data.result;
  curl_multi_remove_handle(multi, easy);
  return outcome;
}

Error failure(CURLcode code, CURL* easy, const Request& request, const char* error_text) {
  const std::string host = host_of(request.url);
  const std::string words = *error_text ? error_text : curl_easy_strerror(code);
  long bytes_sent = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes_sent);
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK: return Error(Code::kCancelled, fmt::format("the request to {} was stopped", host));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return Error(Code::kUntrusted, fmt::format("the certificate of {} does not verify: {}", host, words))
          .hint("If a proxy of your network signs certificates itself, name its authority in AWS_CA_BUNDLE.");
    case CURLE_SSL_CACERT_BADFILE:
      return Error(Code::kIo, fmt::format("the file of trusted authorities cannot be read: {}", words))
          .hint("Check AWS_CA_BUNDLE.");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(Code::kBadInput, fmt::format("\"{}\" is not an http or https URL: {}", request.url, words));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Error(Code::kUnreachable, fmt::format("the name {} does not resolve: {}", host, words))
          .hint("Check the network connection and the region's name.");
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY: return Error(Code::kUnreachable, fmt::format("no connection to {}: {}", host, words));
    default: break;
  }
  if (bytes_sent == 0) return Error(Code::kUnreachable, fmt::format("nothing could be sent to {}: {}", host, words));
  if (code == CURLE_SEND_FAIL_REWIND)
    return Error(Code::kTransient, fmt::format("{} closed the connection without an answer", host));
  return Error(Code::kTransient, fmt::format("the exchange with {} broke off: {}", host, words));
}

}  // namespace

Result<Response> CurlTransport::send(const Request& request, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped before anything was sent");
  if (breaks_the_message(request.method) || request.method.empty())
    return fail(Code::kBadInput, "the request's method is empty or holds a line break");
  (void)TRY(codec::parse_url(request.url));
  const HeaderList headers = TRY(header_list(request));
  auto handle = take();
  Exchange exchange{request, options_.body_limit, 0, {}, 0, false};
  char error_text[CURL_ERROR_SIZE] = "";
  configure(handle->easy, request, options_, headers, exchange, error_text);
  const CURLcode code = perform(handle->multi, handle->easy, stop);

  long opened = 0;
  curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &opened);
  connections_opened_ += static_cast<std::uint64_t>(std::max(opened, 0L));
  long status = 0;
  curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  std::optional<Error> error;
  if (exchange.too_large)
    error = Error(Code::kCorrupt,
                  fmt::format("the answer of {} is larger than {} bytes", host_of(request.url), options_.body_limit));
  else if (code != CURLE_OK)
    error = failure(code, handle->easy, request, error_text);
  give_back(std::move(handle));
  if (error) return fail(std::move(*error));
  return std::move(exchange.response);
}

}  // namespace tombolo::net
