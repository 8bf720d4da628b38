// STS: who the caller is, temporary keys, and what an encoded refusal means.
#pragma once
#include <string>
#include <string_view>

#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> get_caller_identity(Call& call, XmlOut& out);
Outcome<> assume_role(Call& call, XmlOut& out);
Outcome<> decode_authorization_message(Call& call, XmlOut& out);

// The refusal of an action that the caller may not do, as its protocol words it.
Refusal not_authorized(Protocol protocol, const AccessKey& caller, std::string_view service, std::string_view action);

}  // namespace tombolo::sim
