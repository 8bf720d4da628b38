#include "kube/error.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tombolo::kube {
namespace {

constexpr std::size_t kMostCauses = 20;

bool holds(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

struct Row {
  std::string_view reason;
  Code meaning;
};
constexpr Row kTable[] = {
    {"NotFound", Code::kNotFound},
    {"AlreadyExists", Code::kDuplicate},
    {"Conflict", Code::kConflict},
    {"Invalid", Code::kBadInput},
    {"BadRequest", Code::kBadInput},
    {"RequestEntityTooLarge", Code::kBadInput},
    {"Forbidden", Code::kPermission},
    {"Unauthorized", Code::kCredentials},
    {"TooManyRequests", Code::kThrottled},
    {"Expired", Code::kInconsistent},
    {"Gone", Code::kInconsistent},
    {"InternalError", Code::kTransient},
    {"ServerTimeout", Code::kTransient},
    {"Timeout", Code::kTransient},
    {"ServiceUnavailable", Code::kTransient},
    {"MethodNotAllowed", Code::kUnsupported},
    {"NotAcceptable", Code::kUnsupported},
    {"UnsupportedMediaType", Code::kUnsupported},
};

Code by_status(int status) {
  switch (status) {
    case 401: return Code::kCredentials;
    case 403: return Code::kPermission;
    case 404: return Code::kNotFound;
    case 405:
    case 406:
    case 415: return Code::kUnsupported;
    case 408: return Code::kTransient;
    case 409: return Code::kConflict;
    case 410: return Code::kInconsistent;
    case 429: return Code::kThrottled;
    default: return status >= 500 ? Code::kTransient : Code::kBadInput;
  }
}

Code meaning_of(const Status& status) {
  for (const StatusCause& cause : status.causes) {
    if (cause.reason == "NamespaceTerminating") return Code::kState;
    if (cause.reason == "DisruptionBudget") return Code::kDependency;  // an eviction: 429 that no haste will change
  }
  if (status.message.starts_with("admission webhook \"")) return Code::kBadInput;  // it was reached, and said no
  if (status.reason == "Forbidden" && holds(status.message, "exceeded quota")) return Code::kQuota;
  if (status.reason == "Forbidden" && holds(status.message, "violates PodSecurity")) return Code::kBadInput;
  for (const Row& row : kTable)
    if (row.reason == status.reason) return row.meaning;
  return by_status(status.code);
}

// The text between two marks, or "".
std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const auto start = text.find(before);
  if (start == text.npos) return "";
  text.remove_prefix(start + before.size());
  const auto end = text.find(after);
  return end == text.npos ? "" : std::string(text.substr(0, end));
}

// "User "x" cannot patch resource "daemonsets" in API group "apps" in the namespace "nebula"": the rule that is missing.
std::string permission_hint(std::string_view message) {
  const auto verb = between(message, " cannot ", " ");
  const auto resource = between(message, " resource \"", "\"");
  if (verb.empty() || resource.empty()) return "Give the user the right that the message names.";
  const auto space = between(message, " in the namespace \"", "\"");
  return fmt::format("Give {} this rule in a {}: apiGroups: [\"{}\"], resources: [\"{}\"], verbs: [\"{}\"].",
                     between(message, "User \"", "\""),
                     space.empty() ? "ClusterRole" : fmt::format("Role of the namespace {}", space),
                     between(message, " in API group \"", "\""), resource, verb);
}

// The name of a webhook that was called and did not answer; "" when none is to blame.
std::string silent_webhook(const Status& status) { return between(status.message, "failed calling webhook \"", "\""); }

std::string hint_for(const Status& status, Code meaning) {
  if (const auto webhook = silent_webhook(status); !webhook.empty())
    return fmt::format(
        "Start what serves {} again, or, when that program is gone for good, delete the configuration that names it: "
        "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations lists them.",
        webhook);
  switch (meaning) {
    case Code::kPermission: return permission_hint(status.message);
    case Code::kCredentials:
      return "The server does not know us by these credentials: log in again, or fetch a new kubeconfig.";
    case Code::kQuota: return "Raise the namespace's ResourceQuota, or remove something in it.";
    case Code::kState: return "Wait until the namespace is gone; what holds it stands in its status.";
    case Code::kDependency: return "A PodDisruptionBudget protects the pod.";
    case Code::kConflict:
      return status.causes.empty() ? "Somebody changed it at the same time: run the same command again."
                                   : "Let the other manager give the fields up, or leave them to it.";
    case Code::kBadInput:
      return holds(status.message, "violates PodSecurity")
                 ? "Label the namespace pod-security.kubernetes.io/enforce: privileged."
             : status.message.starts_with("admission webhook \"")
                 ? "That is a rule of the cluster's own: keep it, or let its webhook leave this namespace out."
                 : "";
    default: return "";
  }
}

// What must be in the sentence beside the server's own words.
std::string sentence_for(const Status& status, std::string_view doing) {
  if (const auto webhook = silent_webhook(status); !webhook.empty())
    return fmt::format("{}: the admission webhook {} did not answer: {}", doing, webhook, status.message);
  std::string out = fmt::format("{}: {}", doing, status.message.empty() ? status.reason : status.message);
  // Messages of Invalid name their causes; those of a conflict name them only when there is one.
  if (status.reason != "Conflict") return out;
  std::size_t told = 0;
  for (const StatusCause& cause : status.causes) {
    if (cause.reason != "FieldManagerConflict" || ++told > kMostCauses) continue;
    out += fmt::format("{} {} belongs to {}", told == 1 ? ";" : ",", cause.field,
                       cause.message.starts_with("conflict with ") ? cause.message.substr(14) : cause.message);
  }
  if (told > kMostCauses) out += fmt::format(" and {} more", told - kMostCauses);
  return out;
}

std::optional<Status> status_in(const net::Response& answer) {
  const auto json = codec::parse_json(answer.body);
  return json ? read_status(*json) : std::nullopt;
}

}  // namespace

std::optional<Status> read_status(const codec::Json& value) {
  if (codec::text_at(value, "kind") != "Status") return std::nullopt;
  Status out;
  out.reason = codec::text_at(value, "reason");
  out.message = codec::text_at(value, "message");
  out.code = static_cast<int>(codec::number_at(value, "code"));
  out.name = codec::text_at(value, "details.name");
  out.kind = codec::text_at(value, "details.kind");
  if (const auto seconds = codec::number_at(value, "details.retryAfterSeconds"); seconds > 0 && seconds < 86'400)
    out.retry_after = std::chrono::seconds(seconds);
  if (const auto* causes = codec::find(value, "details.causes"); causes && causes->is_array())
    for (const auto& cause : causes->get_array())
      out.causes.push_back(
          {codec::text_at(cause, "reason"), codec::text_at(cause, "message"), codec::text_at(cause, "field")});
  return out;
}

Error error_of(const Status& status, std::string_view doing) {
  const Code meaning = meaning_of(status);
  return Error(meaning, sentence_for(status, doing))
      .hint(hint_for(status, meaning))
      .from({status.reason, status.code, ""});
}

Error error_of(const net::Response& answer, std::string_view doing) {
  if (auto status = status_in(answer)) {
    if (!status->code) status->code = answer.status;
    return error_of(*status, doing);
  }
  const Code meaning = by_status(answer.status);
  const Remote remote{"", answer.status, std::string(net::header(answer.headers, "audit-id"))};
  if (meaning == Code::kNotFound)
    return Error(meaning, fmt::format("{}: the server does not know this kind of object", doing))
        .hint("Its CustomResourceDefinition or API is not installed, or not in this version.")
        .from(remote);
  const bool html = holds(net::header(answer.headers, "content-type"), "html") || answer.body.starts_with('<');
  std::string words = answer.body.substr(0, 200);
  for (char& c : words)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return Error(meaning,
               html ? fmt::format("{}: a web page came with HTTP {}, not an answer of Kubernetes", doing, answer.status)
                    : fmt::format("{}: HTTP {}: {}", doing, answer.status, words))
      .hint(
          html ? "Something between us and the server answered: a proxy, a gateway, or another program at this address."
               : "")
      .from(remote);
}

bool is_expired(const Error& error) {
  return error.remote() &&
         (error.remote()->http_status == 410 || error.remote()->code == "Expired" || error.remote()->code == "Gone");
}

std::optional<Duration> retry_after(const net::Response& answer) {
  const std::string_view text = net::header(answer.headers, "retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size() && seconds >= 0)
    return std::chrono::seconds(seconds);
  const auto status = status_in(answer);
  return status ? status->retry_after : std::nullopt;
}

}  // namespace tombolo::kube
