#include "aws/ssm.hpp"

#include <fmt/format.h>

namespace tombolo::aws {
namespace {

constexpr std::size_t kStandardTier = 4096;  // bytes of a parameter that costs nothing

Result<codec::Json> get(Client& client, const std::string& name, bool decrypt, const CallOptions& options) {
  codec::JsonObject ask{{"Name", name}};
  if (decrypt) ask["WithDecryption"] = true;
  auto answer = TRY(client.json(kSsm, "GetParameter", ask, {CallKind::kRead, Repeat::kSafe}, options));
  if (const codec::Json* value = codec::find(answer, "Parameter.Value"); !value || !value->is_string())
    return fail(Code::kCorrupt, fmt::format("AWS's answer to GetParameter holds no value for {}", name));
  return answer;
}

}  // namespace

Result<std::string> get_parameter(Client& client, const std::string& name, const CallOptions& options) {
  return codec::text_at(TRY(get(client, name, false, options)), "Parameter.Value");
}

Result<Secret<std::string>> get_secret_parameter(Client& client, const std::string& name, const CallOptions& options) {
  return Secret<std::string>(codec::text_at(TRY(get(client, name, true, options)), "Parameter.Value"));
}

Result<> put_secret_parameter(Client& client, const std::string& name, const Secret<std::string>& value,
                              const Tags& tags, bool overwrite, const CallOptions& options) {
  if (value.expose().size() > kStandardTier)
    return fail(Code::kBadInput, fmt::format("the value for {} has {} bytes, and SSM keeps at most {}", name,
                                             value.expose().size(), kStandardTier));
  codec::JsonObject ask{{"Name", name}, {"Value", value.expose()}, {"Type", "SecureString"}};
  if (overwrite) ask["Overwrite"] = true;
  codec::JsonArray list;
  for (const auto& [key, text] : tags) list.push_back(codec::JsonObject{{"Key", key}, {"Value", text}});
  if (!overwrite && !list.empty()) ask["Tags"] = std::move(list);
  // Overwriting twice is overwriting once; creating twice would answer kDuplicate for our own first try.
  const Repeat repeat = overwrite ? Repeat::kSafe : Repeat::kLookFirst;
  (void)TRY(client.json(kSsm, "PutParameter", ask, {CallKind::kCreate, repeat}, options));
  return {};
}

Result<> delete_parameter(Client& client, const std::string& name, const CallOptions& options) {
  (void)TRY(client.json(kSsm, "DeleteParameter", codec::JsonObject{{"Name", name}}, {CallKind::kDelete, Repeat::kSafe},
                        options));
  return {};
}

}  // namespace tombolo::aws
