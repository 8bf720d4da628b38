// `plan`, `up` and `status`: look, decide, carry out.
#pragma once
#include "cluster/desired.hpp"
#include "cluster/session.hpp"
#include "engine/plan.hpp"

namespace tombolo::cluster {

struct Planned {
  std::optional<Facts> facts;       // absent: planned offline
  engine::Kinds kinds;
  engine::Plan plan;
};

struct PlanRequest {
  bool offline = false;             // AWS is taken to be as the journal last saw it
  std::set<engine::Address> recreate = {};
  bool asks_home = true;            // whether what is to be done at home can be done: a refusal when not
};

// Errors also: kConflict when the cluster still lives in another region than the file's.
Result<Planned> make_plan(Session& session, const PlanRequest& request, const std::stop_token& stop);

struct UpReport {
  engine::ApplyReport applied;      // of all rounds
  engine::Plan left;                // what a further plan would change; empty when `up` is through
  bool changed = false;
};

// Carries out `first`, then plans again until nothing is left (settling an earlier run may leave something): at most three rounds.
// The first failure stops after its round. Never throws but for what a step lets escape.
Result<UpReport> up(Session& session, Planned first, const std::stop_token& stop);

// What there is, as a plan without intentions: for `status` and `show`.
struct StatusReport {
  Facts facts;
  engine::Plan drift;
  std::vector<engine::Observed> world;
};
Result<StatusReport> status(Session& session, const std::stop_token& stop);

}  // namespace tombolo::cluster
