// A file descriptor that closes itself.
#pragma once
#include <unistd.h>

#include <utility>

namespace tombolo {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }  // -1 when there is none
  bool is_open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  // False (with errno) when the system could not keep what was written.
  bool close() { return fd_ < 0 || ::close(release()) == 0; }

 private:
  int fd_;
};

}  // namespace tombolo
