// Answers that come piece by piece, and connections that go elsewhere than the URL says, over loopback.
#include <gmock/gmock.h>

#include "net/curl_transport.hpp"
#include "net/http_server.hpp"

namespace tombolo::net {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<HttpServer> serving(HttpHandler handler) {
  auto server = HttpServer::start(std::move(handler));
  EXPECT_TRUE(server) << server.error().text();
  return std::move(*server);
}

Request get(std::string url) { return {"GET", std::move(url), {}, "", std::chrono::seconds(10)}; }

TEST(Stream, ABodyComesInPiecesAndIsNotKept) {
  const std::string body(300'000, 'x');
  const auto server = serving([&](const Request&) { return Response{200, {{"X-Kind", "long"}}, body}; });
  CurlTransport transport({"", 1000, std::chrono::seconds(5)});  // the limit is for what is kept
  std::string got;
  int pieces = 0;
  const BodySink sink = [&](std::string_view piece) {
    got += piece;
    ++pieces;
    return true;
  };
  const auto answer = transport.stream(get(server->url() + "/"), sink, {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(got, body);
  EXPECT_GT(pieces, 1);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(header(answer->headers, "x-kind"), "long");
}

TEST(Stream, ARefusalIsCollectedAndTheSinkSeesNothing) {
  const auto server = serving([](const Request&) { return Response{410, {}, "gone"}; });
  CurlTransport transport;
  const BodySink sink = [](std::string_view piece) {
    ADD_FAILURE() << piece;
    return true;
  };
  const auto answer = transport.stream(get(server->url() + "/"), sink, {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 410);
  EXPECT_EQ(answer->body, "gone");
}

TEST(Stream, EndsWhenTheSinkHasEnoughAndTheTransportWorksOn) {
  const auto server = serving([](const Request&) { return Response{200, {}, std::string(1'000'000, 'x')}; });
  CurlTransport transport;
  int pieces = 0;
  const BodySink sink = [&](std::string_view) { return ++pieces < 2; };
  const auto answer = transport.stream(get(server->url() + "/"), sink, {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(pieces, 2);
  const auto next = transport.send(get(server->url() + "/"), {});
  ASSERT_TRUE(next) << next.error().text();
  EXPECT_EQ(next->body.size(), 1'000'000u);
}

TEST(Stream, AStopEndsIt) {
  const auto server = serving([](const Request&) { return Response{200, {}, std::string(1'000'000, 'x')}; });
  CurlTransport transport;
  std::stop_source stop;
  const BodySink sink = [&](std::string_view) { return stop.request_stop(), true; };
  const auto answer = transport.stream(get(server->url() + "/"), sink, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kCancelled);
}

TEST(Elsewhere, AConnectionGoesWhereItIsToldAndTheUrlStaysWhatItIs) {
  const auto server = serving([](const Request& request) { return Response{200, {}, request.url}; });
  CurlOptions options;
  options.connect_to = "127.0.0.1:" + std::to_string(server->port());
  CurlTransport transport(options);
  const auto answer = transport.send(get("http://kubernetes.invalid:6443/healthz"), {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->body, "http://kubernetes.invalid:6443/healthz");
}

TEST(Elsewhere, ANamedProxyIsUsedForLoopbackToo) {
  const auto proxy =
      serving([](const Request& request) { return Response{200, {}, "by way of the proxy: " + request.url}; });
  CurlOptions options;
  options.proxy = proxy->url();
  CurlTransport transport(options);
  const auto answer = transport.send(get("http://127.0.0.1:9/version"), {});
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_THAT(answer->body, HasSubstr("by way of the proxy"));
}

TEST(Elsewhere, AProxyThatRefusesTheTunnelMeansThatNothingWasSent) {
  const auto proxy = serving([](const Request&) { return Response{502, {}, "<html>no</html>"}; });
  CurlOptions options;
  options.proxy = proxy->url();
  CurlTransport transport(options);
  const auto answer = transport.send(get("https://127.0.0.1:9/version"), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnreachable) << answer.error().text();
}

}  // namespace
}  // namespace tombolo::net
