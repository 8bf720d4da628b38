#include "engine/operation.hpp"

#include <fmt/format.h>

namespace tombolo::engine {

// --- Ledger -----------------------------------------------------------------------------------------------------------

Record Ledger::record(const Address& address) const {
  std::lock_guard guard(mutex_);
  const auto it = state_.find(address);
  if (it != state_.end()) return it->second;
  Record fresh;
  fresh.address = address;
  return fresh;
}

Result<> Ledger::write(const Record& record, std::string event, Json body) {
  TRY(context(journal_.append({0, clock_.now(), run_, record.address.text(), std::move(event), std::move(body)},
                              {{record.address.text(), to_json(record)}}),
              "writing the journal"));
  std::lock_guard guard(mutex_);
  state_[record.address] = record;
  return {};
}

Result<> Ledger::note(const Address& address, std::string event, Json body) {
  TRY(context(journal_.append({0, clock_.now(), run_, address.text(), std::move(event), std::move(body)}),
              "writing the journal"));
  return {};
}

void Ledger::set_outputs(const Address& address, Json outputs) {
  std::lock_guard guard(mutex_);
  outputs_[address] = std::move(outputs);
}

std::optional<Json> Ledger::outputs(const Address& address) const {
  std::lock_guard guard(mutex_);
  const auto it = outputs_.find(address);
  if (it == outputs_.end()) return std::nullopt;
  return it->second;
}

// --- Operation --------------------------------------------------------------------------------------------------------

namespace {

// How many client tokens may turn out to be spent before we stop guessing (a lost journal forgets the generation).
constexpr std::int64_t kMostGenerations = 100;

Json describe(const Intent& intent) {
  return {{"action", "create"},
          {"generation", intent.generation},
          {"variant", intent.variant},
          {"request", intent.request}};
}

}  // namespace

Operation::Operation(const Change& change, Work work, Kind& kind, std::uint64_t seed)
    : change_(change),
      work_(work),
      kind_(kind),
      backoff_(seed),
      stage_(Stage::kSend),
      generation_(change.last_generation + 1) {
  current_.address = change.address;
  if (change.observed) {
    const auto& o = *change.observed;
    current_ = {o.address, o.id, o.generation, o.region, o.outputs, {}};
  }
  if (work == Work::kRemove) stage_ = Stage::kRemove;
  if (work == Work::kMend) stage_ = Stage::kConverge;
  if (work == Work::kSettle) stage_ = Stage::kLook;
  if ((work == Work::kMake || work == Work::kSettle) && change.unfinished) {
    intent_ = change.unfinished;
    generation_ = intent_->generation;
    variant_ = intent_->variant;
    maybe_sent_ = true;
  }
}

std::string_view Operation::action() const {
  if (work_ == Work::kRemove) return "delete";
  if (work_ == Work::kMake) return "create";
  return name(change_.action);
}

void Operation::enter(Stage stage) {
  stage_ = stage;
  since_ = {};
  attempt_ = 0;
  backoff_.success();
}

Step Operation::advance(Ledger& ledger, Call call) {
  if (since_ == Time{}) since_ = call.clock.now();
  call.since = since_;
  call.attempt = attempt_++;
  if (change_.wish && !wish_ && work_ != Work::kRemove) {
    wish_ = change_.wish;
    std::map<Address, Json> held;  // keeps the outputs alive while resolve() points into them
    wish_->inputs = resolve(wish_->inputs, [&](const Address& to) -> const Json* {
      auto outputs = ledger.outputs(to);
      return outputs ? &(held[to] = std::move(*outputs)) : nullptr;
    });
  }
  if (work_ == Work::kForget) return forget(ledger);
  if (work_ == Work::kAdopt) return adopt(ledger);
  switch (stage_) {
    case Stage::kRemove: return remove(ledger, call);
    case Stage::kSend: return send(ledger, call);
    case Stage::kConverge: return converge(ledger, call);
    case Stage::kLook: return look(ledger, call);
  }
  return Failed{Error(Code::kInternal, "an operation without a stage")};
}

Step Operation::try_again_or(Error error, const Call& call) {
  const auto delay = backoff_.next(error.code(), call.clock.now());
  if (delay && !call.stop.stop_requested()) return RetryAfter{*delay, error.text()};
  return Failed{std::move(error)};
}

Step Operation::remove(Ledger& ledger, const Call& call) {
  Record record = ledger.record(change_.address);
  const bool mine = record.id.empty() || record.id == current_.id;  // not the record of a twin that stays
  if (!announced_) {
    if (mine) record.deleting = true;
    if (mine && record.id.empty()) record.id = current_.id, record.region = current_.region;
    record.generation = std::max(record.generation, current_.generation);
    if (auto written = ledger.write(record, "intent", {{"action", "delete"}, {"id", current_.id}}); !written)
      return Failed{written.error()};
    announced_ = true;
  }
  if (mine && record.made_at != Time{}) current_.made_at = record.made_at;
  Step step = kind_.remove(current_, call);
  if (auto* failed = std::get_if<Failed>(&step)) return try_again_or(std::move(failed->error), call);
  if (!std::holds_alternative<Done>(step)) {
    backoff_.success();
    return step;
  }
  if (mine) {
    record = ledger.record(change_.address);
    record.id.clear();
    record.gone_id = current_.id;
    record.gone_at = call.clock.now();
    record.outputs = Json();
    record.deleting = false;
    record.creating.reset();
  }
  if (auto written = ledger.write(record, "outcome", {{"action", "delete"}, {"id", current_.id}}); !written)
    return Failed{written.error()};
  return Done{current_.id, Json()};
}

Result<> Operation::begin_intent(Ledger& ledger, const Call& call) {
  if (!intent_) {
    auto request = TRY(kind_.prepare(*wish_, generation_, variant_));
    if (!request) {
      if (last_refusal_) return fail(*last_refusal_);
      return fail(Code::kUnsupported, fmt::format("there is no way to make {}", change_.address.text()));
    }
    intent_ = Intent{change_.address, generation_, variant_, std::move(*request), {}};
  }
  // Written again before every further sending too: the consistency window counts from the last one.
  intent_->at = call.clock.now();
  Record record = ledger.record(change_.address);
  record.generation = generation_;
  record.region = kind_.region();
  record.creating = intent_;
  return ledger.write(record, "intent", describe(*intent_));
}

// The answer to an earlier try may have been lost: look whether it had its effect before doing it again.
std::optional<Step> Operation::find_earlier_effect(Ledger& ledger, const Call& call) {
  if (!duplicate_ && (!maybe_sent_ || kind_.repeatable())) return std::nullopt;
  call.say("look", "looking whether an earlier try had its effect");
  auto sight = kind_.look(*intent_, call);
  if (!sight) return try_again_or(sight.error(), call);
  if (sight->found) return made(ledger, call, sight->found->id, sight->found->outputs);
  if (sight->stranger) return failed_to_send(ledger, call, *sight->stranger);
  const Duration age = call.clock.now() - intent_->at;
  if (age < kConsistencyWindow)
    return RetryAfter{std::clamp<Duration>(age / 2, 1s, 8s),
                      "not seen yet; a fresh resource may take up to two minutes to show"};
  if (duplicate_)
    return failed_to_send(ledger, call,
                          Error(Code::kConflict, fmt::format("something that we cannot see holds the name of {}",
                                                             change_.address.text())));
  maybe_sent_ = false;  // proven: it never happened
  return std::nullopt;
}

Step Operation::send(Ledger& ledger, const Call& call) {
  if (intent_) {
    if (auto step = find_earlier_effect(ledger, call)) return *step;
  }
  // A refused re-sending leaves the intent as it stands in the journal: it may still have had its effect.
  if (call.stop.stop_requested()) return Failed{Error(Code::kCancelled, "stopped before it was begun")};
  if (auto written = begin_intent(ledger, call); !written) return Failed{written.error()};
  Step step = kind_.create(*intent_, call);
  if (auto* done = std::get_if<Done>(&step)) return made(ledger, call, done->id, std::move(done->outputs));
  if (auto* failed = std::get_if<Failed>(&step)) return failed_to_send(ledger, call, std::move(failed->error));
  return step;
}

Step Operation::made(Ledger& ledger, const Call& call, std::string id, Json outputs) {
  Record record = ledger.record(change_.address);
  record.generation = generation_;
  record.id = id;
  record.made_at = call.clock.now();
  record.region = kind_.region();
  record.outputs = outputs;
  record.deleting = false;
  record.creating.reset();
  if (wish_) record.inputs = wish_->inputs;
  if (auto written = ledger.write(record, "outcome", {{"action", "create"}, {"id", id}}); !written)
    return Failed{written.error()};
  current_ = {change_.address, id, generation_, kind_.region(), std::move(outputs), call.clock.now()};
  enter(Stage::kConverge);
  return RetryAfter{0s, ""};
}

Step Operation::failed_to_send(Ledger& ledger, const Call& call, Error error) {
  const bool other_way = error.code() == Code::kCapacity;
  if (error.code() == Code::kDuplicate && !duplicate_) {
    duplicate_ = true;
    return RetryAfter{0s, "it exists already; looking whose it is"};
  }
  if (reaction(error.code()).again) {
    Step step = try_again_or(error, call);
    if (std::holds_alternative<RetryAfter>(step)) {
      maybe_sent_ = maybe_sent_ || reaction(error.code()).effect_unknown;
      return step;
    }
  }
  if (reaction(error.code()).effect_unknown)
    return Failed{std::move(error)};  // the intent stays open, for the next run to settle
  Record record = ledger.record(change_.address);
  record.creating.reset();
  if (auto written = ledger.write(record, "outcome", {{"action", "create"}, {"error", error.text()}}); !written)
    return Failed{written.error()};
  if (!other_way && error.code() != Code::kTokenSpent) return Failed{std::move(error)};
  intent_.reset();
  maybe_sent_ = duplicate_ = false;
  if (other_way)
    ++variant_;
  else if (++generation_ > change_.last_generation + kMostGenerations)
    return Failed{std::move(error)};
  RetryAfter again{0s, error.text()};
  last_refusal_ = std::move(error);
  enter(Stage::kSend);
  return again;
}

Step Operation::converge(Ledger& ledger, const Call& call) {
  if (work_ == Work::kMend && !announced_) {
    codec::JsonArray fields;
    for (const auto& f : change_.fields)
      fields.push_back({{"field", f.field}, {"before", f.before}, {"after", f.after}});
    if (auto written =
            ledger.note(change_.address, "intent",
                        {{"action", name(change_.action)}, {"id", current_.id}, {"fields", std::move(fields)}});
        !written)
      return Failed{written.error()};
    announced_ = true;
  }
  Step step = kind_.converge(*wish_, current_, call);
  if (auto* failed = std::get_if<Failed>(&step)) {
    Error error = std::move(failed->error);
    // A machine that was accepted and then died for want of capacity: the next zone, as a new machine.
    if (work_ == Work::kMake && error.code() == Code::kCapacity) {
      ++generation_;
      return failed_to_send(ledger, call, std::move(error));
    }
    return try_again_or(std::move(error), call);
  }
  auto* done = std::get_if<Done>(&step);
  if (!done) {
    backoff_.success();
    return step;
  }
  Record record = ledger.record(change_.address);
  record.generation = std::max(record.generation, current_.generation);
  if (done->id != current_.id) {  // changed in place, but under a new id: reads may show the old one for a while
    record.gone_id = std::exchange(current_.id, done->id);
    record.gone_at = record.made_at = call.clock.now();
  }
  record.id = current_.id;
  record.region = kind_.region();
  record.outputs = done->outputs;
  record.inputs = wish_->inputs;
  record.creating.reset();
  if (auto written = ledger.write(record, "outcome", {{"action", action()}, {"id", current_.id}, {"ready", true}});
      !written)
    return Failed{written.error()};
  ledger.set_outputs(change_.address, done->outputs);
  return Done{current_.id, std::move(done->outputs)};
}

Step Operation::look(Ledger& ledger, const Call& call) {
  auto sight = kind_.look(*intent_, call);
  if (!sight) return try_again_or(sight.error(), call);
  if (sight->found) {
    const auto& o = *sight->found;
    current_ = {o.address, o.id, o.generation, o.region, o.outputs, {}};
    enter(Stage::kRemove);
    return RetryAfter{0s, "it had been made; removing it"};
  }
  const Duration age = call.clock.now() - intent_->at;
  if (!sight->stranger && age < kConsistencyWindow)
    return RetryAfter{std::clamp<Duration>(age / 2, 1s, 8s), "making sure that it was never made"};
  return forget(ledger);
}

Step Operation::forget(Ledger& ledger) {
  Record record = ledger.record(change_.address);
  record.id.clear();
  record.outputs = Json();
  record.creating.reset();
  record.deleting = false;
  if (auto written = ledger.write(record, "outcome", {{"action", name(change_.action)}}); !written)
    return Failed{written.error()};
  return Done{};
}

Step Operation::adopt(Ledger& ledger) {
  Record record = ledger.record(change_.address);
  record.generation = std::max(record.generation, current_.generation);
  record.id = current_.id;
  record.region = current_.region;
  record.outputs = current_.outputs;
  record.inputs = wish_ ? wish_->inputs : Json();
  record.creating.reset();
  record.deleting = false;
  if (auto written = ledger.write(record, "outcome", {{"action", "adopt"}, {"id", current_.id}}); !written)
    return Failed{written.error()};
  return Done{current_.id, current_.outputs};
}

}  // namespace tombolo::engine
