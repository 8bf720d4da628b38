// Values that must not be seen: print as ***, are wiped when they die, and are read only by an explicit expose().
#pragma once
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <ostream>
#include <string>

#include "base/bytes.hpp"

namespace tombolo {

// Overwrites memory in a way the optimizer keeps (explicit_bzero).
inline void wipe(void* data, std::size_t size) {
  if (size) explicit_bzero(data, size);
}

// T is a contiguous container of bytes or chars: std::string, Bytes, std::array<Byte, N>.
template <class T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(T value) : value_(std::move(value)) { clear(value); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { clear(other.value_); }
  Secret& operator=(Secret other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Secret() { clear(value_); }

  const T& expose() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  // A short std::string keeps its characters after it was moved from, beyond its new size: the whole capacity is wiped.
  static void clear(T& value) {
    if constexpr (requires { value.resize(value.capacity()); }) value.resize(value.capacity());
    wipe(value.data(), value.size() * sizeof(*value.data()));
    if constexpr (requires { value.clear(); }) value.clear();
  }
  T value_{};
};

template <class T>
std::ostream& operator<<(std::ostream& out, const Secret<T>&) {
  return out << "***";
}

}  // namespace tombolo

template <class T>
struct fmt::formatter<tombolo::Secret<T>> : fmt::formatter<std::string_view> {
  auto format(const tombolo::Secret<T>&, fmt::format_context& ctx) const {
    return fmt::formatter<std::string_view>::format("***", ctx);
  }
};
