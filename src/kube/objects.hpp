// Reading and writing objects: get, list page by page, create, server-side apply, patch, delete and wait until it is gone.
// Errors everywhere: Client's and error.hpp's, beside what stands here.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.hpp"
#include "kube/object.hpp"

namespace tombolo::kube {

inline constexpr std::string_view kFieldManager = "tombolo";
inline constexpr int kMostBeginnings = 3;  // of a list that the server forgets again and again

Result<codec::Json> get(Client& client, const ObjectName& name, const std::stop_token& stop);
// Nothing when it is not there. That its kind is not there either counts as an error still.
Result<std::optional<codec::Json>> find(Client& client, const ObjectName& name, const std::stop_token& stop);

// Which of the objects of `of.resource` (in of.name_space, or everywhere) are meant.
struct Selection {
  ObjectName of;
  std::string labels;  // "app=nebula,tier!=x"
  std::string fields;  // "status.phase=Running"
  int page = 500;  // objects in one answer
};
// What one page is: what to do with each object; false: enough.
using Visitor = std::function<bool(codec::Json&& object)>;

// Calls `each` for every object, and holds one page of them in memory. apiVersion and kind are filled in, which lists leave out.
// The result is the list's resourceVersion, from which a watch can go on; "" when the visitor ended it.
// kInconsistent (is_expired) when the server has forgotten the list half-way: what was seen is worth nothing, begin anew.
Result<std::string> each(Client& client, const Selection& selection, const Visitor& visit, const std::stop_token& stop);
// All of them in memory. Begins anew by itself when it must.
Result<std::vector<codec::Json>> list(Client& client, const Selection& selection, const std::stop_token& stop);

// Not repeated when the answer is lost: kTransient means look first.
Result<codec::Json> create(Client& client, const ObjectName& name, const codec::Json& object,
                           const std::stop_token& stop);

struct ApplyOptions {
  bool force = false;  // take fields over from other managers
  bool dry_run = false;  // the server says what would be, and writes nothing
};
// Server-side apply as the manager "tombolo". Unchanged objects cause no write: resourceVersion stays. Errors: kConflict names
// every field that belongs to somebody else, and whom.
Result<codec::Json> apply(Client& client, const ObjectName& name, const codec::Json& object,
                          const std::stop_token& stop, ApplyOptions options = {});

enum class PatchKind { kMerge, kStrategic, kJson };
// `subresource`: "", "status", "scale". JSON patches are not repeated when the answer is lost.
Result<codec::Json> patch(Client& client, const ObjectName& name, PatchKind kind, const codec::Json& change,
                          const std::stop_token& stop, std::string_view subresource = "");
// Whoever watches the object looks at it again: an annotation of ours gets the time.
Result<> touch(Client& client, const ObjectName& name, const std::stop_token& stop);
// The whole object, with the resourceVersion it was read with: kConflict when it has changed since.
Result<codec::Json> replace(Client& client, const ObjectName& name, const codec::Json& object,
                            const std::stop_token& stop, std::string_view subresource = "");

enum class Propagation { kBackground, kForeground, kOrphan };
struct DeleteOptions {
  Propagation propagation = Propagation::kBackground;
  std::string uid;  // delete only this one, not a namesake: kConflict
  std::string resource_version;  // and only as it was read
  std::optional<int> grace_seconds;
};
// True when it is on its way out, false when there was none.
Result<bool> remove(Client& client, const ObjectName& name, const std::stop_token& stop,
                    const DeleteOptions& options = {});

// Takes the finalizers of an object that is being deleted, for whoever would take them is gone for good. Others stay as they are.
Result<> release(Client& client, const ObjectName& name, const std::stop_token& stop);

// Until the object (that one, when `uid` is not "") is gone. Errors: kTimeout, naming the finalizers that hold it and, for a
// namespace, what the server says is left in it.
Result<> wait_until_gone(Client& client, const ObjectName& name, const std::string& uid, Duration patience,
                         const std::stop_token& stop);

}  // namespace tombolo::kube
