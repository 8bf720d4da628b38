// SSM Parameter Store (JSON 1.1): the public image parameters, and parameters of our own.
#pragma once
#include "codec/json.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {

Outcome<codec::Json> get_parameter(Call& call, const codec::Json& in);
Outcome<codec::Json> get_parameters(Call& call, const codec::Json& in);
Outcome<codec::Json> put_parameter(Call& call, const codec::Json& in);
Outcome<codec::Json> delete_parameter(Call& call, const codec::Json& in);
Outcome<codec::Json> delete_parameters(Call& call, const codec::Json& in);

}  // namespace tombolo::sim
