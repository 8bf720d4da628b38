// Work that goes on by being called again: how far it has got, and how long it waits for what it waits for.
#pragma once
#include <string>

#include "base/clock.hpp"

namespace tombolo::liqo {

struct Progress {
  bool done = false;
  std::string stage;  // short, stable: "nonce", "tenant", "slice", "node"
  std::string waiting_for;  // a sentence; "" when it goes on at once
  Duration waited{};
  std::string said;  // something worth a line, once
};

// What a long piece of work waits for, and how long already. Pieces are told by their texts.
class Patience {
 public:
  // The time since the same text was last given first.
  Duration waited_for(const std::string& what, Time now) {
    if (what != what_) {
      what_ = what;
      since_ = now;
    }
    return now - since_;
  }
  Time since() const { return since_; }

 private:
  std::string what_;
  Time since_{};
};

}  // namespace tombolo::liqo
