#include "cli/table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tombolo::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Combining marks and other characters that take no column (Unicode 15: Mn, Me, Cf, of the scripts names are written in).
constexpr std::array kZeroWidth = {
    Range{0x0300, 0x036F},   Range{0x0483, 0x0489},   Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F},   Range{0x0900, 0x0902},   Range{0x093C, 0x093C}, Range{0x0941, 0x0948},
    Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A},   Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF},   Range{0x200B, 0x200F},   Range{0x202A, 0x202E}, Range{0x2060, 0x2064},
    Range{0x20D0, 0x20FF},   Range{0xFE00, 0xFE0F},   Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF},
    Range{0x1F3FB, 0x1F3FF}, Range{0xE0100, 0xE01EF},
};

// East Asian Wide and Fullwidth, and emoji (UAX #11, Unicode 15), joined into blocks.
constexpr std::array kDoubleWidth = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},   Range{0x23E9, 0x23EC},
    Range{0x23F0, 0x23F0},   Range{0x23F3, 0x23F3},   Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},
    Range{0x2648, 0x2653},   Range{0x267F, 0x267F},   Range{0x2693, 0x2693},   Range{0x26A1, 0x26A1},
    Range{0x26AA, 0x26AB},   Range{0x26BD, 0x26BE},   Range{0x26C4, 0x26C5},   Range{0x26CE, 0x26CE},
    Range{0x26D4, 0x26D4},   Range{0x26EA, 0x26EA},   Range{0x26F2, 0x26F3},   Range{0x26F5, 0x26F5},
    Range{0x26FA, 0x26FA},   Range{0x26FD, 0x26FD},   Range{0x2705, 0x2705},   Range{0x270A, 0x270B},
    Range{0x2728, 0x2728},   Range{0x274C, 0x274C},   Range{0x274E, 0x274E},   Range{0x2753, 0x2755},
    Range{0x2757, 0x2757},   Range{0x2795, 0x2797},   Range{0x27B0, 0x27B0},   Range{0x27BF, 0x27BF},
    Range{0x2B1B, 0x2B1C},   Range{0x2B50, 0x2B50},   Range{0x2B55, 0x2B55},   Range{0x2E80, 0x303E},
    Range{0x3041, 0x33FF},   Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
    Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE30, 0xFE6F},
    Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F004, 0x1F004}, Range{0x1F0CF, 0x1F0CF},
    Range{0x1F18E, 0x1F18E}, Range{0x1F191, 0x1F19A}, Range{0x1F200, 0x1F320}, Range{0x1F32D, 0x1F335},
    Range{0x1F337, 0x1F37C}, Range{0x1F37E, 0x1F393}, Range{0x1F3A0, 0x1F3CA}, Range{0x1F3E0, 0x1F3F0},
    Range{0x1F400, 0x1F43E}, Range{0x1F440, 0x1F440}, Range{0x1F442, 0x1F4FC}, Range{0x1F4FF, 0x1F53D},
    Range{0x1F54B, 0x1F567}, Range{0x1F5FB, 0x1F64F}, Range{0x1F680, 0x1F6C5}, Range{0x1F6CC, 0x1F6CC},
    Range{0x1F6D0, 0x1F6D7}, Range{0x1F6EB, 0x1F6FC}, Range{0x1F7E0, 0x1F7EB}, Range{0x1F90C, 0x1F9FF},
    Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD},
};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t c) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t x, const Range& r) { return x < r.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

int width_of(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0) || in(kZeroWidth, c)) return 0;
  return in(kDoubleWidth, c) ? 2 : 1;
}

// Takes one character off the front of `text`. A byte that begins no valid UTF-8 is taken alone, as U+FFFD (width 1).
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  std::size_t length = 1;
  char32_t c = lead;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    c = lead & 0x1Fu;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    c = lead & 0x0Fu;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    c = lead & 0x07u;
  } else if (lead >= 0x80)
    c = 0xFFFD;
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    if ((next & 0xC0u) != 0x80u) {
      text.remove_prefix(1);
      return 0xFFFD;
    }
    c = (c << 6) | (next & 0x3Fu);
  }
  text.remove_prefix(length);
  return c;
}

// ESC [ ... letter: how a terminal is told a colour.
bool take_colour_sequence(std::string_view& text) {
  if (!text.starts_with("\x1b[")) return false;
  const auto end = text.find_first_not_of("0123456789;", 2);
  if (end == std::string_view::npos) return false;
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    if (!take_colour_sequence(text)) width += width_of(take_character(text));
  }
  return width;
}

std::string pad_right(std::string_view text, int width) {
  return std::string(text) + std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
}

std::string pad_left(std::string_view text, int width) {
  return std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ') + std::string(text);
}

std::string cut(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  const int room = std::max(0, width - 3);
  auto rest = text;
  int used = 0;
  while (!rest.empty()) {
    auto after = rest;
    used += width_of(take_character(after));
    if (used > room) break;
    rest = after;
  }
  return std::string(text.substr(0, text.size() - rest.size())) +
         std::string(static_cast<std::size_t>(std::min(3, width)), '.');
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto before = text;
    const auto c = take_character(text);
    const bool control = (c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0);
    if (control)
      result += ' ';
    else
      result += before.substr(0, before.size() - text.size());
  }
  return result;
}

std::vector<std::string> wrap(std::string_view text, int width) {
  std::vector<std::string> lines;
  std::string line;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    if (text.empty()) break;
    const auto word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(word.size());
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

Table::Table(std::vector<std::string> headers, std::vector<Align> alignment)
    : headers_(std::move(headers)), alignment_(std::move(alignment)) {
  alignment_.resize(headers_.size(), Align::kLeft);
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(headers_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::render(int indent) const {
  std::vector<int> widths;
  for (const auto& header : headers_) widths.push_back(display_width(header));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      line += alignment_[i] == Align::kRight ? pad_left(cells[i], widths[i]) : pad_right(cells[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  if (std::any_of(headers_.begin(), headers_.end(), [](const auto& h) { return !h.empty(); })) add_line(headers_);
  for (const auto& row : rows_) add_line(row);
  return text;
}

}  // namespace tombolo::cli
