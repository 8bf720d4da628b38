// What a run tells whoever watches: the terminal, -o json, the journal's notes. Values, in order, never interpreted here.
#pragma once
#include <functional>
#include <string>

#include "base/clock.hpp"

namespace tombolo::engine {

enum class EventType {
  kRunBegun,  // detail: what kind of run
  kStepBegun,  // an action on an address starts
  kStepPhase,  // phase: what it does or waits for now
  kStepRetry,  // detail: why it will be tried again, and when
  kStepDone,
  kStepFailed,  // detail: the error's text
  kStepSkipped,  // detail: which need failed
  kNote,  // detail: something worth a line
  kRunEnded,
};

struct Event {
  Time at{};
  EventType type = EventType::kNote;
  std::string address;  // "aws.instance/lighthouse"; "" for the run
  std::string action;  // "create", "update", "replace", "delete", "adopt", "wait"
  std::string phase;  // "launch", "running", ...: short, stable words
  std::string detail;  // for people
};

using EventSink = std::function<void(const Event&)>;  // called from several threads, never at once

std::string_view name(EventType type);

}  // namespace tombolo::engine
