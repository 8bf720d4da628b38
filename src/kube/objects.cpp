#include "kube/objects.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombolo::kube {
namespace {

constexpr int kMostPages = 100'000;
constexpr Duration kFirstLook = std::chrono::milliseconds(100);
constexpr Duration kSlowestLook = std::chrono::seconds(2);

Call reading(const ObjectName& name) { return {.doing = "reading " + name.text(), .path = name.path()}; }

codec::Form list_query(const Selection& selection, int page, const std::string& next) {
  codec::Form out{{"limit", std::to_string(page)}};
  if (!selection.labels.empty()) out.emplace_back("labelSelector", selection.labels);
  if (!selection.fields.empty()) out.emplace_back("fieldSelector", selection.fields);
  if (!next.empty()) out.emplace_back("continue", next);
  return out;
}

std::string_view policy_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::kForeground: return "Foreground";
    case Propagation::kOrphan: return "Orphan";
    default: return "Background";
  }
}

// Why an object that is to go is still there.
std::string what_holds(const codec::Json& object) {
  std::string out;
  if (!is_being_deleted(object)) return "; nobody has deleted it, or it was made again";
  if (const auto finalizers = finalizers_of(object); !finalizers.empty())
    out += fmt::format("; held by {} {}", finalizers.size() == 1 ? "the finalizer" : "the finalizers",
                       fmt::join(finalizers, ", "));
  for (const Condition& c : conditions_of(object))
    if (kind_of(object) == "Namespace" && c.holds() && !c.message.empty()) out += fmt::format("; {}", c.message);
  return out;
}

}  // namespace

Result<codec::Json> get(Client& client, const ObjectName& name, const std::stop_token& stop) {
  return client.call(reading(name), stop);
}

Result<std::optional<codec::Json>> find(Client& client, const ObjectName& name, const std::stop_token& stop) {
  auto found = client.call(reading(name), stop);
  if (found) return std::optional(std::move(*found));
  // A Status means that the object is absent; without one, the whole kind is.
  const auto& error = found.error();
  if (error.code() == Code::kNotFound && error.remote() && !error.remote()->code.empty())
    return std::optional<codec::Json>();
  return fail(std::move(found.error()));
}

Result<std::string> each(Client& client, const Selection& selection, const Visitor& visit,
                         const std::stop_token& stop) {
  const ObjectName& of = selection.of;
  const std::string list_kind = of.resource.kind;
  std::string next;
  int limit = selection.page;
  for (int page = 0; page < kMostPages; ++page) {
    auto answer = client.call(
        {.doing = "listing " + of.text(), .path = of.path(), .query = list_query(selection, limit, next)}, stop);
    if (!answer && answer.error().code() == Code::kCorrupt && limit > 1) {
      limit = (limit + 3) / 4;  // a page of large objects (Helm's releases) may be more than one answer may hold
      continue;
    }
    if (!answer) return fail(std::move(answer.error()));
    auto* root = answer->if_object();
    auto* items = root ? root->if_contains("items") : nullptr;
    if (items && items->is_array())
      for (auto& item : items->get_array()) {
        if (!item.is_object()) continue;
        if (!list_kind.empty() && kind_of(item).empty()) {
          item.get_object()["apiVersion"] = of.resource.api_version();
          item.get_object()["kind"] = list_kind;
        }
        if (!visit(std::move(item))) return std::string();
      }
    next = codec::text_at(*answer, "metadata.continue");
    if (next.empty()) return resource_version_of(*answer);
  }
  return fail(Code::kCorrupt, fmt::format("the pages of {} do not come to an end", of.text()));
}

Result<std::vector<codec::Json>> list(Client& client, const Selection& selection, const std::stop_token& stop) {
  for (int beginning = 1;; ++beginning) {
    std::vector<codec::Json> out;
    const Visitor keep = [&](codec::Json&& object) {
      out.push_back(std::move(object));
      return true;
    };
    auto done = each(client, selection, keep, stop);
    if (done) return out;
    if (!is_expired(done.error()) || beginning == kMostBeginnings) return fail(std::move(done.error()));
  }
}

Result<codec::Json> create(Client& client, const ObjectName& name, const codec::Json& object,
                           const std::stop_token& stop) {
  ObjectName where = name;
  where.name.clear();
  return client.call({.doing = "creating " + name.text(),
                      .method = "POST",
                      .path = where.path(),
                      .query = {{"fieldManager", std::string(kFieldManager)}},
                      .body = codec::to_text(object),
                      .repeat = Repeat::kLookFirst},
                     stop);
}

Result<codec::Json> apply(Client& client, const ObjectName& name, const codec::Json& object,
                          const std::stop_token& stop, ApplyOptions options) {
  codec::Form query{{"fieldManager", std::string(kFieldManager)}, {"force", options.force ? "true" : "false"}};
  if (options.dry_run) query.emplace_back("dryRun", "All");
  return client.call(
      {.doing = "applying " + name.text(),
       .method = "PATCH",
       .path = name.path(),
       .query = std::move(query),
       .body = codec::to_text(object),
       .content_type = "application/apply-patch+yaml"},  // JSON is YAML, and every version takes this type
      stop);
}

Result<codec::Json> patch(Client& client, const ObjectName& name, PatchKind kind, const codec::Json& change,
                          const std::stop_token& stop, std::string_view subresource) {
  const auto* type = kind == PatchKind::kMerge ? "merge" : kind == PatchKind::kStrategic ? "strategic-merge" : "json";
  return client.call({.doing = "patching " + name.text(),
                      .method = "PATCH",
                      .path = name.path(subresource),
                      .query = {{"fieldManager", std::string(kFieldManager)}},
                      .body = codec::to_text(change),
                      .content_type = fmt::format("application/{}-patch+json", type),
                      .repeat = kind == PatchKind::kJson ? Repeat::kLookFirst : Repeat::kSafe},
                     stop);
}

Result<> touch(Client& client, const ObjectName& name, const std::stop_token& stop) {
  const auto now = format_time(client.clock().now());
  TRY(patch(client, name, PatchKind::kMerge, {{"metadata", {{"annotations", {{"tombolo/looked-at", now}}}}}}, stop));
  return {};
}

Result<codec::Json> replace(Client& client, const ObjectName& name, const codec::Json& object,
                            const std::stop_token& stop, std::string_view subresource) {
  return client.call({.doing = "replacing " + name.text(),
                      .method = "PUT",
                      .path = name.path(subresource),
                      .query = {{"fieldManager", std::string(kFieldManager)}},
                      .body = codec::to_text(object),
                      .repeat = Repeat::kLookFirst},
                     stop);
}

Result<bool> remove(Client& client, const ObjectName& name, const std::stop_token& stop, const DeleteOptions& options) {
  codec::JsonObject body{
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", policy_of(options.propagation)}};
  codec::JsonObject preconditions;
  if (!options.uid.empty()) preconditions["uid"] = options.uid;
  if (!options.resource_version.empty()) preconditions["resourceVersion"] = options.resource_version;
  if (!preconditions.empty()) body["preconditions"] = std::move(preconditions);
  if (options.grace_seconds) body["gracePeriodSeconds"] = *options.grace_seconds;
  auto answer = client.call(
      {.doing = "deleting " + name.text(), .method = "DELETE", .path = name.path(), .body = codec::to_text(body)},
      stop);
  if (answer) return true;
  if (answer.error().code() == Code::kNotFound) return false;
  return fail(std::move(answer.error()));
}

Result<> release(Client& client, const ObjectName& name, const std::stop_token& stop) {
  const auto found = TRY(find(client, name, stop));
  if (!found || !is_being_deleted(*found) || finalizers_of(*found).empty()) return {};
  const auto freed = patch(client, name, PatchKind::kMerge, {{"metadata", {{"finalizers", nullptr}}}}, stop);
  if (!freed && freed.error().code() != Code::kNotFound) return fail(freed.error());
  return {};
}

Result<> wait_until_gone(Client& client, const ObjectName& name, const std::string& uid, Duration patience,
                         const std::stop_token& stop) {
  Clock& clock = client.clock();
  const Time until = clock.now() + patience;
  Duration pause = kFirstLook;
  for (;;) {
    const auto object = TRY(find(client, name, stop));
    if (!object || (!uid.empty() && uid_of(*object) != uid)) return {};
    if (clock.now() >= until)
      return fail(
          Code::kTimeout,
          fmt::format("{} is still there after {}{}", name.text(), format_duration(patience), what_holds(*object)),
          "Whoever set a finalizer has to take it off; see whether that controller runs.");
    if (!clock.sleep_until(std::min(clock.now() + pause, until), stop))
      return fail(Code::kCancelled, fmt::format("stopped while waiting for the end of {}", name.text()));
    pause = std::min(pause * 2, kSlowestLook);
  }
}

}  // namespace tombolo::kube
