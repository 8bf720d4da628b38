// Pieces of a stream, put together to lines: a watch's events, a log's lines. Pure.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tombolo::kube {

class Lines {
 public:
  // Bytes of one line; etcd takes no object of more than 1.5 MiB, and JSON makes it a few times larger.
  static constexpr std::size_t kLongest = std::size_t{16} << 20;

  // Calls `each` for every line that `piece` completes, without its line feed. False when `each` said so, or after a line
  // that is too long.
  bool add(std::string_view piece, const std::function<bool(std::string_view)>& each) {
    for (std::size_t end; (end = piece.find('\n')) != piece.npos; piece.remove_prefix(end + 1)) {
      if (rest_.empty()) {
        if (!each(piece.substr(0, end))) return false;
        continue;
      }
      rest_.append(piece.substr(0, end));
      const std::string line = std::move(rest_);
      rest_.clear();
      if (!each(line)) return false;
    }
    rest_.append(piece);
    return !overflown();
  }
  bool overflown() const { return rest_.size() > kLongest; }
  const std::string& rest() const { return rest_; }  // what has no line feed yet

 private:
  std::string rest_;
};

}  // namespace tombolo::kube
