// Credentials that a service beside us hands out: a container's agent, an instance's metadata service.
#include <fmt/format.h>

#include "aws/credential_sources.hpp"
#include "base/files.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"

namespace tombolo::aws {
namespace {

constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kMetadataHost = "http://169.254.169.254";
constexpr const char* kMetadataHostV6 = "http://[fd00:ec2::254]";
constexpr Duration kOnThisMachine = std::chrono::seconds(1);  // the services are this near; silence means there is none

// Both services answer with the same object; its keys are of the agent's own spelling.
Result<Credentials> read_answer(std::string_view body, const std::string& source) {
  const auto json = codec::parse_json(body);
  if (!json) return fail(Code::kCredentials, source + " answered with something that is not JSON");
  if (const std::string code = codec::text_at(*json, "Code", "Success"); code != "Success")
    return fail(Code::kCredentials, fmt::format("{} answered {}: {}", source, code, codec::text_at(*json, "Message")));
  Credentials out;
  out.access_key = codec::text_at(*json, "AccessKeyId");
  out.secret_key = Secret<std::string>(codec::text_at(*json, "SecretAccessKey"));
  out.session_token = Secret<std::string>(codec::text_at(*json, "Token"));
  out.source = source;
  if (const auto expires = parse_time(codec::text_at(*json, "Expiration"))) out.expires = *expires;
  if (out.access_key.empty() || out.secret_key.empty())
    return fail(Code::kCredentials, source + " answered without an access key");
  return out;
}

// A token must not travel in the clear to another machine.
bool may_be_asked(const codec::Url& url) {
  return url.scheme == "https" || url.host == "localhost" || url.host.starts_with("127.") || url.host == "::1" ||
         url.host == "169.254.170.2" || url.host == "169.254.170.23" || url.host == "fd00:ec2::23";
}

Result<std::string> container_authorization(const Environment& environment) {
  const std::string file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (file.empty()) return environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  std::string token = TRY(read_file(file, std::size_t{64} << 10));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  return token;
}

bool is_true(const std::string& text) { return text == "true" || text == "True" || text == "TRUE"; }

}  // namespace

Result<Found> from_container(const SourceContext& context) {
  const Environment& environment = context.options.environment;
  const std::string relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty()) return Found();
  const std::string source = "the container's credentials endpoint";
  net::Request request;
  request.url = relative.empty() ? full : kContainerHost + relative;
  request.timeout = std::chrono::seconds(5);
  if (relative.empty()) {
    const auto url = codec::parse_url(full);
    if (!url || !may_be_asked(*url))
      return fail(Code::kCredentials,
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI names neither an https URL nor this machine: " + full);
  }
  auto token = container_authorization(environment);
  if (!token)
    return fail(Error(Code::kCredentials, "the token for " + source + " cannot be read: " + token.error().sentence()));
  if (!token->empty()) request.headers.push_back({"Authorization", *token});
  auto answer = context.transport.send(request, context.stop);
  if (!answer) return fail(std::move(answer.error()).context("asking " + source));
  if (answer->status != 200)
    return fail(Code::kCredentials, fmt::format("{} answered with HTTP {}", source, answer->status));
  return Found(TRY(read_answer(answer->body, source)));
}

Result<Found> from_instance_metadata(const SourceContext& context) {
  const Environment& environment = context.options.environment;
  if (is_true(environment.get("AWS_EC2_METADATA_DISABLED"))) return Found();
  std::string host = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (host.empty())
    host = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") == "IPv6" ? kMetadataHostV6 : kMetadataHost;
  if (host.ends_with('/')) host.pop_back();
  const auto ask = [&](const char* method, const std::string& path, net::Headers headers) {
    return context.transport.send({method, host + path, std::move(headers), "", kOnThisMachine}, context.stop);
  };

  const auto token = ask("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}});
  if (!token && token.error().code() == Code::kCancelled) return fail(token.error());
  if (!token || token->status != 200) return Found();  // not in EC2, or the hop limit is in the way
  const net::Headers authorized{{"X-aws-ec2-metadata-token", token->body}};
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  auto role = ask("GET", path, authorized);
  if (!role) return fail(std::move(role.error()).context("asking for this machine's role"));
  const std::string name = role->body.substr(0, role->body.find('\n'));
  if (role->status != 200 || name.empty()) return Found();  // an instance without a role
  auto answer = ask("GET", path + codec::percent_encode(name), authorized);
  if (!answer) return fail(std::move(answer.error()).context("asking for the credentials of this machine's role"));
  if (answer->status != 200)
    return fail(Code::kCredentials,
                fmt::format("the metadata service answered with HTTP {} for the role {}", answer->status, name));
  return Found(TRY(read_answer(answer->body, "this machine's role " + name)));
}

}  // namespace tombolo::aws
