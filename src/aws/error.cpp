#include "aws/error.hpp"

#include <fmt/format.h>

#include "codec/json.hpp"
#include "codec/xml.hpp"

namespace tombolo::aws {
namespace {

// One row for each code that AWS is known to answer with; a leading '*' matches by ending, and such rows stand last.
// `words`: when the message holds them, the code means `then` instead.
// `fleeting`: a "not found" that our own create explains while it is young.
struct Row {
  std::string_view code;
  Code meaning;
  bool fleeting = false;
  std::string_view words = {};
  Code then = Code::kInternal;
};
constexpr bool kFleeting = true;

constexpr Row kTable[] = {
    // Busy with us.
    {"RequestLimitExceeded", Code::kThrottled},
    {"Throttling", Code::kThrottled},
    {"ThrottlingException", Code::kThrottled},
    {"ThrottledException", Code::kThrottled},
    {"RequestThrottled", Code::kThrottled},
    {"RequestThrottledException", Code::kThrottled},
    {"TooManyRequestsException", Code::kThrottled},
    {"EC2ThrottledException", Code::kThrottled},
    {"SlowDown", Code::kThrottled},
    {"BandwidthLimitExceeded", Code::kThrottled},
    {"PriorRequestNotComplete", Code::kThrottled},
    {"TooManyUpdates", Code::kThrottled},
    // In trouble.
    {"InternalError", Code::kTransient},
    {"InternalFailure", Code::kTransient},
    {"InternalServerError", Code::kTransient},
    {"ServerInternal", Code::kTransient},
    {"ServiceException", Code::kTransient},
    {"Unavailable", Code::kTransient},
    {"ServiceUnavailable", Code::kTransient},
    {"RequestTimeout", Code::kTransient},
    {"RequestTimeoutException", Code::kTransient},
    // No machine of this kind here now. EC2 answers HTTP 500 for some of these; they are not retried in place.
    {"InsufficientInstanceCapacity", Code::kCapacity},
    {"InsufficientHostCapacity", Code::kCapacity},
    {"InsufficientReservedInstanceCapacity", Code::kCapacity},
    {"InsufficientAddressCapacity", Code::kCapacity},
    {"InsufficientVolumeCapacity", Code::kCapacity},
    {"InsufficientCapacity", Code::kCapacity},
    {"UnfulfillableCapacity", Code::kCapacity},
    {"SpotMaxPriceTooLow", Code::kCapacity},
    {"capacity-not-available", Code::kCapacity},
    {"InsufficientFreeAddressesInSubnet", Code::kCapacity},
    {"VolumeTypeNotAvailableInZone", Code::kCapacity},
    {"Unsupported", Code::kUnsupported, false, "Availability Zone", Code::kCapacity},
    // The account's limits.
    {"VcpuLimitExceeded", Code::kQuota},
    {"MaxSpotInstanceCountExceeded", Code::kQuota},
    {"MaxIOPSLimitExceeded", Code::kQuota},
    {"LimitExceededException", Code::kQuota},
    {"QuotaExceededException", Code::kQuota},
    // The account or its keys.
    {"OptInRequired", Code::kAccount},
    {"PendingVerification", Code::kAccount},
    {"Blocked", Code::kAccount},
    {"AccountDisabled", Code::kAccount},
    {"AuthFailure", Code::kAccount, false, "access the specified resource", Code::kPermission},
    {"InvalidClientTokenId", Code::kAccount},
    {"UnrecognizedClientException", Code::kAccount},
    {"IncompleteSignature", Code::kAccount},
    {"MissingAuthenticationToken", Code::kAccount},
    {"RegionDisabledException", Code::kAccount},
    {"SignatureDoesNotMatch", Code::kAccount, false, "expired", Code::kClock},
    {"SignatureDoesNotMatch", Code::kAccount, false, "not yet current", Code::kClock},
    {"SignatureDoesNotMatch", Code::kAccount, false, "Date", Code::kClock},
    {"InvalidSignatureException", Code::kAccount, false, "expired", Code::kClock},
    {"InvalidSignatureException", Code::kAccount, false, "not yet current", Code::kClock},
    // Credentials that were good once.
    {"ExpiredToken", Code::kCredentials},
    {"ExpiredTokenException", Code::kCredentials},
    {"InvalidToken", Code::kCredentials},
    // The clock; RequestExpired is expired credentials too, which the client tries second.
    {"RequestExpired", Code::kClock},
    {"RequestTimeTooSkewed", Code::kClock},
    {"InvalidSecurity.RequestHasExpired", Code::kClock},
    // Known, but not allowed.
    {"UnauthorizedOperation", Code::kPermission},
    {"AccessDenied", Code::kPermission},
    {"AccessDeniedException", Code::kPermission},
    {"DependencyAccessDeniedException", Code::kPermission},
    {"TagPolicyViolation", Code::kPermission},
    // There already.
    {"Resource.AlreadyAssociated", Code::kDuplicate},
    {"EntityAlreadyExists", Code::kDuplicate},
    {"BucketAlreadyOwnedByYou", Code::kDuplicate},
    {"ResourceAlreadyExistsException", Code::kDuplicate},
    {"ParameterAlreadyExists", Code::kDuplicate},
    {"InvalidLaunchTemplateName.AlreadyExistsException", Code::kDuplicate},
    // Not there (any more, or yet).
    {"InvalidInstanceID.NotFound", Code::kNotFound, kFleeting},
    {"InvalidGroup.NotFound", Code::kNotFound, kFleeting},
    {"InvalidKeyPair.NotFound", Code::kNotFound, kFleeting},
    {"InvalidAllocationID.NotFound", Code::kNotFound, kFleeting},
    {"InvalidAddressID.NotFound", Code::kNotFound, kFleeting},
    {"InvalidAddress.NotFound", Code::kNotFound, kFleeting},
    {"InvalidAssociationID.NotFound", Code::kNotFound, kFleeting},
    {"InvalidVolume.NotFound", Code::kNotFound, kFleeting},
    {"InvalidNetworkInterfaceID.NotFound", Code::kNotFound, kFleeting},
    {"InvalidSpotInstanceRequestID.NotFound", Code::kNotFound, kFleeting},
    {"InvalidPermission.NotFound", Code::kNotFound, kFleeting},
    {"InvalidID", Code::kNotFound, kFleeting},  // CreateTags
    {"NoSuchKey", Code::kNotFound},
    {"NoSuchEntity", Code::kNotFound},
    {"ParameterNotFound", Code::kNotFound},
    {"NoSuchResourceException", Code::kNotFound},
    {"DefaultVpcDoesNotExist", Code::kNotFound},
    // Still in use.
    {"DependencyViolation", Code::kDependency},
    {"VolumeInUse", Code::kDependency},
    // Not yet in the state the call needs. Only these words promise that waiting helps.
    {"IncorrectInstanceState", Code::kConflict, false, "pending", Code::kState},
    {"IncorrectInstanceState", Code::kConflict, false, "stopping", Code::kState},
    {"InvalidInstanceID", Code::kBadInput, false, "pending instance", Code::kState},
    {"IncorrectState", Code::kState},
    {"InvalidState", Code::kState},
    {"IncorrectSpotRequestState", Code::kState},
    {"ConcurrentTagAccess", Code::kState},
    // Client tokens.
    {"IdempotentParameterMismatch", Code::kConflict},
    {"IdempotentInstanceTerminated", Code::kTokenSpent},
    {"InvalidClientToken", Code::kBadInput},
    // Protected by somebody.
    {"OperationNotPermitted", Code::kConflict},
    {"InvalidAddress.Locked", Code::kConflict},
    // What we or the user wrote. A role of our own making is known to EC2 only after a while.
    {"InvalidParameterValue", Code::kBadInput, kFleeting, "IAM Instance Profile", Code::kNotFound},
    {"InvalidParameterValue", Code::kBadInput, kFleeting, "iamInstanceProfile", Code::kNotFound},
    {"UnsupportedOperation", Code::kUnsupported},
    {"InvalidAction", Code::kUnsupported},
    // By ending, for codes that are not above.
    {"*LimitExceeded", Code::kQuota},
    {"*.Duplicate", Code::kDuplicate},
    {"*.NotFound", Code::kNotFound},
    {"*.InUse", Code::kDependency},
    {"*.Malformed", Code::kBadInput},
};

bool matches(const Row& row, std::string_view code) {
  return row.code.starts_with('*') ? code.ends_with(row.code.substr(1)) : row.code == code;
}

Code by_status(int status) {
  switch (status) {
    case 401:
    case 403: return Code::kPermission;
    case 404: return Code::kNotFound;
    case 408: return Code::kTransient;
    case 429: return Code::kThrottled;
    default: return status >= 500 || status < 400 ? Code::kTransient : Code::kBadInput;
  }
}

// What to do next, by what it means; a code with its own advice is asked for first.
std::string advice(std::string_view code, Code meaning) {
  if (code == "OperationNotPermitted")
    return "Termination protection may be on; somebody set it. Turn it off in the EC2 console if the machine may go.";
  if (code == "IdempotentParameterMismatch")
    return "The same launch was recorded with other parameters. Put the cluster file back as it was, or recreate the "
           "machine.";
  if (code == "PendingVerification")
    return "AWS checks new accounts for minutes to hours; run the same command again later.";
  if (code == "OptInRequired")
    return "Enable the region or the service in the AWS console, then run the same command again.";
  if (code == "UnauthorizedOperation")
    return "Give the user or role this permission. `aws sts decode-authorization-message` shows which statement denied "
           "it.";
  switch (meaning) {
    case Code::kQuota:
      return "Ask for more under Service Quotas in the AWS console, or remove something; then run the same command "
             "again.";
    case Code::kAccount: return "Check the access key and its secret, and that the account is active in this region.";
    case Code::kCredentials: return "Log in again (for SSO: `aws sso login`), then run the same command again.";
    case Code::kClock:
      return "Set this machine's clock (for instance with `timedatectl set-ntp true`), then run the same command "
             "again.";
    case Code::kPermission: return "Give the user or role the permission that the message names.";
    default: return "";
  }
}

}  // namespace

Code classify(std::string_view code, std::string_view message, int status, const CallContext& context) {
  const Row* found = nullptr;
  bool by_words = false;
  for (const Row& row : kTable) {
    if (!matches(row, code)) continue;
    const bool words = !row.words.empty() && message.find(row.words) != std::string_view::npos;
    if (found && !words) continue;
    found = &row;
    by_words = words;
    if (words || row.words.empty()) break;
  }
  if (!found) return by_status(status);
  const Code meaning = by_words ? found->then : found->meaning;
  const bool young = context.age && *context.age < kConsistencyWindow;
  if (meaning == Code::kNotFound && found->fleeting && young) return Code::kInconsistent;
  return meaning;
}

std::optional<ErrorBody> read_error_body(std::string_view body) {
  const std::size_t start = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (start == std::string_view::npos) return std::nullopt;
  ErrorBody out;
  if (body[start] == '{') {
    const auto json = codec::parse_json(body);
    if (!json) return std::nullopt;
    out.code = codec::text_at(*json, "__type", codec::text_at(*json, "code"));
    out.message = codec::text_at(*json, "message", codec::text_at(*json, "Message"));
    if (const auto hash = out.code.find('#'); hash != std::string::npos) out.code.erase(0, hash + 1);
    if (const auto colon = out.code.find(':'); colon != std::string::npos) out.code.erase(colon);
  } else {
    const auto xml = codec::parse_xml(body);
    if (!xml) return std::nullopt;
    const codec::XmlElement* error = xml->name == "Error" ? &*xml : nullptr;
    for (const char* path : {"Errors/Error", "Error"})
      if (!error) error = xml->find(path);
    if (!error) return std::nullopt;
    out.code = error->text_at("Code");
    out.message = error->text_at("Message");
    for (const char* name : {"RequestID", "RequestId"}) {
      if (out.request_id.empty()) out.request_id = xml->text_at(name);
      if (out.request_id.empty()) out.request_id = error->text_at(name);
    }
  }
  if (out.code.empty()) return std::nullopt;
  return out;
}

Error error_of(std::string_view action, const net::Response& response, const CallContext& context) {
  std::string request_id(net::header(response.headers, "x-amzn-requestid"));
  const auto body = read_error_body(response.body);
  if (!body)
    return Error(by_status(response.status),
                 fmt::format("AWS answered {} with HTTP {} and no readable error", action, response.status))
        .from({"", response.status, request_id});
  if (!body->request_id.empty()) request_id = body->request_id;
  const Code code = classify(body->code, body->message, response.status, context);
  return Error(code, fmt::format("AWS refused {}: {}", action, body->message.empty() ? body->code : body->message))
      .hint(advice(body->code, code))
      .from({body->code, response.status, request_id});
}

}  // namespace tombolo::aws
