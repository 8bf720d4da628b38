#include "store/lock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "codec/json.hpp"

namespace tombolo::store {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Error taken(const StateFolder& folder, const std::optional<LockHolder>& holder) {
  const auto hint = [](std::string_view way_to_end) {
    return fmt::format(
        "Wait until it has ended, or stop it with {}; it finishes the calls in flight. Nothing has to be removed by "
        "hand.",
        way_to_end);
  };
  // The holder locks first and writes its name then: for a moment there is a lock without a name.
  if (!holder)
    return Error(Code::kLocked, fmt::format("another run of tombolo holds this cluster ({})", folder.lock()))
        .hint(hint("Ctrl-C in its terminal"));
  const bool here = holder->host == host_name();
  return Error(Code::kLocked, fmt::format("`tombolo {}` holds this cluster: process {}{}, since {}", holder->command,
                                          holder->pid, here ? "" : " on " + holder->host, format_time(holder->since)))
      .hint(hint(here ? fmt::format("`kill -INT {}`", holder->pid) : "Ctrl-C in its terminal"));
}

}  // namespace

Result<ClusterLock> ClusterLock::acquire(const StateFolder& folder, std::string_view command, Time now) {
  const codec::Json holder = codec::JsonObject{
      {"pid", ::getpid()}, {"since", format_time(now)}, {"command", std::string(command)}, {"host", host_name()}};
  auto lock = FileLock::acquire(folder.lock(), codec::to_text(holder) + "\n");
  if (lock) return ClusterLock(std::move(*lock));
  if (lock.error().code() != Code::kLocked) return fail(std::move(lock.error()));
  return fail(taken(folder, lock_holder(folder)));
}

std::optional<LockHolder> lock_holder(const StateFolder& folder) {
  const auto text = read_file(folder.lock(), 4096);
  if (!text || text->empty()) return {};
  const auto json = codec::parse_json(*text);
  if (!json) return {};
  const auto since = parse_time(codec::text_at(*json, "since"));
  const LockHolder holder{codec::number_at(*json, "pid"), since ? *since : Time{}, codec::text_at(*json, "command"),
                          codec::text_at(*json, "host")};
  // A killed holder leaves its name behind. On another machine only the file can be asked.
  if (holder.host == host_name() && ::access(fmt::format("/proc/{}", holder.pid).c_str(), F_OK) != 0) return {};
  return holder;
}

}  // namespace tombolo::store
