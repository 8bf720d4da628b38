#include "sim/ssm.hpp"

#include <fmt/format.h>

#include "codec/base64.hpp"
#include "crypto/hash.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

// Standard parameters hold 4 KB, advanced ones 8 KB (SSM user guide, "Managing parameter tiers").
constexpr std::size_t kStandardLimit = 4096;
constexpr std::size_t kAdvancedLimit = 8192;

bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed = "._-/";
  if (name.empty() || name.size() > 1011) return false;
  for (unsigned char c : name) {
    if (!((c < 0x80 && std::isalnum(c)) || kAllowed.find(static_cast<char>(c)) != std::string_view::npos)) return false;
  }
  return true;
}

JsonObject show(const Region& region, const std::string& name, const StoredParameter& parameter, bool decrypt) {
  std::string value = parameter.value;
  if (parameter.type == "SecureString" && !decrypt) {
    value = "AQICAHi" + codec::encode_base64(crypto::sha256(parameter.value));  // KMS's ciphertext means nothing to us
  }
  bool is_public = name.starts_with("/aws/");
  return {{"Name", name},
          {"Type", parameter.type},
          {"Value", value},
          {"Version", parameter.version},
          {"LastModifiedDate", std::chrono::duration<double>(parameter.modified.time_since_epoch()).count()},
          {"ARN", fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", region.name, is_public ? "" : kAccount,
                              name.starts_with("/") ? "" : "/", name)},
          {"DataType", "text"}};
}

}  // namespace

Outcome<Json> get_parameter(Call& call, const Json& in) {
  auto name = codec::text_at(in, "Name");
  if (name.empty())
    return refuse("ValidationException", "Value null at 'name' failed to satisfy constraint: Member must not be null");
  auto it = call.region.parameters.find(name);
  if (it == call.region.parameters.end()) return refuse("ParameterNotFound", "");
  return Json(JsonObject{{"Parameter", show(call.region, name, it->second, codec::bool_at(in, "WithDecryption"))}});
}

Outcome<Json> get_parameters(Call& call, const Json& in) {
  JsonArray found, invalid;
  const auto* names = codec::find(in, "Names");
  if (!names || !names->is_array())
    return refuse("ValidationException", "Value null at 'names' failed to satisfy constraint: Member must not be null");
  for (const auto& each : names->get_array()) {
    if (!each.is_string()) return refuse("SerializationException", "Names must be strings");
    std::string name(each.get_string());
    auto it = call.region.parameters.find(name);
    if (it == call.region.parameters.end())
      invalid.push_back(each);
    else
      found.push_back(show(call.region, name, it->second, codec::bool_at(in, "WithDecryption")));
  }
  return Json(JsonObject{{"Parameters", found}, {"InvalidParameters", invalid}});
}

Outcome<Json> put_parameter(Call& call, const Json& in) {
  auto name = codec::text_at(in, "Name"), value = codec::text_at(in, "Value");
  auto type = codec::text_at(in, "Type"), tier = codec::text_at(in, "Tier", "Standard");
  if (name.starts_with("/aws") || name.starts_with("/ssm") || name.starts_with("aws") || name.starts_with("ssm")) {
    return refuse("ValidationException",
                  "Parameter name: can't be prefixed with \"ssm\" (case-insensitive) or \"aws\".");
  }
  if (!is_name(name)) {
    return refuse("ValidationException",
                  "Parameter name must be a fully qualified name of letters, digits and the symbols . _ - /");
  }
  if (value.empty())
    return refuse("ValidationException",
                  "Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1");
  bool advanced = tier == "Advanced" || tier == "Intelligent-Tiering";
  if (value.size() > (advanced ? kAdvancedLimit : kStandardLimit)) {
    return refuse("ValidationException",
                  fmt::format("{} tier parameters support a maximum parameter value of {} characters.",
                              advanced ? "Advanced" : "Standard", advanced ? kAdvancedLimit : kStandardLimit));
  }
  auto it = call.region.parameters.find(name);
  bool there = it != call.region.parameters.end();
  if (there && !codec::bool_at(in, "Overwrite")) {
    return refuse(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.");
  }
  if (type.empty() && !there)
    return refuse("ValidationException", "A parameter type is required when you create a parameter.");
  if (!type.empty() && type != "String" && type != "SecureString" && type != "StringList") {
    return refuse("UnsupportedParameterType", fmt::format("The parameter type {} is not supported.", type));
  }
  auto& parameter = call.region.parameters[name];
  parameter.version = there ? parameter.version + 1 : 1;
  parameter.value = value;
  if (!type.empty()) parameter.type = type;
  parameter.modified = call.now;
  return Json(JsonObject{{"Version", parameter.version}, {"Tier", advanced ? "Advanced" : "Standard"}});
}

Outcome<Json> delete_parameter(Call& call, const Json& in) {
  auto name = codec::text_at(in, "Name");
  if (name.starts_with("/aws/")) return refuse("AccessDeniedException", "Public parameters cannot be deleted.");
  if (call.region.parameters.erase(name) == 0) return refuse("ParameterNotFound", "");
  return Json(JsonObject{});
}

Outcome<Json> delete_parameters(Call& call, const Json& in) {
  JsonArray deleted, invalid;
  const auto* names = codec::find(in, "Names");
  if (!names || !names->is_array())
    return refuse("ValidationException", "Value null at 'names' failed to satisfy constraint: Member must not be null");
  for (const auto& each : names->get_array()) {
    bool gone = each.is_string() && !each.get_string().starts_with("/aws/") &&
                call.region.parameters.erase(std::string(each.get_string())) > 0;
    (gone ? deleted : invalid).push_back(each);
  }
  return Json(JsonObject{{"DeletedParameters", deleted}, {"InvalidParameters", invalid}});
}

}  // namespace tombolo::sim
