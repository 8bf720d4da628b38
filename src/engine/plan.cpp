#include "engine/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace tombolo::engine {

std::string_view name(Action action) {
  switch (action) {
    case Action::kNone: return "none";
    case Action::kCreate: return "create";
    case Action::kAdopt: return "adopt";
    case Action::kUpdate: return "update";
    case Action::kReplace: return "replace";
    case Action::kDelete: return "delete";
    case Action::kWait: return "wait";
    case Action::kSettle: return "settle";
    case Action::kForget: return "forget";
  }
  return "";
}

bool Plan::empty() const {
  return std::all_of(changes.begin(), changes.end(),
                     [](const Change& c) { return c.action == Action::kNone || c.action == Action::kAdopt; });
}

int Plan::count(Action action) const {
  return static_cast<int>(
      std::count_if(changes.begin(), changes.end(), [&](const Change& c) { return c.action == action; }));
}

namespace {

// Wishes in an order where needs come first (Kahn; ties keep the order in which they were wished).
Result<std::vector<const Wish*>> in_order(const std::vector<Wish>& wishes) {
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < wishes.size(); ++i) index.emplace(wishes[i].address.text(), i);
  std::vector<std::vector<std::size_t>> dependents(wishes.size());
  std::vector<std::size_t> open(wishes.size(), 0);
  for (std::size_t i = 0; i < wishes.size(); ++i)
    for (const auto& need : wishes[i].needs) {
      const auto found = index.find(need.text());
      if (found == index.end())
        return fail(Code::kInternal,
                    fmt::format("{} needs {}, which nobody wishes for", wishes[i].address.text(), need.text()));
      dependents[found->second].push_back(i);
      ++open[i];
    }
  std::vector<const Wish*> out;
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < wishes.size(); ++i)
    if (!open[i]) ready.push_back(i);
  for (std::size_t next = 0; next < ready.size(); ++next) {
    out.push_back(&wishes[ready[next]]);
    for (auto d : dependents[ready[next]])
      if (--open[d] == 0) ready.push_back(d);
  }
  if (out.size() != wishes.size()) return fail(Code::kInternal, "the wishes need each other in a circle");
  return out;
}

class Planner {
 public:
  Planner(const std::vector<Observed>& world, const State& state, const Kinds& kinds, const PlanOptions& options)
      : state_(state), kinds_(kinds), options_(options) {
    for (const auto& o : world) observed_[o.address.text()].push_back(&o);
  }

  void want(const Wish& wish) {
    const auto text = wish.address.text();
    wished_.insert(text);
    const Record* record = record_of(wish.address);
    const Observed* now = choose(wish.address, record);
    Change change{wish.address, Action::kNone, "", {}, wish, {}, {}, last_generation(wish.address, record)};
    change.wish->inputs = resolve(wish.inputs, [&](const Address& to) { return known_outputs(to); });
    if (record && record->creating && !now) change.unfinished = record->creating;
    if (now) {
      change.observed = *now;
      decide(change, *now, record);
    } else {
      change.action = Action::kCreate;
      if (change.unfinished)
        change.reason = "an earlier run began it and did not see the end";
      else if (record && !record->id.empty())
        change.reason = "it was there before and is gone";
    }
    remember(change);
    plan.changes.push_back(std::move(change));
    for (const auto* other : observed_[text])
      if (other != now && other->status != Status::kGoing) unwanted(*other, "a second one of the same address");
  }

  // What is left: resources and records nobody wishes for.
  void rest(const std::vector<Observed>& world) {
    for (const auto& o : world)
      if (!wished_.contains(o.address.text()))
        unwanted(o, options_.remove_everything ? "" : "no longer in the cluster file");
    for (const auto& [address, record] : state_) {
      if (wished_.contains(address.text()) || !find(kinds_, address.kind)) continue;
      if (record.creating) {
        if (!sees(address, record.creating->generation))
          deletions_.push_back({address,
                                Action::kSettle,
                                "an earlier run began it and did not see the end",
                                {},
                                {},
                                {},
                                record.creating,
                                0});
      } else if ((!record.id.empty() || record.deleting) && !sees(address, record.generation)) {
        deletions_.push_back({address, Action::kForget, "it is gone already", {}, {}, {}, {}, 0});
      }
    }
    // Dependents first: kinds are listed in the order in which things are made.
    std::vector<std::vector<Change>> by_rank(kinds_.size() + 1);
    for (auto& d : deletions_) by_rank[rank(d)].push_back(std::move(d));
    for (auto some = by_rank.rbegin(); some != by_rank.rend(); ++some)
      std::move(some->begin(), some->end(), std::back_inserter(plan.changes));
  }

  Plan plan;

 private:
  const Record* record_of(const Address& address) const {
    const auto it = state_.find(address);
    return it == state_.end() ? nullptr : &it->second;
  }

  // The one of several resources of an address that counts: the journal's, else the newest generation.
  const Observed* choose(const Address& address, const Record* record) const {
    const auto it = observed_.find(address.text());
    if (it == observed_.end()) return nullptr;
    const Observed* best = nullptr;
    for (const auto* o : it->second) {
      if (o->status == Status::kGoing) continue;
      if (record && !record->id.empty() && o->id == record->id) return o;
      if (!best || o->generation > best->generation || (o->generation == best->generation && o->id < best->id))
        best = o;
    }
    return best;
  }

  void decide(Change& change, const Observed& now, const Record* record) {
    Kind* kind = find(kinds_, change.address.kind);
    Verdict verdict = kind ? kind->compare(*change.wish, now) : Verdict{};
    if (verdict.refused) plan.refusals.push_back(*verdict.refused);
    change.fields = std::move(verdict.changes);
    const bool replaces =
        std::any_of(change.fields.begin(), change.fields.end(), [](const auto& f) { return f.replaces; });
    if (options_.recreate.contains(change.address)) {
      change.action = Action::kReplace;
      change.reason = "asked for";
    } else if (record && record->deleting) {
      change.action = Action::kReplace;
      change.reason = "an earlier run began to remove it";
    } else if (now.status == Status::kBroken) {
      change.action = Action::kReplace;
      change.reason = now.status_detail;
    } else if (replaces) {
      change.action = Action::kReplace;
    } else if (!change.fields.empty()) {
      change.action = Action::kUpdate;
    } else if (now.status == Status::kPending || (record && record->creating)) {
      change.action = Action::kWait;
      change.reason = now.status_detail;
    } else if (!record || record->id != now.id) {
      change.action = Action::kAdopt;
      change.reason = "carries our tags; the journal did not know it";
    }
  }

  void remember(const Change& change) {
    const bool stays = change.observed && change.action != Action::kReplace;
    if (stays) outputs_[change.address.text()] = change.observed->outputs;
  }

  const Json* known_outputs(const Address& to) const {
    const auto it = outputs_.find(to.text());
    return it == outputs_.end() ? nullptr : &it->second;
  }

  bool sees(const Address& address, std::int64_t generation) const {
    const auto it = observed_.find(address.text());
    return it != observed_.end() && std::any_of(it->second.begin(), it->second.end(), [&](const Observed* o) {
             return o->generation == generation || o->generation == kAnyGeneration;
           });
  }

  // A new try must not reuse a number that any earlier machine had, even one that is only still fading away.
  std::int64_t last_generation(const Address& address, const Record* record) const {
    std::int64_t last = record ? record->generation : 0;
    const auto it = observed_.find(address.text());
    if (it != observed_.end())
      for (const auto* o : it->second) last = std::max(last, o->generation);
    return last;
  }

  void unwanted(const Observed& o, std::string reason) {
    if (o.status == Status::kGoing && !options_.remove_everything) return;
    deletions_.push_back({o.address, Action::kDelete, std::move(reason), {}, {}, o, {}, 0});
  }

  std::size_t rank(const Change& change) const {
    for (std::size_t i = 0; i < kinds_.size(); ++i)
      if (kinds_[i]->name() == change.address.kind) return i;
    return kinds_.size();
  }

  const State& state_;
  const Kinds& kinds_;
  const PlanOptions& options_;
  std::unordered_map<std::string, std::vector<const Observed*>> observed_;
  std::unordered_map<std::string, Json> outputs_;
  std::set<std::string> wished_;
  std::vector<Change> deletions_;
};

}  // namespace

namespace {

// Reads of AWS lag behind our own writes: what the journal made a moment ago is there although they do not show it, and what it
// removed a moment ago is gone although they do.
std::vector<Observed> caught_up(const std::vector<Observed>& reads, const State& state, Time now) {
  std::vector<Observed> world;
  std::set<std::string> seen;
  for (const auto& o : reads) {
    const auto record = state.find(o.address);
    const bool was_removed =
        record != state.end() && record->second.gone_id == o.id && now - record->second.gone_at < kConsistencyWindow;
    if (was_removed && o.status != Status::kGoing) continue;
    seen.insert(o.id);
    world.push_back(o);
  }
  // What lies on this machine is read as it is. And where the address shows something as new as the record, a run died after
  // changing it in place under a new id, before it could write that down.
  std::map<Address, std::int64_t> newest;
  for (const auto& o : world)
    if (o.status != Status::kGoing) {
      auto& n = newest[o.address];
      n = std::max(n, o.generation == kAnyGeneration ? std::numeric_limits<std::int64_t>::max() : o.generation);
    }
  for (const auto& [address, record] : state) {
    const bool fresh = !record.id.empty() && !record.region.empty() && now - record.made_at < kConsistencyWindow;
    if (!fresh || seen.contains(record.id)) continue;
    if (const auto other = newest.find(address); other != newest.end() && other->second >= record.generation) continue;
    world.push_back({address, record.id, record.generation, record.region, Status::kPending,
                     "made a moment ago, not visible yet", record.inputs, record.outputs});
  }
  return world;
}

}  // namespace

Result<Plan> make_plan(const std::vector<Wish>& wishes, const std::vector<Observed>& reads, const State& state,
                       const Kinds& kinds, const PlanOptions& options) {
  const auto world = caught_up(reads, state, options.now);
  Planner planner(world, state, kinds, options);
  if (!options.remove_everything)
    for (const Wish* wish : TRY(in_order(wishes))) planner.want(*wish);
  planner.rest(world);
  return std::move(planner.plan);
}

Json to_json(const Plan& plan) {
  codec::JsonArray changes;
  codec::JsonObject summary;
  for (const auto& c : plan.changes) {
    codec::JsonArray fields;
    for (const auto& f : c.fields)
      fields.push_back({{"field", f.field},
                        {"before", f.before},
                        {"after", is_unknown(f.after) ? Json(unknown_text(f.after)) : f.after},
                        {"forcesReplacement", f.replaces}});
    const std::string action(name(c.action));
    changes.push_back(
        {{"address", c.address.text()}, {"action", action}, {"reason", c.reason}, {"fields", std::move(fields)}});
    summary[action] = (summary.contains(action) ? summary[action].as_int64() : 0) + 1;
  }
  return {{"changes", std::move(changes)}, {"summary", std::move(summary)}};
}

}  // namespace tombolo::engine
