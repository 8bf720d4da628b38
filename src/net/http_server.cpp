#include "net/http_server.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace tombolo::net {
namespace {

constexpr int kIoSeconds = 30;         // for a peer that stops in the middle of a message
constexpr std::size_t kKeepAlive = 1'000'000;  // requests on one connection

bool ready(int socket, short event) {
  pollfd one{socket, event, 0};
  return poll(&one, 1, kIoSeconds * 1000) > 0;
}

// A connection, which the handler may have cut: from then on nothing is written to it.
class Connection final : public httplib::Stream {
 public:
  explicit Connection(int socket) : socket_(socket) {}
  void cut() { cut_ = true; }
  bool was_cut() const { return cut_; }

  bool is_readable() const override { return ready(socket_, POLLIN); }
  bool is_writable() const override { return !cut_ && ready(socket_, POLLOUT); }
  ssize_t read(char* to, std::size_t size) override {
    // The head of a message is read byte by byte, so there is a buffer between it and the system.
    if (used_ == filled_) {
      if (!is_readable()) return -1;
      const ssize_t n = recv(socket_, buffer_, sizeof buffer_, 0);
      if (n <= 0) return n;
      used_ = 0;
      filled_ = static_cast<std::size_t>(n);
    }
    const std::size_t n = std::min(size, filled_ - used_);
    std::copy_n(buffer_ + used_, n, to);
    used_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t size) override {
    if (!is_writable()) return -1;
    return ::send(socket_, from, size, MSG_NOSIGNAL);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  int socket() const override { return socket_; }

  // Waits for the next request; false when the peer has gone or the server shuts the socket down.
  bool next() {
    if (used_ < filled_) return true;
    pollfd one{socket_, POLLIN, 0};
    if (poll(&one, 1, -1) <= 0) return false;
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_PEEK) == 1;
  }

 private:
  int socket_;
  bool cut_ = false;
  char buffer_[16384];
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
};

thread_local Connection* current_connection = nullptr;  // of the request this thread serves, for the handler to cut

// cpp-httplib with our own connections: it has no way to drop one without an answer, and closes idle ones after seconds.
class Server final : public httplib::Server {
 public:
  std::uint64_t accepted() const { return accepted_; }

  void shut_down_all() {
    std::lock_guard guard(mutex_);
    closing_ = true;
    for (int socket : open_) shutdown(socket, SHUT_RD);  // a request in flight still gets its answer
  }

 private:
  bool process_and_close_socket(int socket) override {
    ++accepted_;
    {
      std::lock_guard guard(mutex_);
      open_.insert(socket);
      if (closing_) shutdown(socket, SHUT_RD);
    }
    {
      Connection connection(socket);
      current_connection = &connection;
      bool closed = false;
      while (!closed && connection.next())
        if (!process_request(connection, false, closed, nullptr) || connection.was_cut()) break;
      current_connection = nullptr;
    }
    std::lock_guard guard(mutex_);
    open_.erase(socket);
    shutdown(socket, SHUT_RDWR);
    close(socket);
    return true;
  }

  std::mutex mutex_;
  std::set<int> open_;
  bool closing_ = false;
  std::atomic<std::uint64_t> accepted_ = 0;
};

Request request_of(const httplib::Request& in, std::string body) {
  Request request;
  request.method = in.method;
  request.url = "http://" + in.get_header_value("Host") + in.target;
  for (const auto& [name, value] : in.headers) {
    const bool invented =
        name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" || name == "LOCAL_PORT";
    if (!invented) request.headers.push_back({name, value});
  }
  request.body = std::move(body);
  return request;
}

void answer(const HttpHandler& handler, const httplib::Request& in, std::string body, httplib::Response& out) {
  std::optional<Response> response = handler(request_of(in, std::move(body)));
  if (!response) {
    current_connection->cut();
    return;
  }
  out.status = response->status;
  for (Header& h : response->headers)
    if (std::string_view name = h.name; !name.starts_with("Content-Length")) out.headers.emplace(h.name, h.value);
  out.body = std::move(response->body);
}

}  // namespace

struct HttpServer::Impl {
  HttpHandler handler;
  HttpServerOptions options;
  Server server;
  int port = 0;
  std::jthread listener;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpHandler handler, HttpServerOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->handler = std::move(handler);
  impl->options = options;
  Server& server = impl->server;
  server.new_task_queue = [threads = options.threads] {
    return new httplib::ThreadPool(static_cast<std::size_t>(threads));
  };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(kKeepAlive);
  server.set_payload_max_length(options.body_limit);

  const std::string anything = R"([\s\S]*)";
  Impl* self = impl.get();
  const auto without_body = [self](const httplib::Request& in, httplib::Response& out) {
    answer(self->handler, in, "", out);
  };
  // With a content reader, because without one forms over 8 KiB are refused.
  const auto with_body = [self](const httplib::Request& in, httplib::Response& out,
                                const httplib::ContentReader& read) {
    std::string body;
    const bool whole = read([&](const char* data, std::size_t size) {
      body.append(data, size);
      return body.size() <= self->options.body_limit;
    });
    if (whole)
      answer(self->handler, in, std::move(body), out);
    else if (out.status < 400)
      out.status = 413;
  };
  server.Get(anything, without_body);
  server.Options(anything, without_body);
  server.Post(anything, with_body);
  server.Put(anything, with_body);
  server.Patch(anything, with_body);
  server.Delete(anything, with_body);

  if (options.port == 0)
    impl->port = server.bind_to_any_port(options.address);
  else
    impl->port = server.bind_to_port(options.address, options.port) ? options.port : -1;
  if (impl->port <= 0)
    return fail(Code::kIo, fmt::format("cannot listen on {}:{}", options.address, options.port),
                "Another program may hold the port; take another one, or 0 for any free one.");
  impl->listener = std::jthread([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { stop(); }

int HttpServer::port() const { return impl_->port; }
std::string HttpServer::url() const { return fmt::format("http://{}:{}", impl_->options.address, impl_->port); }
std::uint64_t HttpServer::connections() const { return impl_->server.accepted(); }

void HttpServer::stop() {
  if (!impl_->listener.joinable()) return;
  impl_->server.shut_down_all();
  impl_->server.stop();
  impl_->listener.join();
}

}  // namespace tombolo::net
