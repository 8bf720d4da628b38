#include "engine/resource.hpp"

#include <fmt/format.h>

namespace tombolo::engine {

namespace {
constexpr std::string_view kRef = "$ref", kOutput = "$output", kUnknown = "$unknown";
}

std::string_view name(EventType type) {
  switch (type) {
    case EventType::kRunBegun: return "run.begun";
    case EventType::kStepBegun: return "step.begun";
    case EventType::kStepPhase: return "step.phase";
    case EventType::kStepRetry: return "step.retry";
    case EventType::kStepDone: return "step.done";
    case EventType::kStepFailed: return "step.failed";
    case EventType::kStepSkipped: return "step.skipped";
    case EventType::kNote: return "note";
    case EventType::kRunEnded: return "run.ended";
  }
  return "";
}

Result<Address> Address::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
    return fail(Code::kBadInput, fmt::format("\"{}\" is not an address like aws.instance/lighthouse", text));
  return Address{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Json reference(const Address& to, std::string_view output) { return {{kRef, to.text()}, {kOutput, output}}; }
Json unknown(std::string_view what) { return {{kUnknown, what}}; }

bool is_unknown(const Json& value) {
  return value.is_object() && (value.get_object().contains(kUnknown) || value.get_object().contains(kRef));
}

std::string unknown_text(const Json& value) {
  const auto what = codec::text_at(value, kUnknown);
  return what.empty() ? "(known after apply)" : fmt::format("({})", what);
}

Json resolve(const Json& value, const std::function<const Json*(const Address&)>& outputs_of) {
  if (value.is_array()) {
    codec::JsonArray out;
    for (const auto& element : value.get_array()) out.push_back(resolve(element, outputs_of));
    return out;
  }
  if (!value.is_object()) return value;
  const auto& object = value.get_object();
  if (object.contains(kRef)) {
    auto to = Address::parse(codec::text_at(value, kRef));
    const Json* outputs = to ? outputs_of(*to) : nullptr;
    const Json* found = outputs ? codec::find(*outputs, codec::text_at(value, kOutput)) : nullptr;
    return found ? *found : value;
  }
  codec::JsonObject out;
  for (const auto& [key, element] : object) out[key] = resolve(element, outputs_of);
  return out;
}

Verdict Kind::compare(const Wish& wish, const Observed& observed) const {
  return {differences(wish, observed, {}), {}};
}

std::vector<FieldChange> Kind::differences(const Wish& wish, const Observed& observed,
                                           const std::vector<std::string>& changeable) {
  std::vector<FieldChange> out;
  if (!observed.attributes.is_object() || !wish.inputs.is_object()) return out;
  const auto& have = observed.attributes.get_object();
  for (const auto& [key, after] : wish.inputs.get_object()) {
    const auto before = have.find(key);
    if (before == have.end() || codec::to_canonical_text(before->value()) == codec::to_canonical_text(after)) continue;
    const bool in_place = std::find(changeable.begin(), changeable.end(), key) != changeable.end();
    out.push_back({std::string(key), before->value(), after, !in_place});
  }
  return out;
}

Result<std::optional<Json>> Kind::prepare(const Wish& wish, std::int64_t, int variant) const {
  if (variant > 0) return std::nullopt;
  return wish.inputs;
}

Result<Sight> Kind::look(const Intent& intent, const Call& call) {
  for (auto& observed : TRY(observe(call)))
    if (observed.address == intent.address &&
        (observed.generation == intent.generation || observed.generation == kAnyGeneration) &&
        observed.status != Status::kGoing)
      return Sight{std::move(observed), {}};
  return Sight{};
}

Step ConvergedKind::create(const Intent& intent, const Call&) {
  return Done{first_id(intent), Json(codec::JsonObject{})};
}

Step ConvergedKind::remove(const Current& current, const Call&) { return Done{current.id, {}}; }

Observed ConvergedKind::seen(std::string resource, std::string id) const {
  Observed out;
  out.address = {name(), std::move(resource)};
  out.id = std::move(id);
  out.generation = kAnyGeneration;
  return out;
}

Kind* find(const Kinds& kinds, const std::string& name) {
  for (const auto& kind : kinds)
    if (kind->name() == name) return kind.get();
  return nullptr;
}

}  // namespace tombolo::engine
