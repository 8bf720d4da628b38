// The recipe's test pod: one that runs in the cloud, prints where it is, and goes away again. Source: the recipe, 7.6.
#pragma once
#include <functional>
#include <string>

#include "liqo/parties.hpp"

namespace tombolo::liqo {

inline constexpr std::string_view kTrialLabel = "tombolo/trial";  // on every such pod: a forgotten one is found by it

struct Trial {
  std::string name_space = "default";
  std::string name;  // of the pod: unique, so that two trials do not meet
  std::string image = "busybox";
  std::string node;  // the virtual node; "": any
};

codec::Json trial_pod(const Trial& trial);

struct TrialState {
  bool runs = false;  // its log can be read
  bool ended = false;
  std::string phase;
  std::string node;  // of home: the virtual one
  std::string waiting;  // for what, from its conditions
  bool hopeless = false;  // it will not come by itself
};
TrialState trial_state(const codec::Json& pod);

// Removes every trial pod of that namespace ("" all) but `spare`; returns how many there were.
Result<int> sweep_trials(kube::Client& home, const std::string& name_space, const std::string& spare,
                         const std::stop_token& stop);

}  // namespace tombolo::liqo
