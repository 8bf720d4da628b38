#include "engine/record.hpp"

#include <fmt/format.h>

namespace tombolo::engine {

using std::chrono::milliseconds;

namespace {
std::int64_t to_number(Time t) { return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count(); }
Time to_time(std::int64_t number) { return Time(milliseconds(number)); }
}  // namespace

Json to_json(const Record& r) {
  codec::JsonObject out{
      {"generation", r.generation}, {"id", r.id}, {"region", r.region}, {"inputs", r.inputs}, {"outputs", r.outputs}};
  if (r.deleting) out["deleting"] = true;
  if (r.made_at != Time{}) out["madeAt"] = to_number(r.made_at);
  if (!r.gone_id.empty()) out["gone"] = {{"id", r.gone_id}, {"at", to_number(r.gone_at)}};
  if (r.creating) {
    const auto& intent = *r.creating;
    out["creating"] = {{"generation", intent.generation},
                       {"variant", intent.variant},
                       {"request", intent.request},
                       {"at", to_number(intent.at)}};
  }
  return out;
}

Result<Record> record_from_json(const Address& address, const Json& body) {
  if (!body.is_object())
    return fail(Code::kCorrupt, fmt::format("the journal's record of {} is not an object", address.text()));
  auto copy = [&](const char* key) {
    const Json* v = codec::find(body, key);
    return v ? *v : Json();
  };
  Record r;
  r.address = address;
  r.generation = codec::number_at(body, "generation");
  r.id = codec::text_at(body, "id");
  r.region = codec::text_at(body, "region");
  r.inputs = copy("inputs");
  r.outputs = copy("outputs");
  r.deleting = codec::bool_at(body, "deleting");
  r.made_at = to_time(codec::number_at(body, "madeAt"));
  r.gone_id = codec::text_at(body, "gone.id");
  r.gone_at = to_time(codec::number_at(body, "gone.at"));
  if (const Json* creating = codec::find(body, "creating")) {
    const Json* request = codec::find(*creating, "request");
    r.creating = Intent{address, codec::number_at(*creating, "generation"),
                        static_cast<int>(codec::number_at(*creating, "variant")), request ? *request : Json(),
                        to_time(codec::number_at(*creating, "at"))};
  }
  return r;
}

Result<State> load_state(store::Journal& journal) {
  State state;
  for (const auto& [text, body] : TRY(journal.records())) {
    auto address = TRY(Address::parse(text));
    state.emplace(address, TRY(record_from_json(address, body)));
  }
  return state;
}

}  // namespace tombolo::engine
