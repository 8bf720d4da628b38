// How a simulated API server says no: Status objects with Kubernetes' own reasons and sentences.
// Source: k8s.io/apimachinery/pkg/api/errors.
#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "codec/json.hpp"
#include "kube/error.hpp"
#include "sim/kube_kinds.hpp"

namespace tombolo::sim {

struct KubeRefusal {
  int code = 500;
  std::string reason;
  std::string message;
  std::string group;
  std::string kind;  // the resource ("pods"), or the Kind where an object is invalid
  std::string name;
  std::vector<kube::StatusCause> causes = {};
  codec::Json json() const;  // the Status
};

template <class T = void>
using KubeOutcome = tl::expected<T, KubeRefusal>;

namespace detail {
template <class T>
T allowed(KubeOutcome<T>&& outcome) {
  return std::move(*outcome);
}
inline void allowed(KubeOutcome<void>&&) {}
}  // namespace detail

// auto x = ALLOWED(f());  the value of f(), or return its refusal from the function around.
#define ALLOWED(...) TOMBOLO_ALLOWED_AS(__COUNTER__, __VA_ARGS__)
#define TOMBOLO_ALLOWED_AS(n, ...) TOMBOLO_ALLOWED(n, __VA_ARGS__)
#define TOMBOLO_ALLOWED(n, ...)                                                                  \
  ({                                                                                             \
    auto allowed_##n = (__VA_ARGS__);                                                            \
    if (!allowed_##n) return ::tl::unexpected<::tombolo::sim::KubeRefusal>(allowed_##n.error()); \
    ::tombolo::sim::detail::allowed(std::move(allowed_##n));                                     \
  })

using KubeNo = tl::unexpected<KubeRefusal>;

KubeNo kube_no(int code, std::string reason, std::string message);  // about nothing in particular
KubeNo
no_such_resource();  // the kind or the path is not served; without a reason, because the answer to it is no Status
KubeNo no_such_object(const KubeKind& kind, const std::string& name);
KubeNo exists_already(const KubeKind& kind, const std::string& name);
// "Operation cannot be fulfilled on …: <why>", reason Conflict.
KubeNo kube_conflict(const KubeKind& kind, const std::string& name, std::string_view why);
// "DaemonSet.apps "x" is invalid: …"; a cause is reason, message and field.
KubeNo kube_invalid(const KubeKind& kind, const std::string& name, std::vector<kube::StatusCause> causes);
KubeNo kube_bad_request(std::string message);

}  // namespace tombolo::sim
