// Questions and decisions that are objects of their own: may I do this, and yes, this certificate may be signed.
#pragma once
#include <string>
#include <vector>

#include "kube/client.hpp"
#include "kube/object.hpp"

namespace tombolo::kube {

struct Permission {
  std::string verb;  // "patch"
  Resource resource;
  std::string name_space;   // "": everywhere
  std::string subresource;  // "log"
  std::string text() const;  // "patch daemonsets.apps in nebula"
};

struct Verdict {
  bool allowed = false;
  std::string reason;
};
// SelfSubjectAccessReview.
Result<Verdict> may_i(Client& client, const Permission& permission, const std::stop_token& stop);
// Those of `wanted` that are not granted; the first refusal of the question itself is an error.
Result<std::vector<Permission>> missing(Client& client, const std::vector<Permission>& wanted,
                                        const std::stop_token& stop);
// Role or ClusterRole rules that grant them, for the user to apply: one line of YAML for each.
std::string rules_for(const std::vector<Permission>& permissions);

// Approves a CertificateSigningRequest; one that is approved already is left alone. kConflict when somebody denied it.
// The signer may still refuse: wait for status.certificate.
Result<> approve(Client& client, const std::string& signing_request, std::string_view why, const std::stop_token& stop);

}  // namespace tombolo::kube
