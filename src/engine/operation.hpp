// One change being carried out: a little state machine that never waits inside. The executor calls advance() until it is
// Done or Failed; every effect has its intent in the journal first.
#pragma once
#include <memory>

#include "engine/plan.hpp"
#include "engine/retry.hpp"

namespace tombolo::engine {

// What the operations of one run share. Thread-safe where it says so.
class Ledger {
 public:
  Ledger(store::Journal& journal, State& state, std::string run, Clock& clock)
      : journal_(journal), state_(state), run_(std::move(run)), clock_(clock) {}

  Record record(const Address& address) const;  // thread-safe
  Result<> write(const Record& record, std::string event, Json body);  // thread-safe; durable on return
  Result<> note(const Address& address, std::string event, Json body);
  void set_outputs(const Address& address, Json outputs);  // thread-safe
  std::optional<Json> outputs(const Address& address) const;  // thread-safe

 private:
  store::Journal& journal_;
  State& state_;
  std::string run_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Address, Json> outputs_;
};

enum class Work { kRemove, kMake, kMend, kSettle, kForget, kAdopt };

class Operation {
 public:
  Operation(const Change& change, Work work, Kind& kind, std::uint64_t seed);

  // `call` carries the surroundings; since and attempt are filled in here.
  Step advance(Ledger& ledger, Call call);

  const Change& change() const { return change_; }
  Work work() const { return work_; }
  std::string_view action() const;

 private:
  enum class Stage { kRemove, kSend, kConverge, kLook };

  Step remove(Ledger& ledger, const Call& call);
  Step send(Ledger& ledger, const Call& call);
  Step converge(Ledger& ledger, const Call& call);
  Step look(Ledger& ledger, const Call& call);  // settling what is no longer wished
  Step forget(Ledger& ledger);
  Step adopt(Ledger& ledger);
  Result<> begin_intent(Ledger& ledger, const Call& call);
  std::optional<Step> find_earlier_effect(Ledger& ledger, const Call& call);
  Step made(Ledger& ledger, const Call& call, std::string id, Json outputs);
  Step failed_to_send(Ledger& ledger, const Call& call, Error error);
  Step try_again_or(Error error, const Call& call);
  void enter(Stage stage);

  const Change& change_;
  Work work_;
  Kind& kind_;
  Backoff backoff_;
  Stage stage_;
  Time since_{};
  int attempt_ = 0;

  std::optional<Wish> wish_;  // resolved
  std::optional<Intent> intent_;
  std::int64_t generation_;
  int variant_ = 0;
  bool maybe_sent_ = false;  // an earlier try may have had its effect
  bool duplicate_ = false;  // the world says something of that name is there
  bool announced_ = false;  // the intent to remove or mend is in the journal
  std::optional<Error> last_refusal_;
  Current current_;
};

}  // namespace tombolo::engine
