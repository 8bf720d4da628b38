#include "engine/record.hpp"

#include <fmt/format.h>

namespace tombolo::engine {

using std::chrono::milliseconds;

Json to_json(const Record& r) {
  codec::JsonObject out{{"generation", r.generation}, {"id", r.id}, {"region", r.region}, {"inputs", r.inputs}, {"outputs", r.outputs}};
  if (r.deleting) out["deleting"] = true;
  if (r.creating) {
    const auto& intent = *r.creating;
    out["creating"] = {{"generation", intent.generation},
                       {"variant", intent.variant},
                       {"request", intent.request},
                       {"at", std::chrono::duration_cast<milliseconds>(intent.at.time_since_epoch()).count()}};
  }
  return out;
}

Result<Record> record_from_json(const Address& address, const Json& body) {
  if (!body.is_object()) return fail(Code::kCorrupt, fmt::format("the journal's record of {} is not an object", address.text()));
  auto copy = [&](const char* key) { const Json* v = codec::find(body, key); return v ? *v : Json(); };
  Record r;
  r.address = address;
  r.generation = codec::number_at(body, "generation");
  r.id = codec::text_at(body, "id");
  r.region = codec::text_at(body, "region");
  r.inputs = copy("inputs");
  r.outputs = copy("outputs");
  r.deleting = codec::bool_at(body, "deleting");
  if (const Json* creating = codec::find(body, "creating")) {
    const Json* request = codec::find(*creating, "request");
    r.creating = Intent{address, codec::number_at(*creating, "generation"), static_cast<int>(codec::number_at(*creating, "variant")),
                        request ? *request : Json(), Time(milliseconds(codec::number_at(*creating, "at")))};
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
