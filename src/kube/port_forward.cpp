#include "kube/port_forward.hpp"

#include <fmt/format.h>

#include "kube/channels.hpp"
#include "kube/streaming.hpp"

namespace tombolo::kube {
namespace {

constexpr const char* kPortForwardProtocol = "v4.channel.k8s.io";
constexpr std::uint8_t kData = 0;  // two channels for each port asked for, and we ask for one
constexpr std::uint8_t kErrors = 1;
constexpr std::size_t kPort = 2;  // each channel begins with the port in two bytes

class Stream final : public PortStream {
 public:
  Stream(std::unique_ptr<net::WebSocket> socket, std::string doing)
      : socket_(std::move(socket)), doing_(std::move(doing)) {}

  Result<std::string> read(const std::stop_token& stop) override {
    for (;;) {
      auto message = TRY(context(socket_->read(stop), doing_));
      if (message.closed) return std::string();
      auto got = read_frame(message.data);
      if (!got || got->channel > kErrors) continue;
      std::size_t& greeting = greetings_[got->channel];
      const std::size_t skipped = std::min(greeting, got->data.size());
      greeting -= skipped;
      const std::string_view data = got->data.substr(skipped);
      if (data.empty()) continue;
      if (got->channel == kErrors) return fail(Code::kUnreachable, fmt::format("{}: {}", doing_, data));
      return std::string(data);
    }
  }

  Result<> write(std::string_view data, const std::stop_token& stop) override {
    return context(socket_->write(frame(kData, data), stop), doing_);
  }

 private:
  std::unique_ptr<net::WebSocket> socket_;
  std::string doing_;
  std::size_t greetings_[2] = {kPort, kPort};
};

}  // namespace

Result<std::unique_ptr<PortStream>> open_port(Client& client, const ObjectName& pod, std::uint16_t port,
                                              const std::stop_token& stop) {
  const Call call{.doing = fmt::format("connecting to port {} of {}", port, pod.text()),
                  .path = pod.path("portforward"),
                  .query = {{"ports", std::to_string(port)}}};
  auto socket = TRY(open_stream(client, call, {kPortForwardProtocol}, stop));
  return std::make_unique<Stream>(std::move(socket), call.doing);
}

}  // namespace tombolo::kube
