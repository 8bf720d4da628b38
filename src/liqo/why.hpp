// Why something does not work between home and the cloud: one chain from what is seen to its cause, and what mends it. Pure.
// The cause is named, not its echoes: a mesh that is cut explains a node that is not ready, which explains a pod.
// Source: what Liqo 1.2.0 was seen to do and to say, and its source where nothing was seen.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "liqo/evidence.hpp"

namespace tombolo::liqo {

struct Link {
  std::string seen;
  std::string where;  // "home, Pod work/hello": where it was read
};

struct Explanation {
  std::string id;  // stable: docs/why.md lists them
  bool fine = false;  // nothing is wrong
  bool explained = true;  // false: something is wrong, and nothing that is known here explains it
  std::vector<Link> chain;  // each link explains the one before it
  std::string cause;
  std::string fix;
};

Explanation explain(const Evidence& evidence);

struct Advice {
  std::string id;  // as above
  std::string cause;
  std::string fix;
};
// For a text that Liqo, liqoctl or Kubernetes printed, in whatever surroundings it was pasted. Nothing when it is not known.
std::optional<Advice> advice_for_text(std::string_view text);

// One row of docs/why.md for each id that the two above can give.
struct KnownCause {
  std::string_view id, sees, cause, fix;
};
const std::vector<KnownCause>& known_causes();

}  // namespace tombolo::liqo
