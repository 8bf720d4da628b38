#include "kube/exec.hpp"

#include <fmt/format.h>

#include <thread>

#include "kube/channels.hpp"
#include "kube/streaming.hpp"

namespace tombolo::kube {
namespace {

constexpr const char* kV5 = "v5.channel.k8s.io";
constexpr const char* kV4 = "v4.channel.k8s.io";

std::uint8_t number(Channel channel) { return static_cast<std::uint8_t>(channel); }

// Carries standard input until its end, a stop, or the end of the connection (which the other direction tells).
void carry_input(net::WebSocket& socket, const ExecStreams& streams, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::string piece = streams.input(stop);
    if (piece.empty()) break;
    if (!socket.write(frame(number(Channel::kInput), piece), stop)) return;
  }
  if (!stop.stop_requested() && socket.protocol() == kV5)
    (void)socket.write(frame(number(Channel::kClose), std::string(1, '\0')), stop);
}

}  // namespace

Result<int> exec(Client& client, const ObjectName& pod, const ExecOptions& options, const ExecStreams& streams,
                 const std::stop_token& stop) {
  Call call{
      .doing = fmt::format("running {} in {}", options.command.empty() ? "" : options.command.front(), pod.text()),
      .path = pod.path("exec")};
  if (!options.container.empty()) call.query.emplace_back("container", options.container);
  for (const auto& word : options.command) call.query.emplace_back("command", word);
  call.query.emplace_back("stdout", "true");
  if (!options.terminal) call.query.emplace_back("stderr", "true");
  if (streams.input) call.query.emplace_back("stdin", "true");
  if (options.terminal) call.query.emplace_back("tty", "true");
  const auto socket = TRY(open_stream(client, call, {kV5, kV4}, stop));

  std::stop_source over;
  std::stop_callback pass_on(stop, [&] { over.request_stop(); });
  std::jthread input;
  if (streams.input) input = std::jthread([&, token = over.get_token()] { carry_input(*socket, streams, token); });
  // Whatever way we leave, the other thread is told first and joined by its destructor.
  struct Ender {
    std::stop_source& over;
    ~Ender() { over.request_stop(); }
  } ender{over};

  std::optional<std::string> status;
  for (;;) {
    const auto message = TRY(context(socket->read(stop), call.doing));
    if (message.closed) break;
    const auto got = read_frame(message.data);
    if (!got || got->data.empty()) continue;  // servers greet with an empty frame on every channel
    bool go_on = true;
    if (got->channel == number(Channel::kOutput) && streams.output) go_on = streams.output(got->data);
    if (got->channel == number(Channel::kErrors) && streams.errors) go_on = streams.errors(got->data);
    if (got->channel == number(Channel::kStatus)) status = std::string(got->data);
    if (!go_on) return fail(Code::kCancelled, fmt::format("{}: nobody wants the output any more", call.doing));
  }
  if (!status)
    return fail(Code::kTransient,
                fmt::format("{}: the connection broke before the end of the command was told", call.doing));
  return exit_status(*status, call.doing);
}

Result<ExecResult> run(Client& client, const ObjectName& pod, const ExecOptions& options, const std::stop_token& stop,
                       std::size_t limit) {
  ExecResult out;
  bool too_much = false;
  const auto keep = [&](std::string& text) {
    return [&](std::string_view piece) {
      too_much = text.size() + piece.size() > limit;
      if (!too_much) text += piece;
      return !too_much;
    };
  };
  auto status = exec(client, pod, options, {keep(out.out), keep(out.err), nullptr}, stop);
  if (too_much)
    return fail(Code::kBroken, fmt::format("the command in {} writes more than {} bytes", pod.text(), limit));
  if (!status) return fail(std::move(status.error()));
  out.status = *status;
  return out;
}

}  // namespace tombolo::kube
