#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "cli/console.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

using engine::Event;
using engine::EventType;

// A run of hundreds of steps must not push its own history off the screen.
constexpr std::size_t kMostLiveLines = 10;

std::string clock_face(Duration since_begin) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(since_begin).count());
  if (seconds < 3600) return fmt::format("{:2}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// A verb and what it is about: the words of a line, the same on a terminal and in a log file.
struct Words {
  std::string_view verb;
  Colour colour;
  std::string text;
};

std::string with_detail(std::string text, const std::string& detail) {
  if (detail.empty()) return text;
  if (!text.empty()) text += ": ";
  for (const char c : detail) {
    text += c;
    if (c == '\n') text += "               ";  // under the text: a clock face and a verb
  }
  return text;
}

Words words_of(const Event& event) {
  const auto step = event.address.empty() ? "" : fmt::format("{} {}", event.action, event.address);
  const auto plain = event.action.empty() || event.address.empty() ? event.address : step;
  switch (event.type) {
    case EventType::kRunBegun: return {"begin", Colour::kBold, with_detail("", event.detail)};
    case EventType::kStepBegun: return {"start", Colour::kBlue, with_detail(plain, event.detail)};
    case EventType::kStepPhase:
      return {"", Colour::kNone, with_detail(event.phase.empty() ? plain : plain + ", " + event.phase, event.detail)};
    case EventType::kStepRetry: return {"retry", Colour::kYellow, with_detail(plain, event.detail)};
    case EventType::kStepDone: return {"done", Colour::kGreen, with_detail(plain, event.detail)};
    case EventType::kStepFailed: return {"failed", Colour::kRed, with_detail(plain, event.detail)};
    case EventType::kStepSkipped: return {"skipped", Colour::kYellow, with_detail(plain, event.detail)};
    case EventType::kNote: return {"note", Colour::kGrey, with_detail(plain, event.detail)};
    case EventType::kRunEnded: return {"end", Colour::kBold, with_detail("", event.detail)};
  }
  return {"", Colour::kNone, ""};
}

bool ends_step(EventType type) {
  return type == EventType::kStepDone || type == EventType::kStepFailed || type == EventType::kStepSkipped;
}

Event made_printable(Event event) {
  for (auto* text : {&event.address, &event.action, &event.phase, &event.detail}) *text = printable(*text);
  while (event.detail.ends_with('\n')) event.detail.pop_back();
  return event;
}

}  // namespace

codec::Json event_json(const Event& event) {
  codec::JsonObject object;
  object["at"] = format_time(event.at);
  object["type"] = engine::name(event.type);
  const auto put = [&](const char* key, const std::string& text) {
    if (!text.empty()) object[key] = text;
  };
  put("address", event.address);
  put("action", event.action);
  put("phase", event.phase);
  put("detail", event.detail);
  return object;
}

Progress::Progress(Console& console) : console_(console) {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  erase();
  console_.out << std::flush;
}

engine::EventSink Progress::sink() {
  return [this](const Event& event) { show(event); };
}

void Progress::show(const Event& original) {
  const std::lock_guard lock(mutex_);
  if (console_.json) {
    console_.out << codec::to_text(event_json(original)) << '\n' << std::flush;
    return;
  }
  const auto event = made_printable(original);
  if (!std::exchange(any_event_, true)) begun_ = event.at;
  now_ = std::max(now_, event.at);
  if (console_.terminal)
    show_live(event);
  else
    show_plain(event);
}

void Progress::redraw(Time now) {
  const std::lock_guard lock(mutex_);
  if (console_.json || !console_.terminal || running_.empty()) return;
  now_ = std::max(now_, now);
  erase();
  draw();
}

void Progress::show_plain(const Event& event) {
  const auto same_phase = [&](const Step& s) { return s.address == event.address && s.phase == event.phase; };
  const bool said_already = event.type == EventType::kStepPhase && event.detail.empty() &&
                            std::any_of(running_.begin(), running_.end(), same_phase);
  const auto duration = took(event);
  note_step(event);
  if (said_already) return;
  const auto words = words_of(event);
  console_.out << fmt::format("{}  {} {}{}\n", clock_face(event.at - begun_), pad_right(words.verb, 7), words.text,
                              duration)
               << std::flush;
}

// Phases of a running step only change its live line; everything else scrolls up above the live lines.
void Progress::show_live(const Event& event) {
  const auto duration = took(event);
  note_step(event);
  erase();
  const bool lives_below = event.type == EventType::kStepBegun || event.type == EventType::kStepPhase;
  if (!lives_below) {
    const auto words = words_of(event);
    const auto verb = paint(words.verb, words.colour, console_.colour);
    console_.out << fmt::format("{}  {} {}{}\n", paint(clock_face(event.at - begun_), Colour::kGrey, console_.colour),
                                pad_right(verb, 7), words.text, paint(duration, Colour::kGrey, console_.colour));
  }
  draw();
}

void Progress::note_step(const Event& event) {
  const auto step =
      std::find_if(running_.begin(), running_.end(), [&](const Step& s) { return s.address == event.address; });
  if (event.type == EventType::kStepBegun) {
    const Step begun{event.address, event.action, event.phase, event.detail, event.at};
    if (step == running_.end())
      running_.push_back(begun);
    else
      *step = begun;
  } else if (step == running_.end()) {
    return;
  } else if (ends_step(event.type)) {
    running_.erase(step);
  } else if (event.type == EventType::kStepPhase) {
    step->phase = event.phase;
    step->detail = event.detail;
  } else if (event.type == EventType::kStepRetry) {
    step->phase = event.phase.empty() ? "waiting to try again" : event.phase;
    step->detail.clear();
  }
}

std::string Progress::took(const Event& event) const {
  if (event.type == EventType::kRunEnded) return fmt::format(" ({})", format_duration(event.at - begun_));
  if (event.type != EventType::kStepDone && event.type != EventType::kStepFailed) return "";
  const auto step =
      std::find_if(running_.begin(), running_.end(), [&](const Step& s) { return s.address == event.address; });
  return step == running_.end() ? "" : fmt::format(" ({})", format_duration(event.at - step->begun));
}

// The time stands first, where a narrow terminal does not cut it off.
std::string Progress::live_line(const Step& step) const {
  auto text = fmt::format("{}  ...     {} {}", clock_face(now_ - step.begun), step.action, step.address);
  if (!step.phase.empty()) text += ", " + step.phase;
  if (!step.detail.empty()) text += ": " + step.detail.substr(0, step.detail.find('\n'));
  return cut(text, console_.columns - 1);
}

void Progress::erase() {
  if (drawn_lines_ > 0) console_.out << fmt::format("\x1b[{}A\r\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
}

void Progress::draw() {
  const auto shown = std::min(running_.size(), kMostLiveLines);
  for (std::size_t i = 0; i < shown; ++i) console_.out << live_line(running_[i]) << '\n';
  drawn_lines_ = static_cast<int>(shown);
  if (running_.size() > shown) {
    console_.out << fmt::format("       ...     and {} more\n", running_.size() - shown);
    ++drawn_lines_;
  }
  console_.out << std::flush;
}

std::jthread keep_redrawing(Progress& progress, Clock& clock, Duration interval) {
  return std::jthread([&progress, &clock, interval](const std::stop_token& stop) {
    RealClock wall;
    while (wall.sleep_for(interval, stop)) progress.redraw(clock.now());
  });
}

}  // namespace tombolo::cli
