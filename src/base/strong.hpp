// Text that must not be mixed up with other text: ids, addresses, tokens. Same cost as a string.
#pragma once
#include <compare>
#include <functional>
#include <ostream>
#include <string>

#include <fmt/format.h>

namespace tombolo {

template <class Tag>
class Strong {
 public:
  Strong() = default;
  explicit Strong(std::string value) : value_(std::move(value)) {}
  const std::string& text() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const Strong&) const = default;

 private:
  std::string value_;
};

template <class Tag>
std::ostream& operator<<(std::ostream& out, const Strong<Tag>& id) {
  return out << id.text();
}

}  // namespace tombolo

template <class Tag>
struct std::hash<tombolo::Strong<Tag>> {
  std::size_t operator()(const tombolo::Strong<Tag>& id) const { return std::hash<std::string>()(id.text()); }
};

template <class Tag>
struct fmt::formatter<tombolo::Strong<Tag>> : fmt::formatter<std::string_view> {
  auto format(const tombolo::Strong<Tag>& id, fmt::format_context& ctx) const {
    return fmt::formatter<std::string_view>::format(id.text(), ctx);
  }
};
