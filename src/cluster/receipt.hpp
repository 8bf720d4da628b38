// `down`: remove everything that carries our tags or stands in the journal, in every region the journal has ever named,
// look again until nothing is left, and say so on a receipt.
#pragma once
#include "cluster/session.hpp"

namespace tombolo::cluster {

struct Removed {
  std::string region;
  std::string address;
  std::string id;
};

struct Left {
  std::string region;
  std::string what;  // "aws.security_group/lighthouse"
  std::string id;
  bool billable = false;
  std::string reason;  // what blocks it and whose that is; "" when only not gone yet
};

struct Receipt {
  std::vector<std::string> regions;  // searched
  std::vector<std::string> searched;  // what was asked in each: "instances by tag tombolo:cluster"
  std::vector<Removed> removed;
  std::vector<Left> left;
  std::vector<std::string> kept;  // files of ours that stay on this machine
  bool home_searched = false;  // the home cluster was asked
  bool cancelled = false;
  int billable() const;
  bool zero() const { return left.empty() && !cancelled; }
};

// What `down` would remove, by region; changes nothing.
Result<std::map<std::string, engine::Plan>> plan_down(Session& session, const std::stop_token& stop);
Result<Receipt> down(Session& session, const std::stop_token& stop);

engine::Json to_json(const Receipt& receipt);

}  // namespace tombolo::cluster
