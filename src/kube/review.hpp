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
// Those of `wanted` that are not granted; the first refusal of the question itself is an error. Whoever may do everything is
// asked about once: a question for `*` comes first.
Result<std::vector<Permission>> missing(Client& client, const std::vector<Permission>& wanted,
                                        const std::stop_token& stop);
// "create, patch daemonsets.apps, configmaps in nebula-system": what goes together in one text, for messages.
std::vector<std::string> in_words(const std::vector<Permission>& permissions);
// Role or ClusterRole rules that grant them, for the user to apply: YAML in lines that no terminal breaks.
std::string rules_for(const std::vector<Permission>& permissions);
// A whole ClusterRole of them: YAML for `kubectl apply -f -`.
std::string cluster_role_for(const std::string& name, const std::vector<Permission>& permissions);

// SelfSubjectReview: by which name the server knows us; "" where it is older than 1.28 and does not say.
Result<std::string> who_am_i(Client& client, const std::stop_token& stop);

// Approves a CertificateSigningRequest; one that is approved already is left alone. kConflict when somebody denied it.
// The signer may still refuse: wait for status.certificate.
Result<> approve(Client& client, const std::string& signing_request, std::string_view why, const std::stop_token& stop);

}  // namespace tombolo::kube
