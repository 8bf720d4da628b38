#include "base/result.hpp"

#include <fmt/format.h>

namespace tombolo {

std::string_view name(Code code) {
  switch (code) {
    case Code::kBadInput: return "bad input";
    case Code::kNotFound: return "not found";
    case Code::kDuplicate: return "duplicate";
    case Code::kThrottled: return "throttled";
    case Code::kTransient: return "transient";
    case Code::kUnreachable: return "unreachable";
    case Code::kCapacity: return "capacity";
    case Code::kQuota: return "quota";
    case Code::kAccount: return "account";
    case Code::kCredentials: return "credentials";
    case Code::kClock: return "clock";
    case Code::kPermission: return "permission";
    case Code::kDependency: return "dependency";
    case Code::kState: return "state";
    case Code::kInconsistent: return "inconsistent";
    case Code::kTokenSpent: return "token spent";
    case Code::kConflict: return "conflict";
    case Code::kLocked: return "locked";
    case Code::kCorrupt: return "corrupt";
    case Code::kUntrusted: return "untrusted";
    case Code::kIo: return "io";
    case Code::kCancelled: return "cancelled";
    case Code::kTimeout: return "timeout";
    case Code::kBroken: return "broken";
    case Code::kUnsupported: return "unsupported";
    case Code::kInternal: return "internal";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string out;
  for (auto it = context_.rbegin(); it != context_.rend(); ++it) out += *it + ": ";
  out += sentence_;
  if (!remote_) return out;
  std::string said;
  auto add = [&](const std::string& part) { said += (said.empty() ? "" : ", ") + part; };
  if (!remote_->code.empty()) add(remote_->code);
  if (remote_->http_status) add(fmt::format("HTTP {}", remote_->http_status));
  if (!remote_->request_id.empty()) add("request " + remote_->request_id);
  return said.empty() ? out : out + " (" + said + ")";
}

}  // namespace tombolo
