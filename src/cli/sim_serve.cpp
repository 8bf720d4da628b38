// tombolo sim serve: the simulated AWS as an HTTP server, for programs that are not ours.
#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <ostream>

#include "cli/commands.hpp"
#include "net/http_server.hpp"
#include "sim/control.hpp"
#include "sim/site.hpp"

namespace tombolo::cli {
namespace {

template <class Number>
Result<Number> number(const Invocation& call, const std::string& option, Number least, Number most) {
  const auto text = call.args.value(option);
  Number value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return fail(Code::kBadInput,
                fmt::format("{} must be a number from {} to {}, not \"{}\"", option, least, most, text));
  }
  return value;
}

Result<sim::Options> site_options(const Invocation& call) {
  sim::Options options;
  options.seed = TRY(number<std::uint64_t>(call, "--seed", 0, UINT64_MAX));
  options.latency = call.args.value("--latency") == "real" ? sim::Latency::kReal : sim::Latency::kNone;
  options.throttling = !call.args.flag("--no-throttling");
  const auto scale = TRY(number<double>(call, "--time-scale", 0.01, 1e6));
  options.times = options.times.faster(scale);
  return options;
}

Result<Exit> run_sim_serve(Invocation& call) {
  RealClock clock;
  sim::Site site(clock, TRY(site_options(call)));
  const auto handler = [&](const net::Request& request) -> std::optional<net::Response> {
    if (auto answer = sim::control(site, request)) return answer;
    auto reply = site.answer(request);
    if (!clock.sleep_for(reply.latency, call.stop) || reply.cut) return std::nullopt;
    return reply.response;
  };
  net::HttpServerOptions server_options;
  server_options.port = TRY(number<int>(call, "--port", 0, 65535));
  auto server = TRY(net::HttpServer::start(handler, server_options));
  const codec::JsonObject facts{{"endpoint", server->url()},
                                {"region", "us-east-1"},
                                {"access_key_id", sim::kAccessKeyId},
                                {"secret_access_key", sim::kSecretAccessKey}};
  call.console.out << codec::to_text(facts) << std::endl;
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait(lock, call.stop, [] { return false; });
  server->stop();
  return Exit::kDone;
}

}  // namespace

Command make_sim_serve() {
  Command command;
  command.path = "sim serve";
  command.summary = "Run the simulated AWS as an HTTP server on a loopback address";
  command.description =
      "Serves EC2, STS, SSM and Service Quotas on 127.0.0.1 for any program that can be given an endpoint: the aws "
      "CLI, boto3, terraform. "
      "Requests must be signed with the keys it prints, which open nothing anywhere else. Machines take as long as "
      "they do on AWS to start "
      "and to end, unless --time-scale makes time run faster for them. Everything lives in memory and is gone when the "
      "server ends.\n\n"
      "The first line of output is one JSON object: endpoint, region, access_key_id, secret_access_key. Test programs "
      "can make bad weather "
      "with POST /_sim/fault, /_sim/shortage, /_sim/quota and others; GET /_sim/log tells what was asked. Ctrl-C ends "
      "the server.";
  command.example =
      "tombolo sim serve --port 4566 --time-scale 10 &\n"
      "export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1\n"
      "export AWS_ACCESS_KEY_ID=AKIDSIMULATED0000001 AWS_SECRET_ACCESS_KEY=simulated-secret-for-the-simulated-site0\n"
      "aws ec2 describe-vpcs";
  command.options = {
      {.names = "--port",
       .value = "PORT",
       .help = "Port on 127.0.0.1; 0 takes a free one",
       .fallback = "0",
       .choices = {}},
      {.names = "--seed",
       .value = "NUMBER",
       .help = "Same seed and same calls: same ids and times",
       .fallback = "1",
       .choices = {}},
      {.names = "--time-scale",
       .value = "FACTOR",
       .help = "Machines start and end this many times faster",
       .fallback = "1",
       .choices = {}},
      {.names = "--latency",
       .value = "KIND",
       .help = "How long an answer takes",
       .fallback = "none",
       .choices = {"none", "real"}},
      {.names = "--no-throttling",
       .value = "",
       .help = "Never answer RequestLimitExceeded",
       .fallback = "",
       .choices = {}},
  };
  command.run = run_sim_serve;
  return command;
}

}  // namespace tombolo::cli
