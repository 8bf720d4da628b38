#include "aws/sts.hpp"

#include "aws/wire.hpp"

namespace tombolo::aws {
namespace {

Result<Credentials> credentials_of(const codec::XmlElement& result, std::string_view action) {
  Credentials out;
  out.access_key = TRY(required(result, "Credentials/AccessKeyId", action));
  out.secret_key = Secret<std::string>(TRY(required(result, "Credentials/SecretAccessKey", action)));
  out.session_token = Secret<std::string>(TRY(required(result, "Credentials/SessionToken", action)));
  out.expires = time_at(result, "Credentials/Expiration");
  return out;
}

}  // namespace

Result<CallerIdentity> caller_identity(Client& client, const CallOptions& options) {
  const auto root = TRY(client.query(kSts, "GetCallerIdentity", {}, kRead, options));
  CallerIdentity who;
  who.account = TRY(required(root, "GetCallerIdentityResult/Account", "GetCallerIdentity"));
  who.arn = root.text_at("GetCallerIdentityResult/Arn");
  who.user_id = root.text_at("GetCallerIdentityResult/UserId");
  return who;
}

Result<Credentials> assume_role(Client& client, const AssumeRole& role, const CallOptions& options) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(role.duration).count();
  Parameters parameters{
      {"RoleArn", role.role_arn}, {"RoleSessionName", role.session_name}, {"DurationSeconds", std::to_string(seconds)}};
  if (!role.external_id.empty()) parameters.emplace_back("ExternalId", role.external_id);
  if (!role.mfa_serial.empty()) {
    parameters.emplace_back("SerialNumber", role.mfa_serial);
    parameters.emplace_back("TokenCode", role.token_code);
  }
  const auto root = TRY(client.query(kSts, "AssumeRole", parameters, kRead, options));
  const codec::XmlElement* result = root.find("AssumeRoleResult");
  if (!result) return fail(Code::kCorrupt, "AWS's answer to AssumeRole holds no credentials");
  Credentials out = TRY(credentials_of(*result, "AssumeRole"));
  out.source = "role " + role.role_arn;
  return out;
}

Result<Credentials> assume_role_with_web_identity(Client& unsigned_client, const std::string& role_arn,
                                                  const std::string& session_name, const Secret<std::string>& token,
                                                  const CallOptions& options) {
  const Parameters parameters{
      {"RoleArn", role_arn}, {"RoleSessionName", session_name}, {"WebIdentityToken", token.expose()}};
  const auto root = TRY(unsigned_client.query(kSts, "AssumeRoleWithWebIdentity", parameters, kRead, options));
  const codec::XmlElement* result = root.find("AssumeRoleWithWebIdentityResult");
  if (!result) return fail(Code::kCorrupt, "AWS's answer to AssumeRoleWithWebIdentity holds no credentials");
  Credentials out = TRY(credentials_of(*result, "AssumeRoleWithWebIdentity"));
  out.source = "role " + role_arn + " by web identity";
  return out;
}

Result<std::string> decode_authorization_message(Client& client, const std::string& encoded,
                                                 const CallOptions& options) {
  const auto root =
      TRY(client.query(kSts, "DecodeAuthorizationMessage", {{"EncodedMessage", encoded}}, kRead, options));
  return required(root, "DecodeAuthorizationMessageResult/DecodedMessage", "DecodeAuthorizationMessage");
}

}  // namespace tombolo::aws
