#include "net/curl.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/url.hpp"

namespace tombolo::net {
namespace {

constexpr int kCurlPollMilliseconds = 1000;  // only a safety net: data and stops wake the poll

// Names whose traffic must not leave through a proxy: ourselves, and the metadata services of the machine we run on.
bool goes_around_proxies(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host.starts_with("169.254.") || host == "::1" ||
         host == "fd00:ec2::254";
}

// "10.42.1.1:6443", "[fd00::1]:6443"
std::string bracketed(const codec::Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), url.host, url.effective_port());
}

curl_blob blob(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(),
          CURL_BLOB_NOCOPY};  // libcurl's struct knows no const, and only reads
}

void configure_tls(CURL* easy, const CurlOptions& options) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (!options.ca_bundle.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
  const TlsOptions& tls = options.tls;
  if (!tls.authorities.empty()) {
    const curl_blob authorities = blob(tls.authorities);
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &authorities);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // else every public authority would be believed, too
  }
  if (!tls.certificate.empty()) {
    const curl_blob certificate = blob(tls.certificate);
    const curl_blob key = blob(tls.key.expose());
    curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
  }
  if (!tls.verify) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

}  // namespace

void start_curl_once() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

void append(CurlList& list, const std::string& line) { list.reset(curl_slist_append(list.release(), line.c_str())); }

std::string host_of(const std::string& url) {
  auto parsed = codec::parse_url(url);
  return parsed ? parsed->host : std::string();
}

bool breaks_the_message(std::string_view text) {
  return text.find('\n') != text.npos || text.find('\r') != text.npos || text.find('\0') != text.npos;
}

long whole_milliseconds(Duration span) {
  return std::max(1L, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(span).count()));
}

Result<CurlList> header_list(const Request& request) {
  CurlList list;
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

Result<> configure_connection(CURL* easy, const Request& request, const CurlOptions& options, Connecting& connecting) {
  codec::Url url = TRY(codec::parse_url(request.url));
  connecting.headers = TRY(header_list(request));
  const std::string called = bracketed(url);
  const bool renamed = !options.tls.server_name.empty() && url.scheme == "https";
  if (renamed) {
    // libcurl asks for, and verifies, the name in the URL: so that becomes the wanted one, and the address goes elsewhere.
    append(connecting.headers, "Host: " + url.authority());
    url.port = url.effective_port();
    url.host = options.tls.server_name;
  }
  curl_easy_setopt(easy, CURLOPT_URL, renamed ? url.text().c_str() : request.url.c_str());
  if (renamed || !options.connect_to.empty()) {
    append(connecting.connect_to, bracketed(url) + ":" + (options.connect_to.empty() ? called : options.connect_to));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connecting.connect_to.get());
  }
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);  // over HTTP/2 libcurl repeats refused streams
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, connecting.error_text);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   whole_milliseconds(std::min(options.connect_timeout, request.timeout)));
  if (!options.proxy.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");  // it was named for this server: NO_PROXY does not take it back
  } else if (goes_around_proxies(host_of(request.url)) || !options.connect_to.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
  }
  configure_tls(easy, options);
  return {};
}

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
    if (running) curl_multi_poll(multi, nullptr, 0, kCurlPollMilliseconds, nullptr);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left))
    if (message->msg == CURLMSG_DONE) outcome = message->data.result;
  return outcome;
}

Error curl_failure(CURLcode code, CURL* easy, const Request& request, const CurlOptions& options,
                   const char* error_text) {
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
          .hint(options.tls.authorities.empty()
                    ? "If a proxy of your network signs certificates itself, name its authority in AWS_CA_BUNDLE."
                    : "Somebody else answers at this address, or the authority that is trusted here is an old one.");
    case CURLE_SSL_CACERT_BADFILE:
      return Error(Code::kIo, fmt::format("the file of trusted authorities cannot be read: {}", words))
          .hint("Check AWS_CA_BUNDLE.");
    case CURLE_SSL_CERTPROBLEM:
      return Error(Code::kCredentials, fmt::format("our certificate for {} cannot be used: {}", host, words))
          .hint("Look whether certificate and key are whole and belong together.");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(Code::kBadInput, fmt::format("\"{}\" is not an http or https URL: {}", request.url, words));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Error(Code::kUnreachable, fmt::format("the name {} does not resolve: {}", host, words))
          .hint("Check the network connection and the spelling of the name.");
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY: return Error(Code::kUnreachable, fmt::format("no connection to {}: {}", host, words));
    default: break;
  }
  const bool proxy_refused =
      words.find("CONNECT tunnel failed") != words.npos;  // libcurl counts what the proxy was told
  if (bytes_sent == 0 || proxy_refused)
    return Error(Code::kUnreachable, fmt::format("nothing could be sent to {}: {}", host, words));
  if (code == CURLE_SEND_FAIL_REWIND)
    return Error(Code::kTransient, fmt::format("{} closed the connection without an answer", host));
  return Error(Code::kTransient, fmt::format("the exchange with {} broke off: {}", host, words));
}

}  // namespace tombolo::net
