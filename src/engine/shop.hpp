// For this folder's tests: a shop of things, the smallest world in which the engine's promises can break. It is a remote
// like AWS: makes things without a client token, shows them late, loses answers, refuses, and counts what there is.
#pragma once
#include <functional>
#include <map>
#include <stdexcept>

#include "engine/executor.hpp"
#include "engine/observe.hpp"

namespace tombolo::engine {

struct Crash : std::runtime_error {
  Crash() : std::runtime_error("the process died here") {}
};

struct Thing {
  std::string kind, name, id;
  std::int64_t generation;
  Json inputs;
  std::string token;
  Time born;
};

class Shop {
 public:
  explicit Shop(Clock& clock) : clock_(clock) {}

  // One remote call: latency, and the places where the process may die or the answer may be lost.
  template <class Effect>
  auto call(const std::string& what, Effect effect) -> Result<decltype(effect())> {
    before_call(what);
    clock_.sleep_for(50ms, {});
    auto value = effect();
    clock_.sleep_for(50ms, {});
    after_call(what);
    if (lost_answers[what] > 0) {
      --lost_answers[what];
      return fail(Code::kTransient, "the answer was lost");
    }
    return value;
  }

  std::function<void(const std::string&)> before_call = [](auto&) {};
  std::function<void(const std::string&)> after_call = [](auto&) {};
  std::map<std::string, int> lost_answers;  // "create", "remove", ...
  std::map<std::string, Code> refusals;  // by name of the thing
  Duration staleness{};  // a fresh thing is not seen for that long
  std::vector<Thing> things;
  int made = 0;
  std::vector<std::string> log;

  Clock& clock() { return clock_; }

 private:
  Clock& clock_;
};

class ThingKind : public Kind {
 public:
  ThingKind(Shop& shop, std::string name, bool token, std::vector<std::string> needs)
      : shop_(shop), name_(std::move(name)), token_(token), needs_(std::move(needs)) {}

  std::string name() const override { return name_; }
  std::string region() const override { return "here"; }
  std::vector<std::string> needs() const override { return needs_; }
  bool repeatable() const override { return token_; }

  Result<std::vector<Observed>> observe(const Call&) override {
    return shop_.call("observe", [&] {
      std::vector<Observed> out;
      for (const auto& t : shop_.things)
        if (t.kind == name_ && t.born + shop_.staleness <= shop_.clock().now())
          out.push_back({{t.kind, t.name},
                         t.id,
                         t.generation,
                         "here",
                         Status::kReady,
                         "",
                         t.inputs,
                         {{"id", t.id}, {"region", "here"}}});
      return out;
    });
  }
  Verdict compare(const Wish& wish, const Observed& o) const override { return {differences(wish, o, {"colour"}), {}}; }
  Result<std::optional<Json>> prepare(const Wish& wish, std::int64_t generation, int variant) const override {
    if (variant > 1) return std::nullopt;
    return Json{{"inputs", wish.inputs},
                {"token", wish.address.text() + std::to_string(generation) + "-" + std::to_string(variant)}};
  }
  Step create(const Intent& intent, const Call&) override {
    if (const auto refused = shop_.refusals.find(intent.address.name);
        refused != shop_.refusals.end() && intent.variant == 0)
      return Failed{Error(refused->second, "refused")};
    auto id = shop_.call("create", [&] {
      const auto token = codec::text_at(intent.request, "token");
      for (const auto& t : shop_.things)
        if (token_ && t.token == token) return t.id;
      Thing thing{name_,
                  intent.address.name,
                  "id-" + std::to_string(++shop_.made),
                  intent.generation,
                  *codec::find(intent.request, "inputs"),
                  token,
                  shop_.clock().now()};
      shop_.things.push_back(thing);
      shop_.log.push_back("create " + intent.address.text());
      return thing.id;
    });
    if (!id) return Failed{id.error()};
    return Done{*id, {{"id", *id}, {"region", "here"}}};
  }
  Step converge(const Wish& wish, const Current& current, const Call& call) override {
    if (call.attempt == 0) return RetryAfter{1s, "settling down"};
    auto done = shop_.call("update", [&] {
      for (auto& t : shop_.things)
        if (t.id == current.id) t.inputs = wish.inputs;
      return true;
    });
    if (!done) return Failed{done.error()};
    return Done{current.id, {{"id", current.id}, {"region", "here"}}};
  }
  Step remove(const Current& current, const Call&) override {
    auto done = shop_.call("remove", [&] {
      std::erase_if(shop_.things, [&](const Thing& t) { return t.id == current.id; });
      shop_.log.push_back("remove " + current.address.text());
      return true;
    });
    if (!done) return Failed{done.error()};
    return Done{current.id, {}};
  }

 private:
  Shop& shop_;
  std::string name_;
  bool token_;
  std::vector<std::string> needs_;
};

}  // namespace tombolo::engine
