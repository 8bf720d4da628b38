// One run at a time for each cluster. The lock is the kernel's (flock on .tombolo/lock), so it cannot be left behind.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "store/state_folder.hpp"

namespace tombolo::store {

struct LockHolder {
  std::int64_t pid = 0;
  Time since{};
  std::string command;  // "up", "down"
  std::string host;     // the machine it runs on: state folders may lie on shared disks
};

class ClusterLock {
 public:
  // Errors: kLocked (which process, since when, which command, what to do); kIo.
  static Result<ClusterLock> acquire(const StateFolder& folder, std::string_view command, Time now);

 private:
  explicit ClusterLock(FileLock lock) : lock_(std::move(lock)) {}
  FileLock lock_;
};

// Who says that it holds the lock; nothing when nobody does. For `status`; it does not disturb the holder.
std::optional<LockHolder> lock_holder(const StateFolder& folder);

}  // namespace tombolo::store
