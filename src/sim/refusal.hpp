// How the simulated AWS says no: a code, a sentence and an HTTP status, and the envelope each protocol puts them in.
// Codes and sentences are AWS's own (EC2 API reference "Error codes", STS, SSM, Service Quotas).
#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace tombolo::sim {

struct Refusal {
  std::string code;
  std::string message;
  int status = 400;
};

template <class T = void>
using Outcome = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(std::string code, std::string message, int status = 400) {
  return tl::unexpected<Refusal>(Refusal{std::move(code), std::move(message), status});
}

namespace detail {
template <class T>
T granted(Outcome<T>&& outcome) {
  return std::move(*outcome);
}
inline void granted(Outcome<void>&&) {}
}  // namespace detail

// auto x = GRANTED(f());  the value of f(), or return its refusal from the function around.
// The counter keeps one inside another from hiding it.
#define GRANTED(...) TOMBOLO_GRANTED_AS(__COUNTER__, __VA_ARGS__)
#define TOMBOLO_GRANTED_AS(n, ...) TOMBOLO_GRANTED(n, __VA_ARGS__)
#define TOMBOLO_GRANTED(n, ...)                                                              \
  ({                                                                                         \
    auto granted_##n = (__VA_ARGS__);                                                        \
    if (!granted_##n) return ::tl::unexpected<::tombolo::sim::Refusal>(granted_##n.error()); \
    ::tombolo::sim::detail::granted(std::move(granted_##n));                                 \
  })

// Refusals that many actions share.
tl::unexpected<Refusal> missing(std::string_view parameter);
tl::unexpected<Refusal> invalid_value(std::string_view parameter, std::string_view value, std::string_view why = "");
tl::unexpected<Refusal> not_there(std::string_view code, std::string_view what, std::string_view id);

enum class Protocol { kEc2, kQuery, kJson, kPlain };

// The body of an error answer.
std::string envelope(Protocol protocol, const Refusal& refusal, std::string_view request_id);

}  // namespace tombolo::sim
