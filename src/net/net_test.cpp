// The transport and the server against each other, over loopback.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "net/curl_transport.hpp"
#include "net/http_server.hpp"

namespace tombolo::net {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
  auto server = HttpServer::start(std::move(handler), options);
  EXPECT_TRUE(server) << server.error().text();
  return std::move(*server);
}

Request post(const std::string& url, std::string body) {
  return {"POST", url, {{"Content-Type", "text/plain"}}, std::move(body), std::chrono::seconds(10)};
}

// Says what came, so that a test can look at all of it at once.
std::optional<Response> echo(const Request& request) {
  std::string text = request.method + " " + request.url + "\n";
  for (const Header& h : request.headers) text += h.name + "=" + h.value + "\n";
  return Response{200, {{"Content-Type", "text/plain"}, {"X-Two", "a b"}}, text + "\n" + request.body};
}

// A bare socket that accepts once and then does what the test says: for peers that misbehave below HTTP.
class RawPeer {
 public:
  explicit RawPeer(std::function<void(int)> behave) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, behave = std::move(behave)] {
      for (;;) {
        const int peer = accept(listener_, nullptr, nullptr);
        if (peer < 0) return;
        behave(peer);
        close(peer);
      }
    });
  }
  ~RawPeer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

// Reads until the body "payload" has come.
std::string read_message(int peer) {
  std::string text;
  char buffer[4096];
  while (text.find("payload") == std::string::npos) {
    const ssize_t n = recv(peer, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

void say(int peer, std::string_view text) { EXPECT_GT(send(peer, text.data(), text.size(), MSG_NOSIGNAL), 0); }

TEST(Transport, EverythingArrivesAsItWasSent) {
  auto server = serve(echo);
  CurlTransport transport;
  Request request{"PUT",
                  server->url() + "/a%20b/./c%2Bd//?x=%7E&y",
                  {{"X-Amz-Date", "20150830T123600Z"}},
                  std::string("body\0with zero", 14),
                  std::chrono::seconds(5)};
  auto answer = transport.send(request, {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(header(answer->headers, "x-two"), "a b");
  EXPECT_THAT(answer->body, HasSubstr("PUT " + request.url + "\n"));
  EXPECT_THAT(answer->body, HasSubstr("X-Amz-Date=20150830T123600Z\n"));
  EXPECT_THAT(answer->body, HasSubstr("\n\n" + request.body));
  for (const char* unasked : {"Accept", "User-Agent", "Expect", "Content-Type", "REMOTE_ADDR"})
    EXPECT_EQ(answer->body.find(unasked), std::string::npos) << unasked;
}

TEST(Transport, FormsAndBodiesOfManyKilobytesPass) {
  auto server = serve([](const Request& r) { return Response{200, {}, std::to_string(r.body.size())}; });
  CurlTransport transport;
  for (std::size_t size : {std::size_t{0}, std::size_t{20'000}, std::size_t{3'000'000}}) {
    Request request = post(server->url(), std::string(size, 'x'));
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    auto answer = transport.send(request, {});
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_EQ(answer->body, std::to_string(size));
  }
}

TEST(Transport, EveryStatusIsAValueAndRedirectsAreNotFollowed) {
  auto server = serve([](const Request& r) {
    return Response{r.url.ends_with("/away") ? 302 : 503, {{"Location", "http://127.0.0.1:1/"}}, "busy"};
  });
  CurlTransport transport;
  EXPECT_EQ(transport.send({"GET", server->url() + "/away", {}, "", std::chrono::seconds(5)}, {})->status, 302);
  EXPECT_EQ(transport.send({"GET", server->url() + "/", {}, "", std::chrono::seconds(5)}, {})->status, 503);
}

TEST(Transport, ConnectionsAreReusedByOneThreadAndSharedByMany) {
  auto server = serve(echo);
  CurlTransport transport;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(transport.send(post(server->url() + "/", "payload"), {}));
  EXPECT_EQ(transport.connections_opened(), 1u);
  EXPECT_EQ(server->connections(), 1u);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 25; ++i) EXPECT_TRUE(transport.send(post(server->url() + "/", "payload"), {}));
      });
  }
  EXPECT_LE(server->connections(), 4u);
  EXPECT_EQ(transport.connections_opened(), server->connections());
}

TEST(Transport, AnAnswerLostOnAReusedConnectionIsNotAskedForAgain) {
  std::atomic<int> seen = 0;
  RawPeer peer([&](int socket) {
    if (read_message(socket).empty()) return;  // a connection made for a repetition that then did not happen
    ++seen;
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (!read_message(socket).empty()) ++seen;  // and closes without a word
  });
  CurlTransport transport;
  ASSERT_TRUE(transport.send(post(peer.url(), "payload"), {}));
  auto second = transport.send(post(peer.url(), "payload"), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kTransient) << second.error().text();
  EXPECT_EQ(seen, 2);
}

TEST(Transport, AConnectionClosedWhileIdleIsReplacedSilently) {
  RawPeer peer([&](int socket) {
    read_message(socket);
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  CurlTransport transport;
  for (int i = 0; i < 3; ++i) {
    auto answer = transport.send(post(peer.url(), "payload"), {});
    // Whether the end of the connection is seen before or after sending is a race of the network; both are told truly.
    if (!answer) {
      EXPECT_EQ(answer.error().code(), Code::kTransient) << answer.error().text();
    }
  }
}

TEST(Transport, AConnectionCutByTheHandlerIsTransient) {
  auto server = serve([](const Request&) -> std::optional<Response> { return std::nullopt; });
  CurlTransport transport;
  auto answer = transport.send(post(server->url() + "/", "payload"), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTransient) << answer.error().text();
}

TEST(Transport, AnAnswerCutInTheMiddleIsTransient) {
  RawPeer peer([](int socket) {
    read_message(socket);
    say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  CurlTransport transport;
  auto answer = transport.send(post(peer.url(), "payload"), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTransient);
}

TEST(Transport, NobodyListeningIsUnreachable) {
  std::string url;
  {
    auto server = serve(echo);
    url = server->url();
  }
  CurlTransport transport;
  auto answer = transport.send(post(url + "/", "payload"), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnreachable) << answer.error().text();
}

TEST(Transport, AnUnknownNameIsUnreachable) {
  CurlTransport transport;
  auto answer = transport.send(post("http://name.invalid/", "payload"), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnreachable) << answer.error().text();
}

TEST(Transport, ASilentServerTimesOutAsTransient) {
  RawPeer peer([](int socket) {
    read_message(socket);
    char byte;
    (void)!recv(socket, &byte, 1, 0);  // until the client gives up
  });
  CurlTransport transport;
  Request request = post(peer.url(), "payload");
  request.timeout = std::chrono::milliseconds(80);
  auto answer = transport.send(request, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTransient) << answer.error().text();
}

TEST(Transport, AStopEndsAWaitingRequestAtOnce) {
  std::mutex mutex;
  std::condition_variable changed;
  bool arrived = false;
  RawPeer peer([&](int socket) {
    read_message(socket);
    {
      std::lock_guard guard(mutex);
      arrived = true;
    }
    changed.notify_all();
    char byte;
    (void)!recv(socket, &byte, 1, 0);
  });
  CurlTransport transport;
  std::stop_source stop;
  std::chrono::steady_clock::time_point asked;
  std::jthread user([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return arrived; });
    asked = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  auto answer = transport.send(post(peer.url(), "payload"), stop.get_token());
  const auto took = std::chrono::steady_clock::now() - asked;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCancelled);
  EXPECT_LT(took, std::chrono::milliseconds(900));  // curl itself looks up once a second
}

TEST(Transport, AfterAStopNothingIsSent) {
  auto server = serve(echo);
  CurlTransport transport;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(transport.send(post(server->url() + "/", "payload"), stop.get_token()).error().code(), Code::kCancelled);
  EXPECT_EQ(server->connections(), 0u);
}

TEST(Transport, AnAnswerLargerThanTheLimitIsRefused) {
  auto server = serve([](const Request&) { return Response{200, {}, std::string(100'000, 'x')}; });
  CurlTransport transport({"", 50'000, std::chrono::seconds(5)});
  auto answer = transport.send(post(server->url() + "/", "payload"), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCorrupt);
}

TEST(Transport, HeadersCannotSmuggleASecondMessage) {
  auto server = serve(echo);
  CurlTransport transport;
  Request request{"GET", server->url() + "/", {{"X-A", "1\r\nX-B: 2"}}, "", std::chrono::seconds(5)};
  EXPECT_EQ(transport.send(request, {}).error().code(), Code::kBadInput);
  EXPECT_EQ(transport.send({"GET", "file:///etc/passwd", {}, "", std::chrono::seconds(5)}, {}).error().code(),
            Code::kBadInput);
}

TEST(Transport, AProxyVariableDoesNotCatchLoopback) {
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  auto server = serve(echo);
  CurlTransport transport;
  auto answer = transport.send(post(server->url() + "/", "payload"), {});
  unsetenv("http_proxy");
  EXPECT_TRUE(answer) << answer.error().text();
}

TEST(HttpServer, BodiesOverTheLimitAreRefused) {
  HttpServerOptions options;
  options.body_limit = 1000;
  auto server = serve(echo, options);
  CurlTransport transport;
  auto answer = transport.send(post(server->url() + "/", std::string(2000, 'x')), {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 413);
}

TEST(HttpServer, ATakenPortIsSaid) {
  auto first = serve(echo);
  HttpServerOptions options;
  options.port = first->port();
  // SO_REUSEPORT lets two listeners of one user share a port on Linux, so this may succeed; it must never crash or hang.
  auto second = HttpServer::start(echo, options);
  if (!second) {
    EXPECT_EQ(second.error().code(), Code::kIo);
  }
}

TEST(HttpServer, StopsAtOnceWithIdleConnectionsOpen) {
  auto server = serve(echo);
  CurlTransport transport;
  ASSERT_TRUE(transport.send(post(server->url() + "/", "payload"), {}));
  const auto begin = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
}  // namespace tombolo::net
