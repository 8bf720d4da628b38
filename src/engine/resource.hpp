// The words the engine and the resource kinds share. The engine knows no cloud: a resource is an address, JSON inputs it
// should have, JSON attributes it has, and a Kind that knows how to read, make, mend and remove it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "engine/events.hpp"

namespace tombolo::engine {

using codec::Json;

// "aws.instance/lighthouse": kind, then name within the cluster.
struct Address {
  std::string kind;
  std::string name;
  std::string text() const { return kind + "/" + name; }
  static Result<Address> parse(std::string_view text);
  auto operator<=>(const Address&) const = default;
};

// What the user wants of one resource. Inputs may hold references to outputs of its needs, and unknowns.
struct Wish {
  Address address;
  Json inputs;  // an object
  std::vector<Address> needs;  // must be ready first
};

Json reference(const Address& to, std::string_view output);  // stands for that output once it is known
Json unknown(std::string_view what);  // stands for a value only the world can tell, e.g. offline
bool is_unknown(const Json& value);  // an unknown, or a reference that was not resolved
std::string unknown_text(const Json& value);  // "(known after apply)" or what it will be

// Replaces references by outputs; those whose outputs are not there stay.
Json resolve(const Json& inputs, const std::function<const Json*(const Address&)>& outputs_of);

enum class Status {
  kReady,  // its user could use it
  kPending,  // made, but not ready yet
  kBroken,  // made, and will not become ready by itself
  kGoing,  // on its way out: counts as gone for plans, as there for receipts while it is billable
};

// Of resources that carry no mark of their own, such as an association.
inline constexpr std::int64_t kAnyGeneration = 0;

// One resource as the world has it.
struct Observed {
  Address address;
  std::string id;  // the provider's
  std::int64_t generation = 1;
  std::string region;  // "" for local resources
  Status status = Status::kReady;
  std::string status_detail;
  Json attributes;  // same keys as Wish::inputs where both exist
  Json outputs;  // what references resolve to
};

struct FieldChange {
  std::string field;
  Json before;
  Json after;  // may be unknown
  bool replaces = false;  // cannot be changed in place
};

// What a kind says of a wish and the resource as it is.
struct Verdict {
  std::vector<FieldChange> changes;  // empty: as wished
  std::optional<Error> refused;  // a change we will not make by ourselves, with the reason and the way
};

// What was about to be done, in the journal before it was done.
struct Intent {
  Address address;
  std::int64_t generation = 1;
  int variant = 0;  // which of the ways to make it: e.g. which zone
  Json request;  // complete: sending it again needs nothing else. Never secret
  Time at{};  // when it was first sent, at the earliest
};

// The resource a step works on.
struct Current {
  Address address;
  std::string id;
  std::int64_t generation = 1;
  std::string region;
  Json outputs;
  std::optional<Time>
      made_at{};  // when the journal knows: a delete must not believe a "not found" about something fresh
};

struct Done {
  std::string id;
  Json outputs;
};
struct RetryAfter {
  Duration wait;
  std::string why;  // becomes a phase event: "pending", "waiting for the network interface to go"
};
struct Failed {
  Error error;
};
using Step = std::variant<Done, RetryAfter, Failed>;

// A step's surroundings.
struct Call {
  Clock& clock;
  std::stop_token stop;  // the user wants out: cut short what only reads or waits, finish what changes
  Time since{};  // when this step was first tried in this run
  int attempt = 0;  // how often it was tried in this run before
  std::function<void(std::string phase, std::string detail)> say = [](auto, auto) {};
};

struct Sight {
  std::optional<Observed> found;
  std::optional<Error> stranger;  // something of that name is there, and it is not ours
};

// What a resource of one kind IS to the engine. Stateless between calls; called from several threads.
class Kind {
 public:
  virtual ~Kind() = default;
  virtual std::string name() const = 0;
  // Where its resources are, for the journal: `down` searches every region the journal has ever named. "" for local ones.
  virtual std::string region() const { return ""; }
  // Kinds whose resources must outlive ours: deleting goes against this order.
  virtual std::vector<std::string> needs() const { return {}; }

  // Everything of this kind that carries our mark, also what no file or journal knows of any more.
  virtual Result<std::vector<Observed>> observe(const Call& call) = 0;
  virtual Verdict compare(const Wish& wish, const Observed& observed) const;

  // The complete request for one try, or nothing when there is no such variant. Pure. Inputs are resolved. Default: there is
  // one way, and the inputs are the request.
  virtual Result<std::optional<Json>> prepare(const Wish& wish, std::int64_t generation, int variant) const;
  // True when sending the same request twice makes one resource (a client token, a file that may only be created once).
  virtual bool repeatable() const = 0;
  virtual Step create(const Intent& intent, const Call& call) = 0;
  // Looks whether an intent was carried out although nobody saw the answer. Default: observe() by address and generation.
  virtual Result<Sight> look(const Intent& intent, const Call& call);
  // Makes the changeable fields right and waits until it is ready. Idempotent, called until it is Done.
  virtual Step converge(const Wish& wish, const Current& current, const Call& call) = 0;
  // Until nothing billable is left of it. Idempotent; already gone is Done.
  virtual Step remove(const Current& current, const Call& call) = 0;

 protected:
  // Fields that differ between wish and attributes. Fields the attributes lack are not compared.
  static std::vector<FieldChange> differences(const Wish& wish, const Observed& observed,
                                              const std::vector<std::string>& changeable);
};

// A kind of which nothing is made by one call: all of the work is converge()'s, and nothing of it outlives what it is part of.
class ConvergedKind : public Kind {
 public:
  bool repeatable() const override { return true; }
  Step create(const Intent& intent, const Call& call) override;
  Step remove(const Current& current, const Call& call) override;

 protected:
  // What a resource is called until converge() says its id. Default: its name.
  virtual std::string first_id(const Intent& intent) const { return intent.address.name; }
  // A resource as observe() begins to describe it: ready, of any generation, local.
  Observed seen(std::string resource, std::string id) const;
};

// In the order in which things are made; names are unique.
using Kinds = std::vector<std::shared_ptr<Kind>>;
Kind* find(const Kinds& kinds, const std::string& name);

}  // namespace tombolo::engine
