#include "sim/authentication.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aws/sigv4.hpp"

namespace tombolo::sim {
namespace {

constexpr Duration kTolerance = 15min;

struct Words {
  Refusal no_signature, unknown_key, wrong_signature, wrong_token, expired_token;
};

Words words(Protocol protocol) {
  constexpr auto kNotMatching =
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
      "and "
      "signing method. Consult the service documentation for details.";
  constexpr auto kInvalid = "The security token included in the request is invalid.";
  constexpr auto kExpired = "The security token included in the request is expired";
  constexpr auto kNotValidated = "AWS was not able to validate the provided access credentials";
  switch (protocol) {
    case Protocol::kEc2:
      return {{"MissingAuthenticationToken", "Request is missing Authentication Token", 403},
              {"AuthFailure", kNotValidated, 401},
              {"AuthFailure", kNotValidated, 401},
              {"AuthFailure", kNotValidated, 401},
              {"RequestExpired", "Request has expired.", 400}};
    case Protocol::kJson:
      return {{"MissingAuthenticationTokenException", "Request is missing Authentication Token", 400},
              {"UnrecognizedClientException", kInvalid, 400},
              {"InvalidSignatureException", kNotMatching, 400},
              {"UnrecognizedClientException", kInvalid, 400},
              {"ExpiredTokenException", kExpired, 400}};
    default:
      return {{"MissingAuthenticationToken", "Request is missing Authentication Token", 403},
              {"InvalidClientTokenId", kInvalid, 403},
              {"SignatureDoesNotMatch", kNotMatching, 403},
              {"InvalidClientTokenId", kInvalid, 403},
              {"ExpiredToken", kExpired, 403}};
  }
}

std::string basic_time(Time t) {
  std::string text = format_time(t);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

Refusal wrong_time(Protocol protocol, Time claimed, Time now) {
  if (protocol == Protocol::kEc2) return {"RequestExpired", "Request has expired.", 400};
  bool late = claimed < now;
  auto edge = late ? now - kTolerance : now + kTolerance;
  auto text =
      fmt::format("Signature {}: {} is now {} than {} ({} {} 15 min.)", late ? "expired" : "not yet current",
                  basic_time(claimed), late ? "earlier" : "later", basic_time(edge), basic_time(now), late ? "-" : "+");
  return {protocol == Protocol::kJson ? "InvalidSignatureException" : "SignatureDoesNotMatch", text,
          protocol == Protocol::kJson ? 400 : 403};
}

}  // namespace

Outcome<Caller> authenticate(const World& world, const net::Request& request, Protocol protocol,
                             std::string_view service, Time now) {
  auto say = words(protocol);
  auto no = [](const Refusal& refusal) { return tl::unexpected<Refusal>(refusal); };
  auto received = aws::read_signature(request);
  if (!world.options.check_signatures) {
    return Caller{world.keys.empty() ? AccessKey{} : world.keys.begin()->second,
                  received ? received->scope.region : "us-east-1"};
  }
  if (!received) {
    if (received.error().code() == Code::kNotFound) return no(say.no_signature);
    return refuse("IncompleteSignature", received.error().sentence(), protocol == Protocol::kJson ? 400 : 403);
  }
  auto it = world.keys.find(received->access_key);
  if (it == world.keys.end()) return no(say.unknown_key);
  const auto& key = it->second;
  if (key.session_token != received->session_token) return no(say.wrong_token);
  if (key.expires && *key.expires <= now) return no(say.expired_token);
  auto off = received->at < now ? now - received->at : received->at - now;
  if (off > kTolerance) return no(wrong_time(protocol, received->at, now));
  auto mis_scoped = [&](std::string what) {
    return refuse(say.wrong_signature.code, fmt::format("Credential should be scoped to {}.", what),
                  say.wrong_signature.status);
  };
  if (received->scope.service != service) return mis_scoped(fmt::format("correct service: '{}'", service));
  if (!known_region(received->scope.region)) return mis_scoped("a valid region");
  if (basic_time(received->at).substr(0, 8) != received->date) return mis_scoped("the date of the request");
  const auto& names = received->signed_headers;
  bool covers_host = std::find(names.begin(), names.end(), "host") != names.end();
  auto expected = aws::expected_signature(request, *received, Secret<std::string>(key.secret));
  if (!covers_host || !expected || *expected != received->signature) return no(say.wrong_signature);
  return Caller{key, received->scope.region};
}

}  // namespace tombolo::sim
