// AWS Signature Version 4, both sides: the client signs, the simulated AWS recomputes what it was sent.
// Pure. Source: AWS General Reference, "Signing AWS API requests"; the ten vectors of sigv4_test.cpp.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "net/transport.hpp"

namespace tombolo::aws {

struct SigningScope {
  std::string region;
  std::string service;  // signing name: "ec2", "sts", "ssm", "servicequotas", "s3"
};

// Adds X-Amz-Date, X-Amz-Security-Token (when the credentials are temporary), X-Amz-Content-Sha256 (s3 only) and
// Authorization, replacing what stands there, so that a request may be signed again. kBadInput for a URL that is not one.
Result<> sign(net::Request& request, const Credentials& credentials, const SigningScope& scope, Time now);

// What a received request claims in its Authorization header.
struct ReceivedSignature {
  std::string access_key;
  std::string date;  // of the credential scope: "20150830"
  SigningScope scope;
  std::vector<std::string> signed_headers;  // as sent: lower case, sorted
  std::string signature;  // hex
  std::string session_token;  // "" when none was sent
  Time at{};  // X-Amz-Date
};

// kNotFound: there is no Authorization header. kBadInput: there is one, but not of this form (the sentence says what is
// missing, in the manner of AWS's IncompleteSignature). Does not look at times or keys: that is the service's business.
Result<ReceivedSignature> read_signature(const net::Request& request);

// The signature that the holder of `secret_key` would have made for this very request. The host comes from a Host header when
// there is one, else from the URL. Compare with crypto's constant-time comparison or, in a simulation, with ==.
Result<std::string> expected_signature(const net::Request& request, const ReceivedSignature& received,
                                       const Secret<std::string>& secret_key);

// The pieces, for the tests against the published vectors.
Bytes signing_key(const Secret<std::string>& secret_key, std::string_view date, const SigningScope& scope);
Result<std::string> canonical_request(const net::Request& request, const std::vector<std::string>& signed_headers,
                                      const SigningScope& scope);

}  // namespace tombolo::aws
