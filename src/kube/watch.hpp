// Watching: what is there, and from then on every change, however often the connection breaks or the server forgets.
// Source of the rules: Kubernetes API concepts, "Efficient detection of changes".
#pragma once
#include <functional>

#include "kube/objects.hpp"

namespace tombolo::kube {

enum class EventKind {
  kAdded,     // or found by the first list
  kModified,  // or found changed by a later list
  kDeleted,   // when a later list noticed it, the object is only apiVersion, kind, namespace and name
  kSynced,    // all that was there has been told; once, and again after every later list; the object is null
};
struct Event {
  EventKind kind;
  codec::Json object;
};
// False: enough; the watch ends without an error.
using EventSink = std::function<bool(Event&& event)>;

struct WatchOptions {
  Duration patience = std::chrono::minutes(5);  // how long the server may stay away before the watch fails
  Duration one_request = std::chrono::minutes(5);  // the server ends a watch after this time, and we resume it
};

// Lists, then watches from the list's resourceVersion, with bookmarks. A connection that ends or breaks is resumed from the
// last resourceVersion; 410 Gone lists anew, and tells only what has changed meanwhile. Objects are not kept: memory is one page,
// and a hundred bytes for each object. Ends: kCancelled, what a list fails with, or the last error when patience is over.
Result<> watch(Client& client, const Selection& selection, const EventSink& sink, const std::stop_token& stop,
               WatchOptions options = {});

// Looks at one object every second until `ready` holds for it (null: it is not there). kTimeout names nothing but the object: the caller
// knows what it waited for.
Result<codec::Json> wait_for(Client& client, const ObjectName& name,
                             const std::function<bool(const codec::Json&)>& ready, Duration patience,
                             const std::stop_token& stop);

}  // namespace tombolo::kube
