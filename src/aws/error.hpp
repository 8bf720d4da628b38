// What AWS's refusals mean to us: one table from error code to Code, and the reader of every dialect of error body.
// Pure. Sources: EC2 API "Error codes", STS, SSM and Service Quotas API references; issues of SDKs where those are silent.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/transport.hpp"

namespace tombolo::aws {

enum class CallKind { kRead, kCreate, kChange, kDelete };

// Some codes mean different things at different times: "no such group" two seconds after we made it is AWS not having heard
// of it yet.
struct CallContext {
  CallKind kind = CallKind::kRead;
  std::optional<Duration> age;  // since we made the youngest thing the call refers to; none: not ours or long ago
};

// Within this time after our own create, "not found" is not to be believed.
inline constexpr Duration kConsistencyWindow = std::chrono::minutes(2);

// `status` is the HTTP status, looked at only when the code says nothing.
Code classify(std::string_view code, std::string_view message, int status, const CallContext& context);

// What an error answer says, whatever its envelope: EC2's <Response><Errors>, STS's <ErrorResponse>, S3's <Error>, JSON 1.1's
// __type. Nothing when the body is none of these (an HTML page, a cut-off answer).
struct ErrorBody {
  std::string code;
  std::string message;
  std::string request_id;
};
std::optional<ErrorBody> read_error_body(std::string_view body);

// The Error of a non-2xx answer, with AWS's own words, what to do next, and the Remote filled in.
Error error_of(std::string_view action, const net::Response& response, const CallContext& context);

}  // namespace tombolo::aws
