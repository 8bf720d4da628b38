// What a Kubernetes API server's refusals mean to us: from a Status object, or from whatever stands where one should (a
// proxy's HTML page), to an Error. Pure. Source: k8s.io/apimachinery/pkg/apis/meta/v1 (StatusReason, CauseType).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "net/transport.hpp"

namespace tombolo::kube {

struct StatusCause {
  std::string reason;  // "FieldManagerConflict"
  std::string message;  // "conflict with \"kubectl\" using apps/v1"
  std::string field;  // ".spec.replicas"
};

struct Status {
  std::string reason;  // "NotFound"
  std::string message;
  int code = 0;
  std::string name;  // of the object it is about
  std::string kind;  // its resource, in spite of the name: "pods"
  std::vector<StatusCause> causes;
  std::optional<Duration> retry_after;
};

// Nothing when the value is no Status.
std::optional<Status> read_status(const codec::Json& value);

// The Error of a Status that says Failure. `doing` is what we asked for: "applying DaemonSet nebula/nebula".
//   NotFound -> kNotFound            AlreadyExists -> kDuplicate      Conflict -> kConflict, naming fields and their owners
//   Invalid, BadRequest -> kBadInput Forbidden -> kPermission, naming verb and resource; kQuota; kState while a namespace ends
//   Unauthorized -> kCredentials     TooManyRequests -> kThrottled    Expired, Gone -> kInconsistent: is_expired()
//   InternalError, ServerTimeout, Timeout, ServiceUnavailable -> kTransient, naming the webhook that was not reached
Error error_of(const Status& status, std::string_view doing);
Error error_of(const net::Response& answer, std::string_view doing);

// A list's continue token or a watch's resourceVersion is too old: begin anew.
bool is_expired(const Error& error);

// Retry-After of an answer, or what its Status says. Dates are not read: Kubernetes writes seconds.
std::optional<Duration> retry_after(const net::Response& answer);

}  // namespace tombolo::kube
