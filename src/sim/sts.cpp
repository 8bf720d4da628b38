#include "sim/sts.hpp"

#include <fmt/format.h>

#include "codec/base64.hpp"
#include "codec/json.hpp"

namespace tombolo::sim {
namespace {

// "arn:aws:iam::123456789012:role/path/name" -> "name"; "" when it is no role of ours.
std::string role_name(std::string_view arn) {
  auto prefix = fmt::format("arn:aws:iam::{}:role/", kAccount);
  if (!arn.starts_with(prefix)) return "";
  return std::string(arn.substr(arn.rfind('/') + 1));
}

}  // namespace

Outcome<> get_caller_identity(Call& call, XmlOut& out) {
  out.leaf("Arn", call.caller.arn).leaf("UserId", call.caller.user_id).leaf("Account", kAccount);
  return {};
}

Outcome<> assume_role(Call& call, XmlOut& out) {
  auto role = role_name(GRANTED(call.q.required("RoleArn")));
  auto session = GRANTED(call.q.required("RoleSessionName"));
  if (role.empty()) {
    return refuse("AccessDenied",
                  fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}", call.caller.arn,
                              call.q.text("RoleArn")),
                  403);
  }
  auto seconds = GRANTED(call.q.number("DurationSeconds", 3600));
  if (seconds < 900 || seconds > 43200) {
    return refuse(
        "ValidationError",
        fmt::format("1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy constraint: "
                    "Member must be between 900 and 43200",
                    seconds));
  }
  AccessKey key;
  key.id = fmt::format("ASIDSIMULATED{:07}", call.world.keys.size());
  key.secret = call.world.random.uuid();
  key.session_token = "simulated/session+token=" + call.world.random.uuid();
  key.expires = call.now + std::chrono::seconds(seconds);
  key.user_id = fmt::format("AROASIMULATED0000001:{}", session);
  key.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", kAccount, role, session);
  call.world.keys.insert_or_assign(key.id, key);
  out.node("AssumedRoleUser", [&] { out.leaf("AssumedRoleId", key.user_id).leaf("Arn", key.arn); });
  out.node("Credentials", [&] {
    out.leaf("AccessKeyId", key.id).leaf("SecretAccessKey", key.secret).leaf("SessionToken", key.session_token);
    out.leaf("Expiration", format_time(*key.expires));
  });
  out.leaf("PackedPolicySize", 0);
  return {};
}

Outcome<> decode_authorization_message(Call& call, XmlOut& out) {
  auto message = codec::decode_base64(GRANTED(call.q.required("EncodedMessage")));
  if (!message || !codec::parse_json(as_text(*message))) {
    return refuse("InvalidAuthorizationMessageException", "The message could not be decoded.");
  }
  out.leaf("DecodedMessage", as_text(*message));
  return {};
}

Refusal not_authorized(Protocol protocol, const AccessKey& caller, std::string_view service, std::string_view action) {
  if (protocol != Protocol::kEc2) {
    return {
        protocol == Protocol::kJson ? "AccessDeniedException" : "AccessDenied",
        fmt::format("User: {} is not authorized to perform: {}:{} because no identity-based policy allows the action",
                    caller.arn, service, action),
        protocol == Protocol::kJson ? 400 : 403};
  }
  codec::JsonObject statement{{"allowed", false},
                              {"explicitDeny", false},
                              {"matchedStatements", codec::JsonObject{{"items", codec::JsonArray{}}}},
                              {"context", codec::JsonObject{{"principal", codec::JsonObject{{"arn", caller.arn}}},
                                                            {"action", fmt::format("{}:{}", service, action)},
                                                            {"resource", "*"}}}};
  return {"UnauthorizedOperation",
          fmt::format("You are not authorized to perform this operation. User: {} is not authorized to perform: {}:{}. "
                      "Encoded authorization failure message: {}",
                      caller.arn, service, action, codec::encode_base64(as_bytes(codec::to_text(statement)))),
          403};
}

}  // namespace tombolo::sim
