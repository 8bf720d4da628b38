// The frames of exec and port-forward over WebSocket: a byte that names the channel, then its data. Pure.
// Source: k8s.io/apimachinery/pkg/util/remotecommand (v4.channel.k8s.io, v5.channel.k8s.io).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json.hpp"
#include "kube/error.hpp"

namespace tombolo::kube {

enum class Channel : std::uint8_t { kInput = 0, kOutput = 1, kErrors = 2, kStatus = 3, kResize = 4, kClose = 255 };

struct Frame {
  std::uint8_t channel = 0;
  std::string_view data;
};
// Nothing for a message without a channel.
std::optional<Frame> read_frame(std::string_view message);
std::string frame(std::uint8_t channel, std::string_view data);

// What the status channel of exec says at the end: the command's exit status, or why there was none.
Result<int> exit_status(std::string_view status_json, std::string_view doing);

}  // namespace tombolo::kube
