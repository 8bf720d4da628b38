#include "net/web_socket.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "codec/url.hpp"
#include "net/curl.hpp"

namespace tombolo::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using beast::error_code;

constexpr int kLookMilliseconds = 100;  // how often a wait looks at its stop token
constexpr std::size_t kLongestMessage = std::size_t{16} << 20;
constexpr std::size_t kCurlPiece = std::size_t{64} << 10;  // what is handed to libcurl at once

struct EndEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct EndMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// The connection, and who may use it when. Beast is not made for two threads, so one lock is held whenever one of them is in
// it, and let go only while it waits for the socket: neither direction can hold the other up. What Beast sends from inside a
// read (a pong, the answer to a close) waits its turn behind the frame that is being written.
class SharedConnection {
 public:
  CurlOptions options;
  Request request;
  Connecting connecting;
  std::unique_ptr<CURLM, EndMulti> multi{curl_multi_init()};
  std::unique_ptr<CURL, EndEasy> easy{curl_easy_init()};
  curl_socket_t socket = CURL_SOCKET_BAD;
  std::mutex mutex;
  asio::io_context context;  // Beast wants one for timers that are never set

  ~SharedConnection() {
    if (socket != CURL_SOCKET_BAD) curl_multi_remove_handle(multi.get(), easy.get());
  }

  // Who is inside, and what stops him. Set by the operations of the socket, under the lock.
  struct Side {
    std::thread::id thread;
    const std::stop_token* stop = nullptr;
  };
  Side reader, writer;
  std::condition_variable writer_gone;

  std::size_t receive(void* to, std::size_t size, error_code& ec) {
    for (;;) {
      std::size_t n = 0;
      const CURLcode code = curl_easy_recv(easy.get(), to, size, &n);
      if (code == CURLE_OK && n == 0) return ec = asio::error::eof, 0;
      if (code == CURLE_OK) return ec = {}, n;
      if (code != CURLE_AGAIN) return ec = asio::error::connection_reset, 0;
      if (!wait(POLLIN)) return ec = asio::error::operation_aborted, 0;
    }
  }

  std::size_t transmit(const void* from, std::size_t size, error_code& ec) {
    const bool inside_read = reader.stop && reader.thread == std::this_thread::get_id();
    if (inside_read && writer.stop) {
      later_.append(static_cast<const char*>(from), size);
      return ec = {}, size;
    }
    if (inside_read) writer = reader;  // nobody may begin a frame in the middle of this one
    const std::size_t n = transmit_now(from, std::min(size, kCurlPiece), ec);
    if (inside_read) leave(writer);
    return n;
  }

  void leave(Side& side) {
    side = {};
    writer_gone.notify_one();
  }

  // What waited behind the frame just written.
  void send_waiting(error_code& ec) {
    const std::string waiting = std::exchange(later_, {});
    for (std::size_t at = 0; !ec && at < waiting.size();) at += transmit(waiting.data() + at, waiting.size() - at, ec);
  }

  bool stopped() const {
    const Side& side = reader.stop && reader.thread == std::this_thread::get_id() ? reader : writer;
    return side.stop && side.stop->stop_requested();
  }

 private:
  // Called with the lock held; gives it up meanwhile. False after a stop.
  bool wait(short events) {
    if (stopped()) return false;
    mutex.unlock();
    pollfd wanted{socket, events, 0};
    ::poll(&wanted, 1, kLookMilliseconds);
    mutex.lock();
    return !stopped();
  }

  std::size_t transmit_now(const void* from, std::size_t size, error_code& ec) {
    for (;;) {
      std::size_t n = 0;
      const CURLcode code = curl_easy_send(easy.get(), from, size, &n);
      if (code == CURLE_OK && n > 0) return ec = {}, n;
      if (code != CURLE_OK && code != CURLE_AGAIN) return ec = asio::error::connection_reset, 0;
      if (!wait(POLLOUT)) return ec = asio::error::operation_aborted, 0;
    }
  }

  std::string later_;
};

// The connection as Beast's next layer.
class Layer {
 public:
  using executor_type = asio::io_context::executor_type;
  explicit Layer(SharedConnection& connection) : connection_(&connection) {}
  executor_type get_executor() noexcept { return connection_->context.get_executor(); }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& ec) {
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at)
      if (const asio::mutable_buffer buffer = *at; buffer.size())
        return connection_->receive(buffer.data(), buffer.size(), ec);
    return ec = {}, 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    return throwing([&](error_code& ec) { return read_some(buffers, ec); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& ec) {
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at)
      if (const asio::const_buffer buffer = *at; buffer.size())
        return connection_->transmit(buffer.data(), buffer.size(), ec);
    return ec = {}, 0;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return throwing([&](error_code& ec) { return write_some(buffers, ec); });
  }

 private:
  // Beast's concept of a stream asks for this form, too; nobody here calls it.
  template <class Work>
  static std::size_t throwing(Work work) {
    error_code ec;
    const std::size_t n = work(ec);
    if (ec) throw beast::system_error(ec);
    return n;
  }
  SharedConnection* connection_;
};

// Beast calls it when a connection ends; libcurl closes it.
void teardown(beast::role_type, Layer&, error_code& ec) { ec = {}; }

class BeastSocket final : public WebSocket {
 public:
  BeastSocket(std::unique_ptr<SharedConnection> connection, std::string protocol)
      : connection_(std::move(connection)), stream_(*connection_), protocol_(std::move(protocol)) {}

  websocket::stream<Layer, false>& stream() { return stream_; }
  void chosen(std::string protocol) { protocol_ = std::move(protocol); }
  const std::string& protocol() const override { return protocol_; }

  // Runs `work` as one of the two sides.
  template <class Work>
  error_code as(SharedConnection::Side SharedConnection::* side, const std::stop_token& stop, Work work) {
    std::unique_lock lock(connection_->mutex);
    const bool writes = side == &SharedConnection::writer;
    while (writes && connection_->writer.stop && !stop.stop_requested())
      connection_->writer_gone.wait_for(lock, std::chrono::milliseconds(kLookMilliseconds));
    if (stop.stop_requested()) return asio::error::operation_aborted;
    (*connection_).*side = {std::this_thread::get_id(), &stop};
    error_code ec;
    work(ec);
    if (writes && !ec) connection_->send_waiting(ec);
    connection_->leave((*connection_).*side);
    return ec;
  }

  Result<Message> read(const std::stop_token& stop) override {
    beast::flat_buffer buffer;
    const error_code ec = as(&SharedConnection::reader, stop, [&](error_code& e) { stream_.read(buffer, e); });
    if (!ec) return Message{false, 0, beast::buffers_to_string(buffer.data())};
    if (ec == websocket::error::closed) {
      const auto& reason = stream_.reason();
      return Message{true, reason.code, std::string(reason.reason.data(), reason.reason.size())};
    }
    if (ec == asio::error::eof || ec == asio::error::connection_reset)
      return Message{true, websocket::close_code::abnormal, ""};
    return fail(failure(ec, stop));
  }

  Result<> write(std::string_view data, const std::stop_token& stop) override {
    return done(as(&SharedConnection::writer, stop,
                   [&](error_code& e) { stream_.write(asio::buffer(data.data(), data.size()), e); }),
                stop);
  }

  Result<> close(const std::stop_token& stop) override {
    // Not Beast's close(), which waits for the answer and throws away what comes before it: the frame itself, code 1000.
    return done(as(&SharedConnection::writer, stop,
                   [&](error_code& e) {
                     // Masked with zeros: the mask hides nothing here, it only has to be there.
                     constexpr std::string_view kFrame("\x88\x82\0\0\0\0\x03\xe8", 8);
                     for (std::size_t at = 0; !e && at < kFrame.size();)
                       at += connection_->transmit(kFrame.data() + at, kFrame.size() - at, e);
                   }),
                stop);
  }

  Error failure(const error_code& ec, const std::stop_token& stop) const {
    const auto host = host_of(connection_->request.url);
    if (stop.stop_requested()) return Error(Code::kCancelled, fmt::format("the connection to {} was stopped", host));
    const bool broken = ec.category() == error_code(websocket::error::closed).category();
    return Error(broken ? Code::kCorrupt : Code::kTransient,
                 fmt::format("the WebSocket to {} broke off: {}", host, ec.message()));
  }

 private:
  Result<> done(const error_code& ec, const std::stop_token& stop) const {
    if (ec) return fail(failure(ec, stop));
    return {};
  }

  std::unique_ptr<SharedConnection> connection_;
  websocket::stream<Layer, false> stream_;  // false: no compression, which Kubernetes does not speak
  std::string protocol_;
};

Result<std::unique_ptr<SharedConnection>> connect(const Request& request, const CurlOptions& options,
                                                  const std::stop_token& stop) {
  start_curl_once();
  auto out = std::make_unique<SharedConnection>();
  out->options = options;
  out->request = request;
  CURL* easy = out->easy.get();
  TRY(configure_connection(easy, out->request, out->options, out->connecting));
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  const CURLcode code = perform(out->multi.get(), easy, stop);
  if (code != CURLE_OK || curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &out->socket) != CURLE_OK ||
      out->socket == CURL_SOCKET_BAD) {
    curl_multi_remove_handle(out->multi.get(), easy);
    out->socket = CURL_SOCKET_BAD;
    return fail(curl_failure(code, easy, request, options, out->connecting.error_text));
  }
  return out;
}

}  // namespace

Result<WebSocket::Opened> WebSocket::open(const Request& request, const std::vector<std::string>& protocols,
                                          const CurlOptions& options, const std::stop_token& stop) {
  const codec::Url url = TRY(codec::parse_url(request.url));
  auto socket = std::make_unique<BeastSocket>(TRY(connect(request, options, stop)), "");
  auto& stream = socket->stream();
  stream.binary(true);
  stream.read_message_max(kLongestMessage);
  stream.auto_fragment(false);
  stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& upgrade) {
    for (const Header& h : request.headers) upgrade.insert(h.name, h.value);
    upgrade.set(beast::http::field::sec_websocket_protocol, fmt::format("{}", fmt::join(protocols, ", ")));
  }));
  websocket::response_type answer;
  const std::string target = (url.path.empty() ? "/" : url.path) + (url.query.empty() ? "" : "?" + url.query);
  const error_code ec = socket->as(&SharedConnection::writer, stop,
                                   [&](error_code& e) { stream.handshake(answer, url.authority(), target, e); });
  if (ec == websocket::error::upgrade_declined) {
    Opened refused;
    refused.refusal.status = static_cast<int>(answer.result_int());
    for (const auto& field : answer)
      refused.refusal.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    refused.refusal.body = answer.body();
    return refused;
  }
  if (ec) return fail(socket->failure(ec, stop));
  const std::string chosen(answer[beast::http::field::sec_websocket_protocol]);
  if (std::ranges::find(protocols, chosen) == protocols.end())
    return fail(Code::kUnsupported, fmt::format("{} speaks none of {}", url.host, fmt::join(protocols, ", ")));
  socket->chosen(chosen);
  Opened out;
  out.socket = std::move(socket);
  return out;
}

}  // namespace tombolo::net
