// Text tables: columns aligned by what a terminal shows, not by bytes. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tombolo::cli {

// Columns a terminal gives to UTF-8 text: 0 for combining marks, controls and colour sequences (ESC [ ... m), 2 for
// East Asian wide characters and emoji (Unicode 15, UAX #11), 1 for the rest. Bytes that are not UTF-8 count 1 each.
int display_width(std::string_view text);

// `text` with blanks on the right (or left) up to `width` columns.
std::string pad_right(std::string_view text, int width);
std::string pad_left(std::string_view text, int width);

// At most `width` columns of `text`, with "..." at the end when something was cut off. `text` holds no colour sequences.
std::string cut(std::string_view text, int width);

// What somebody else wrote, made safe for a terminal: control characters other than a new line become blanks.
std::string printable(std::string_view text);

// Breaks at blanks so that no line is wider than `width`; words that are wider stay whole.
std::vector<std::string> wrap(std::string_view text, int width);

enum class Align { kLeft, kRight };

class Table {
 public:
  // No header line is drawn when every header is "".
  explicit Table(std::vector<std::string> headers, std::vector<Align> alignment = {});
  void add(std::vector<std::string> cells);  // missing cells are empty
  bool empty() const { return rows_.empty(); }
  // Two blanks between columns, `indent` blanks before the first, no blanks at the end of a line.
  std::string render(int indent = 0) const;

 private:
  std::vector<std::string> headers_;
  std::vector<Align> alignment_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tombolo::cli
