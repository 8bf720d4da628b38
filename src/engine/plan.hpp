// Deciding: wishes against the world and the journal gives a list of changes. Pure; linear in the number of resources.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "engine/record.hpp"
#include "engine/resource.hpp"

namespace tombolo::engine {

enum class Action {
  kNone,     // is as wished
  kCreate,
  kAdopt,    // is as wished and marked as ours, but the journal did not know it
  kUpdate,   // changes in place
  kReplace,  // remove, then create
  kDelete,
  kWait,     // made, but not ready yet
  kSettle,   // an old try whose end nobody saw and that is no longer wished: find out, then remove
  kForget,   // the journal has it, the world does not, nobody wants it
};

std::string_view name(Action action);

struct Change {
  Address address;
  Action action = Action::kNone;
  std::string reason;                    // for people; may be empty
  std::vector<FieldChange> fields;
  std::optional<Wish> wish;              // absent for what is to go
  std::optional<Observed> observed;      // absent for what is not there
  std::optional<Intent> unfinished;      // the open intent to settle first
  std::int64_t last_generation = 0;      // the highest number any try of this address ever had
};

struct Plan {
  std::vector<Change> changes;           // needs before those that need them; deletions after, dependents first
  std::vector<Error> refusals;           // changes we will not make; nothing may be applied while there are any
  bool empty() const;                    // nothing but kNone and kAdopt
  int count(Action action) const;
};

struct PlanOptions {
  std::set<Address> recreate;            // replace these whatever they are
  bool remove_everything = false;        // `down`: wishes are ignored
  Time now{};  // what was made or removed shortly before may be missing from reads, or still in them
};

// Errors: kInternal for a need that is not wished or needs in a circle.
Result<Plan> make_plan(const std::vector<Wish>& wishes, const std::vector<Observed>& world, const State& state,
                       const Kinds& kinds, const PlanOptions& options = {});

// Stable shape, documented in docs/json.md: {"changes":[{address, action, reason, fields:[…]}], "summary":{…}}.
Json to_json(const Plan& plan);

}  // namespace tombolo::engine
