// Files, as somebody who keeps keys must treat them: written whole or not at all, private from the first byte.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tombolo {

inline constexpr unsigned kPrivateFile = 0600;
inline constexpr unsigned kPublicFile = 0644;

// Errors: kNotFound, kIo (with the path and errno's words), kBadInput when larger than `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit = 32u << 20);
// A temporary beside it, fsync, rename, fsync of the folder. Errors: kIo; a hint names a full disk or a read-only folder.
Result<> write_file(const std::string& path, std::string_view content, unsigned mode);
// As write_file, but kDuplicate when something is there already.
Result<> create_file(const std::string& path, std::string_view content, unsigned mode);
// 0700, with parents; tightens an existing folder of ours that is wider. Errors: kIo; kBadInput for a folder that
// belongs to everybody (/tmp) or to somebody else who leaves it open.
Result<> make_private_folder(const std::string& path);
bool file_exists(const std::string& path);
Result<> remove_file(const std::string& path);  // absent is success

// Holds flock(LOCK_EX) on a file for its lifetime; the kernel lets go when the process ends, however it ends.
class FileLock {
 public:
  // `holder` is written into the file, for whoever finds the lock taken; "" writes "pid <our pid>".
  // Errors: kLocked (with what the holder wrote; at once, it never waits), kIo.
  static Result<FileLock> acquire(const std::string& path, std::string_view holder = "");
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace tombolo
