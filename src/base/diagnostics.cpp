#include "base/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <tuple>

namespace tombolo {
namespace {

constexpr std::size_t kWidestLine = 140;   // characters of a source line that are shown
constexpr std::size_t kBeforeFault = 60;   // of those, at least so many before the fault
constexpr std::size_t kLongestWord = 64;   // longer words get no suggestion

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The characters of a line, each as its bytes; what would disturb a terminal is shown as '?'.
std::vector<std::string> characters(std::string_view line) {
  std::vector<std::string> out;
  for (const char c : line) {
    if (continues_character(c) && !out.empty())
      out.back() += c;
    else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      out.emplace_back("?");
    else
      out.emplace_back(1, c);
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const auto& character : characters(text)) out += character == "\t" ? " " : character;
  return out;
}

std::string_view line_of(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  auto line = text.substr(0, text.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// "  14 |     podCIDR: 10.42.0.0/16" and the underline below it.
std::string excerpt(const Diagnostic& d, std::string_view text) {
  auto line = characters(line_of(text, d.at.line));
  if (line.empty()) return "";
  auto first = static_cast<std::size_t>(std::max(d.at.column - 1, 0));
  if (line.size() > kWidestLine) {
    const std::size_t start = first > kBeforeFault ? std::min(first - kBeforeFault, line.size() - 1) : 0;
    const std::size_t end = std::min(start + kWidestLine, line.size());
    line = {line.begin() + static_cast<std::ptrdiff_t>(start), line.begin() + static_cast<std::ptrdiff_t>(end)};
    first -= start;
  }
  std::string shown;
  std::string blanks;  // a tab below a tab keeps the underline in place at every tab width
  for (std::size_t i = 0; i < line.size(); ++i) {
    shown += line[i];
    if (i < first) blanks += line[i] == "\t" ? '\t' : ' ';
  }
  if (first > line.size()) blanks.append(first - line.size(), ' ');
  const std::size_t room = first < line.size() ? line.size() - first : 1;
  const std::size_t length = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(d.length, 1)), 1, room);
  const std::string number = std::to_string(d.at.line);
  return fmt::format("  {} | {}\n  {} | {}^{}\n", number, shown, std::string(number.size(), ' '), blanks,
                     std::string(length - 1, '~'));
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

bool Diagnostics::has_errors() const {
  return std::any_of(list_.begin(), list_.end(), [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

void Diagnostics::sort() {
  // Not std::stable_sort: libstdc++ 12's uses what clang calls deprecated, and warnings are errors in our debug builds.
  std::vector<std::size_t> order(list_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return std::tie(list_[a].at, a) < std::tie(list_[b].at, b); });
  std::vector<Diagnostic> sorted;
  for (const auto index : order) sorted.push_back(std::move(list_[index]));
  list_ = std::move(sorted);
}

std::string Diagnostics::render(std::string_view text) const {
  std::string out;
  for (const auto& d : list_) {
    out += d.at.known() ? fmt::format("{}:{}:{}: ", d.file, d.at.line, d.at.column) : fmt::format("{}: ", d.file);
    if (d.severity == Severity::kWarning) out += "warning: ";
    out += printable(d.message) + '\n';
    if (d.at.known()) out += excerpt(d, text);
    if (!d.hint.empty()) out += "  " + printable(d.hint) + '\n';
  }
  return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return "";
  const std::string wanted = lower(word);
  // One slip in three letters is still a slip; more is another word.
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const auto& candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t far = distance(wanted, lower(candidate));
    if (far >= best || far >= candidate.size()) continue;
    best = far;
    found = candidate;
  }
  return found;
}

}  // namespace tombolo
