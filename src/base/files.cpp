#include "base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/descriptor.hpp"

namespace tombolo {
namespace {

std::string hint_for(int error, const std::string& path) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return fmt::format("The disk that holds {} is full. Make room there and run the same command again.", path);
    case EROFS: return "That file system is mounted read-only. Remount it, or choose another folder.";
    case EACCES:
    case EPERM: return fmt::format("Look at the owner and the permissions: ls -ld {}", path);
    case EFBIG: return "A limit on file sizes stands in the way; see `ulimit -f`.";
    default: return "";
  }
}

tl::unexpected<Error> io_error(int error, const std::string& doing, const std::string& path) {
  return fail(Code::kIo, fmt::format("{} {}: {}", doing, path, std::strerror(error)), hint_for(error, path));
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Result<> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error(errno, "cannot write", path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// Makes a new name last: without it a power cut may leave the folder as it was before.
Result<> sync_folder(const std::string& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return io_error(errno, "cannot open the folder", path);
  // Some network file systems do not know fsync of a folder and say EINVAL; they order names themselves.
  if (::fsync(folder.get()) != 0 && errno != EINVAL) return io_error(errno, "cannot write the folder", path);
  return {};
}

// The content, whole and on the disk, under a temporary name beside `path`.
Result<std::string> write_temporary(const std::string& path, std::string_view content, unsigned mode) {
  const std::filesystem::path target(path);
  std::string name = (std::filesystem::path(folder_of(path)) / ("." + target.filename().string() + ".XXXXXX")).string();
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));  // 0600 from the first byte
  if (!file.is_open()) return io_error(errno, "cannot create a file in", folder_of(path));
  auto written = write_all(file.get(), content, path);
  if (written && ::fchmod(file.get(), mode) != 0) written = io_error(errno, "cannot set the permissions of", path);
  if (written && ::fsync(file.get()) != 0) written = io_error(errno, "cannot write", path);
  if (!file.close() && written) written = io_error(errno, "cannot write", path);
  if (!written) {
    ::unlink(name.c_str());
    return fail(std::move(written.error()));
  }
  return name;
}

// rename() that never replaces. File systems without RENAME_NOREPLACE have hard links, which do not replace either.
int rename_to_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

std::string first_line(int fd) {
  char text[256];
  const ssize_t n = ::pread(fd, text, sizeof(text), 0);
  const std::string_view all(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  return std::string(all.substr(0, all.find('\n')));
}

Result<> tighten(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return io_error(errno, "cannot look at", path);
  if (!S_ISDIR(found.st_mode))
    return fail(Code::kIo, path + " is not a folder", "Move that file away, or choose another folder.");
  if ((found.st_mode & 077) == 0) return {};
  if (found.st_mode & S_ISVTX)
    return fail(Code::kBadInput, path + " is shared by everybody on this machine",
                "Keys need a folder of their own: choose one inside it.");
  if (found.st_uid != ::geteuid())
    return fail(Code::kBadInput,
                fmt::format("{} belongs to another user (uid {}) and is open to others", path, found.st_uid),
                "Keys need a folder of your own: choose another one.");
  if (::chmod(path.c_str(), 0700) != 0) return io_error(errno, "cannot set the permissions of", path);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR))
    return fail(Code::kNotFound, fmt::format("there is no file {}", path));
  if (!file.is_open()) return io_error(errno, "cannot read", path);
  std::string content;
  struct stat found{};
  // One allocation for a plain file: a key that is read leaves no copies behind in freed memory.
  if (::fstat(file.get(), &found) == 0 && found.st_size > 0)
    content.reserve(std::min(static_cast<std::size_t>(found.st_size), limit) + 1);
  while (true) {
    const std::size_t have = content.size();
    const std::size_t room = content.capacity() > have ? content.capacity() - have : std::max<std::size_t>(have, 4096);
    content.resize(have + room);
    const ssize_t n = ::read(file.get(), content.data() + have, room);
    const int error = errno;
    content.resize(have + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n < 0 && error == EINTR) continue;
    if (n < 0) return io_error(error, "cannot read", path);
    if (n == 0) return content;
    if (content.size() > limit) return fail(Code::kBadInput, fmt::format("{} is larger than {} bytes", path, limit));
  }
}

Result<> write_file(const std::string& path, std::string_view content, unsigned mode) {
  const auto temporary = TRY(write_temporary(path, content, mode));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return io_error(error, "cannot write", path);
  }
  return sync_folder(folder_of(path));
}

Result<> create_file(const std::string& path, std::string_view content, unsigned mode) {
  if (file_exists(path)) return fail(Code::kDuplicate, fmt::format("{} is there already", path));
  const auto temporary = TRY(write_temporary(path, content, mode));
  if (const int error = rename_to_new(temporary, path)) {
    ::unlink(temporary.c_str());
    if (error == EEXIST) return fail(Code::kDuplicate, fmt::format("{} is there already", path));
    return io_error(error, "cannot write", path);
  }
  return sync_folder(folder_of(path));
}

Result<> make_private_folder(const std::string& path) {
  std::filesystem::path so_far;
  for (const auto& part : std::filesystem::path(path)) {
    so_far /= part;
    const int error = ::mkdir(so_far.c_str(), 0700) == 0 ? 0 : errno;
    if (error == 0)
      TRY(sync_folder(folder_of(so_far.string())));
    else if (!file_exists(so_far.string()))
      return io_error(error, "cannot create the folder", so_far.string());
  }
  return tighten(path);
}

bool file_exists(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0;
}

Result<> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return sync_folder(folder_of(path));
  if (errno == ENOENT) return {};
  return io_error(errno, "cannot remove", path);
}

Result<FileLock> FileLock::acquire(const std::string& path, std::string_view holder) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile));
  if (!file.is_open()) return io_error(errno, "cannot open the lock", path);
  int taken = 0;
  while ((taken = ::flock(file.get(), LOCK_EX | LOCK_NB)) != 0 && errno == EINTR) {}
  if (taken != 0 && errno != EWOULDBLOCK) return io_error(errno, "cannot lock", path);
  if (taken != 0) {
    const auto said = first_line(file.get());
    return fail(Code::kLocked, said.empty() ? fmt::format("{} is locked by another process", path)
                                            : fmt::format("{} is locked by another process ({})", path, said));
  }
  const auto text = holder.empty() ? fmt::format("pid {}\n", ::getpid()) : std::string(holder);
  if (::ftruncate(file.get(), 0) != 0) return io_error(errno, "cannot write", path);
  TRY(write_all(file.get(), text, path));
  return FileLock(file.release());
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ < 0) return;
  // The file stays (removing it would race with the next holder); its text would name a process that is gone.
  if (::ftruncate(fd_, 0) != 0) errno = 0;
  ::close(fd_);
}

}  // namespace tombolo
