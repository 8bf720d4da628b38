// What the user wrote wrongly: a list, because all faults of a file are shown at once.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tombolo {

// Both 1-based, columns in characters of the line as an editor counts them; line 0: no position.
struct Position {
  int line = 0;
  int column = 0;
  bool known() const { return line > 0; }
  auto operator<=>(const Position&) const = default;
};

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string file;
  Position at;
  int length = 1;           // characters to underline
  std::string path;         // "mesh.members[1].address"; may be empty
  std::string message;      // what is wrong
  std::string hint;         // what to do next; may be empty
};

class Diagnostics {
 public:
  void add(Diagnostic d) { list_.push_back(std::move(d)); }
  bool has_errors() const;
  bool empty() const { return list_.empty(); }
  const std::vector<Diagnostic>& list() const { return list_; }
  void sort();  // by position, stable

  // The form of every message about a file:
  //   tombolo.yaml:14:9: <message>
  //     14 |     podCIDR: 10.42.0.0/16
  //        |              ^~~~~~~~~~~~
  //     <hint>
  // `text` is the file's content, from which the wrong line is shown.
  std::string render(std::string_view text) const;

 private:
  std::vector<Diagnostic> list_;
};

// The candidate nearest to `word` (edit distance with transpositions), or "" when none is near enough to suggest.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tombolo
