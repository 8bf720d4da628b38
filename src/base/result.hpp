// How everything here fails: a value or an Error, never an exception across a function that can fail.
//
// An Error carries a code from a small closed list (the only thing retry decisions look at), one sentence for the
// user, the context added on the way up, and, when a remote said no, what exactly the remote said.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace tombolo {

// Closed on purpose: engine/retry has one row for each. Add a code only when the reaction to it differs.
enum class Code {
  kBadInput,      // what the user wrote is wrong; exit code 3
  kNotFound,      // what was asked for does not exist
  kDuplicate,     // exists already: describe, check that it is ours, adopt
  kThrottled,     // the remote is busy with us: wait at least a second
  kTransient,     // timeouts, resets, 5xx: the call may or may not have happened
  kUnreachable,   // nothing was sent: name resolution, refused connection
  kCapacity,      // AWS has no machine of this type here now: next zone, next type
  kQuota,         // the account's limit: a human must raise it
  kAccount,       // the account or its keys are not accepted: a human must act
  kCredentials,   // expired or missing credentials: renew once, then a human
  kClock,         // our clock differs too much from the remote's: correct, sign again
  kPermission,    // authenticated, but not allowed
  kDependency,    // still in use by something that is going away, or by a stranger
  kState,         // the resource is not in the state the call needs: wait for it
  kInconsistent,  // our own fresh write is not visible yet: look again
  kTokenSpent,    // the client token's machine is terminated: take a new generation
  kConflict,      // somebody else changed or owns it
  kLocked,        // another run holds the cluster
  kCorrupt,       // bytes that should be ours do not parse or do not verify
  kUntrusted,     // identity or signature does not check out
  kIo,            // disk full, read-only, permission on files
  kCancelled,     // the user asked to stop; exit code 4
  kTimeout,       // we gave up waiting
  kBroken,        // it is there, does not work, and will not by itself: a human must look
  kUnsupported,   // valid, but not something this program or version does
  kInternal,      // a bug of ours
};

std::string_view name(Code code);

// What the other side answered, verbatim.
struct Remote {
  std::string code;        // e.g. "InvalidGroup.Duplicate"
  int http_status = 0;     // 0: no HTTP answer
  std::string request_id;  // what the provider's support asks for
};

class Error {
 public:
  // `sentence` says what is wrong, in the user's words, without a final newline.
  Error(Code code, std::string sentence) : code_(code), sentence_(std::move(sentence)) {}

  Error&& hint(std::string what_to_do_next) && {
    hint_ = std::move(what_to_do_next);
    return std::move(*this);
  }
  Error&& from(Remote remote) && {
    remote_ = std::move(remote);
    return std::move(*this);
  }
  Error&& context(std::string doing) && {
    context_.push_back(std::move(doing));
    return std::move(*this);
  }

  Code code() const { return code_; }
  const std::string& sentence() const { return sentence_; }
  const std::string& hint() const { return hint_; }  // may be empty
  const std::optional<Remote>& remote() const { return remote_; }
  const std::vector<std::string>& contexts() const { return context_; }  // innermost first

  // "outer: inner: sentence (Code, HTTP 503, request id)"; one line, no hint.
  std::string text() const;

 private:
  Code code_;
  std::string sentence_;
  std::string hint_;
  std::optional<Remote> remote_;
  std::vector<std::string> context_;
};

template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Code code, std::string sentence) {
  return tl::unexpected<Error>(Error(code, std::move(sentence)));
}
inline tl::unexpected<Error> fail(Code code, std::string sentence, std::string hint) {
  return tl::unexpected<Error>(Error(code, std::move(sentence)).hint(std::move(hint)));
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// Adds what we were doing to a failure: context(read(path), "reading the journal").
template <class T>
Result<T> context(Result<T> result, std::string doing) {
  if (!result) return tl::unexpected<Error>(std::move(result.error()).context(std::move(doing)));
  return result;
}

namespace detail {
template <class T>
T take(Result<T>&& result) {
  return std::move(*result);
}
inline void take(Result<void>&&) {}
}  // namespace detail

// auto x = TRY(f());  the value of f(), or return its error from the function around. TRY(f(TRY(g()))) works.
#define TRY(...) TOMBOLO_TRY_NAMED(TOMBOLO_JOIN(try_result_, __COUNTER__), __VA_ARGS__)
#define TOMBOLO_TRY_NAMED(result, ...)                                                 \
  ({                                                                                   \
    auto result = (__VA_ARGS__);                                                       \
    if (!result) return ::tl::unexpected<::tombolo::Error>(std::move(result.error())); \
    ::tombolo::detail::take(std::move(result));                                        \
  })
#define TOMBOLO_JOIN(a, b) TOMBOLO_JOIN_EXPANDED(a, b)
#define TOMBOLO_JOIN_EXPANDED(a, b) a##b

}  // namespace tombolo
