// Shows the events of a run as they come.
//
// On a terminal: finished steps scroll up, one line for each running step stays below with the time it has taken.
// Elsewhere: a line for each event. With -o json: a JSON object on a line for each event, nothing else.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "cli/command.hpp"
#include "engine/events.hpp"

namespace tombolo::cli {

// {"at":"2026-11-26T01:10:52Z","type":...,"address":...,"action":...,"phase":...,"detail":...}; empty texts are left out.
codec::Json event_json(const engine::Event& event);

class Progress {
 public:
  explicit Progress(Console& console);
  ~Progress();  // takes the live lines away
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Safe from several threads.
  void show(const engine::Event& event);
  engine::EventSink sink();

  // Brings the times of the live lines up to date; nothing where there are none.
  void redraw(Time now);

 private:
  struct Step {
    std::string address;
    std::string action;
    std::string phase;
    std::string detail;
    Time begun{};
  };

  void show_plain(const engine::Event& event);
  void show_live(const engine::Event& event);
  void note_step(const engine::Event& event);
  std::string took(const engine::Event& event) const;
  std::string live_line(const Step& step) const;
  void erase();
  void draw();

  Console& console_;
  std::mutex mutex_;
  Time begun_{};
  Time now_{};
  bool any_event_ = false;
  std::vector<Step> running_;  // in the order they began
  int drawn_lines_ = 0;
};

// Redraws once each `interval` until the thread is asked to stop. The interval is one of the person who watches, whatever
// `clock` the run lives in: simulated hours need no frames, and the thread takes no turn of a virtual clock.
std::jthread keep_redrawing(Progress& progress, Clock& clock, Duration interval = 1s);

}  // namespace tombolo::cli
