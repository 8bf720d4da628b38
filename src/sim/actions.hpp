// The table of everything the simulated AWS can be asked: action -> handler, accepted parameters, pace.
#pragma once
#include <string_view>

#include "codec/json.hpp"
#include "sim/weather.hpp"
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

using QueryHandler = Outcome<> (*)(Call&, XmlOut&);
using JsonHandler = Outcome<codec::Json> (*)(Call&, const codec::Json&);

struct QueryAction {
  std::string_view service;     // "ec2", "sts"
  std::string_view name;
  QueryHandler handler;
  Pace pace;
  std::string_view parameters;  // generic names ("Filter.N.Name"), separated by blanks; "Prefix.*" for all below
  bool accepts(std::string_view parameter) const;  // a name as it was sent
};

struct JsonAction {
  std::string_view service;     // "ssm", "servicequotas"
  std::string_view name;
  JsonHandler handler;
};

const QueryAction* find_query_action(std::string_view service, std::string_view name);
const JsonAction* find_json_action(std::string_view service, std::string_view name);

}  // namespace tombolo::sim
