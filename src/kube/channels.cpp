#include "kube/channels.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tombolo::kube {

std::optional<Frame> read_frame(std::string_view message) {
  if (message.empty()) return std::nullopt;
  return Frame{static_cast<std::uint8_t>(message.front()), message.substr(1)};
}

std::string frame(std::uint8_t channel, std::string_view data) {
  std::string out(1, static_cast<char>(channel));
  return out.append(data);
}

Result<int> exit_status(std::string_view status_json, std::string_view doing) {
  auto json = codec::parse_json(status_json);
  // A kubelet writes its Status here without apiVersion and kind: {"metadata":{},"status":"Success"}.
  if (json && json->is_object() && !codec::text_at(*json, "status").empty()) json->get_object()["kind"] = "Status";
  const auto status = json ? read_status(*json) : std::nullopt;
  if (!status) return fail(Code::kCorrupt, fmt::format("{}: the end of the command cannot be read", doing));
  if (codec::text_at(*json, "status") == "Success") return 0;
  if (status->reason == "NonZeroExitCode")
    for (const StatusCause& cause : status->causes) {
      int code = 0;
      const char* end = cause.message.data() + cause.message.size();
      if (cause.reason == "ExitCode" && std::from_chars(cause.message.data(), end, code).ptr == end) return code;
    }
  if (status->message.find("executable file not found") != std::string::npos)  // comes as an InternalError
    return fail(Error(Code::kNotFound, fmt::format("{}: the container has no such program", doing))
                    .from({status->reason, status->code, ""}));
  return fail(error_of(*status, doing));
}

}  // namespace tombolo::kube
