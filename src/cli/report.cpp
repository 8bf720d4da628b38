#include "cli/report.hpp"

#include <fmt/format.h>

#include <ostream>

#include "cli/console.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

constexpr int kReportColumns = 110;

std::string remote_words(const Remote& remote) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (!remote.code.empty()) add(remote.code);
  if (remote.http_status != 0) add(fmt::format("HTTP {}", remote.http_status));
  if (!remote.request_id.empty()) add("request " + remote.request_id);
  return text;
}

// A hint may hold commands on lines of their own (they begin with a blank): those are kept as they are.
std::string indented(const std::string& text) {
  std::string result;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, end - from);
    if (line.starts_with(' '))
      result += "  " + line + "\n";
    else
      for (const auto& piece : wrap(line, kReportColumns)) result += "  " + piece + "\n";
    from = end + 1;
  }
  return result;
}

}  // namespace

Exit exit_of(Code code) {
  if (code == Code::kBadInput) return Exit::kBadInput;
  if (code == Code::kCancelled) return Exit::kCancelled;
  return Exit::kFailed;
}

std::string error_text(const Error& error, bool colour) {
  const bool cancelled = error.code() == Code::kCancelled;
  auto text = fmt::format(
      "{} {}\n", paint(cancelled ? "cancelled:" : "error:", cancelled ? Colour::kYellow : Colour::kRed, colour),
      printable(error.sentence()));
  const auto& contexts = error.contexts();
  for (auto doing = contexts.begin(); doing != contexts.end(); ++doing) {
    text += fmt::format("  while {}\n", printable(*doing));
  }
  if (error.remote()) {
    const auto words = remote_words(*error.remote());
    if (!words.empty()) text += fmt::format("  the answer was: {}\n", printable(words));
  }
  return text + indented(printable(error.hint()));
}

codec::Json error_json(const Error& error) {
  codec::JsonObject body;
  body["code"] = name(error.code());
  body["message"] = error.sentence();
  if (!error.contexts().empty()) {
    codec::JsonArray doing;
    for (auto one = error.contexts().rbegin(); one != error.contexts().rend(); ++one) doing.emplace_back(*one);
    body["context"] = std::move(doing);
  }
  if (error.remote()) {
    body["remote"] = codec::JsonObject{{"code", error.remote()->code},
                                       {"httpStatus", error.remote()->http_status},
                                       {"requestId", error.remote()->request_id}};
  }
  if (!error.hint().empty()) body["hint"] = error.hint();
  return codec::JsonObject{{"error", std::move(body)}};
}

Exit report(Console& console, const Error& error) {
  console.out << std::flush;
  if (console.json)
    console.err << codec::to_text(error_json(error)) << '\n';
  else
    console.err << error_text(error, console.error_colour);
  console.err << std::flush;
  return exit_of(error.code());
}

codec::Json diagnostics_json(const Diagnostics& diagnostics) {
  codec::JsonArray list;
  for (const auto& one : diagnostics.list()) {
    codec::JsonObject entry;
    entry["severity"] = one.severity == Severity::kError ? "error" : "warning";
    entry["file"] = one.file;
    if (one.at.known()) {
      entry["line"] = one.at.line;
      entry["column"] = one.at.column;
      entry["length"] = one.length;
    }
    if (!one.path.empty()) entry["path"] = one.path;
    entry["message"] = one.message;
    if (!one.hint.empty()) entry["hint"] = one.hint;
    list.emplace_back(std::move(entry));
  }
  return codec::JsonObject{{"diagnostics", std::move(list)}};
}

Exit report(Console& console, const Diagnostics& diagnostics, std::string_view text) {
  if (diagnostics.empty()) return Exit::kDone;
  console.out << std::flush;
  if (console.json)
    console.err << codec::to_text(diagnostics_json(diagnostics)) << '\n';
  else
    console.err << diagnostics.render(text);
  console.err << std::flush;
  return diagnostics.has_errors() ? Exit::kBadInput : Exit::kDone;
}

}  // namespace tombolo::cli
