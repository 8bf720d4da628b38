// What the journal knows of the cluster's resources: one record an address, kept beside the entries in the same
// transaction. A record with an open intent is a promise that settle must keep.
#pragma once
#include <map>
#include <string>

#include "engine/resource.hpp"
#include "store/journal.hpp"

namespace tombolo::engine {

struct Record {
  Address address;
  std::int64_t generation = 0;         // of the newest try; 0: never tried
  std::string id;                      // "" while it is not known to exist
  std::string region;
  Json inputs;                         // as last applied
  Json outputs;
  std::optional<Intent> creating;      // sent, answer not seen
  Time made_at{};                      // reads may not show it yet
  std::string gone_id;                 // of the last one we removed: reads may still show it
  Time gone_at{};
  bool deleting = false;               // a delete was begun and its end not seen
};

// After this long, reads show what was made and no longer show what was removed. AWS documents up to two minutes; the call
// itself may have been under way for one more.
inline constexpr Duration kConsistencyWindow = 180s;

using State = std::map<Address, Record>;

Json to_json(const Record& record);
Result<Record> record_from_json(const Address& address, const Json& body);
Result<State> load_state(store::Journal& journal);

}  // namespace tombolo::engine
