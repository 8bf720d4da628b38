#include "kube/watch.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/log.hpp"
#include "kube/lines.hpp"

namespace tombolo::kube {
namespace {

constexpr Duration kSlack = std::chrono::seconds(30);  // what a request may take beyond the time we gave the server

constexpr Duration kLook = std::chrono::seconds(1);

enum class Outcome { kResume, kRelist, kEnough };

class Watcher {
 public:
  Watcher(Client& client, const Selection& selection, const EventSink& sink, std::stop_token stop, WatchOptions options)
      : client_(client), selection_(selection), sink_(sink), stop_(std::move(stop)), options_(options) {}

  Result<> run() {
    bool listed = false;
    Time well = client_.clock().now();  // when the server was last with us
    for (int failures = 0;;) {
      if (!listed) {
        if (!TRY(list())) return {};
        listed = true;
      }
      const Time began = client_.clock().now();
      heard_ = false;
      auto outcome = follow();
      if (outcome && *outcome == Outcome::kEnough) return {};
      listed = !(outcome && *outcome == Outcome::kRelist);
      if (stop_.stop_requested()) return fail(Code::kCancelled, "stopped while watching " + selection_.of.text());
      if (outcome || heard_) well = client_.clock().now();
      // A server that ends every watch at once must not be asked in a loop.
      failures = outcome && (heard_ || client_.clock().now() - began > std::chrono::seconds(1)) ? 0 : failures + 1;
      if (!outcome) {
        log::debug(fmt::format("kube: the watch of {} broke: {}", selection_.of.text(), outcome.error().text()));
        if (!may_come_back(outcome.error().code()) || client_.clock().now() - well > options_.patience)
          return fail(std::move(outcome.error()));
      }
      if (failures && !client_.clock().sleep_for(client_.pause(failures), stop_))
        return fail(Code::kCancelled, "stopped while watching " + selection_.of.text());
    }
  }

 private:
  static bool may_come_back(Code code) {
    return code == Code::kTransient || code == Code::kThrottled || code == Code::kUnreachable || code == Code::kCorrupt;
  }

  static std::string key_of(const codec::Json& object) { return namespace_of(object) + "/" + name_of(object); }

  // False: the sink had enough.
  Result<bool> list() {
    for (int beginning = 1;; ++beginning) {
      auto done = list_once();
      if (done || !is_expired(done.error()) || beginning == kMostBeginnings) return done;
    }
  }

  Result<bool> list_once() {
    std::set<std::string> present;
    bool enough = false;
    const Visitor visit = [&](codec::Json&& object) {
      const std::string key = key_of(object);
      present.insert(key);
      enough = !tell(key, std::move(object));
      return !enough;
    };
    version_ = TRY(each(client_, selection_, visit, stop_));
    for (auto at = known_.begin(); !enough && at != known_.end();) {
      if (present.contains(at->first)) {
        ++at;
        continue;
      }
      enough = !sink_({EventKind::kDeleted, remains(at->first)});
      at = known_.erase(at);
    }
    return !enough && sink_({EventKind::kSynced, nullptr});
  }

  // Tells an object that is there, unless that version of it was told before. False: the sink had enough.
  bool tell(const std::string& key, codec::Json&& object) {
    std::string version = resource_version_of(object);
    const auto [at, added] = known_.try_emplace(key);
    if (!added && at->second == version) return true;
    at->second = std::move(version);
    return sink_({added ? EventKind::kAdded : EventKind::kModified, std::move(object)});
  }

  codec::Json remains(const std::string& key) const {
    const auto slash = key.find('/');
    return codec::JsonObject{
        {"apiVersion", selection_.of.resource.api_version()},
        {"kind", selection_.of.resource.kind},
        {"metadata", codec::JsonObject{{"namespace", key.substr(0, slash)}, {"name", key.substr(slash + 1)}}}};
  }

  Call call() const {
    codec::Form query{
        {"watch", "true"},
        {"allowWatchBookmarks", "true"},
        {"resourceVersion", version_},
        {"timeoutSeconds", std::to_string(std::chrono::ceil<std::chrono::seconds>(options_.one_request).count())}};
    if (!selection_.labels.empty()) query.emplace_back("labelSelector", selection_.labels);
    if (!selection_.fields.empty()) query.emplace_back("fieldSelector", selection_.fields);
    Call out{.doing = "watching " + selection_.of.text(), .path = selection_.of.path(), .query = std::move(query)};
    out.timeout = options_.one_request + kSlack;
    return out;
  }

  // One request, until it ends.
  Result<Outcome> follow() {
    Outcome outcome = Outcome::kResume;
    std::optional<Error> error;
    Lines lines;
    auto ended = client_.stream(
        call(),
        [&](std::string_view piece) {
          return lines.add(piece, [&](std::string_view line) {
            auto next = take(line);
            if (!next) error = std::move(next.error());
            if (next) outcome = *next;
            return !error && outcome == Outcome::kResume;
          });
        },
        stop_);
    if (!error && !ended && outcome == Outcome::kResume) error = std::move(ended.error());
    if (!error && lines.overflown()) error = Error(Code::kCorrupt, "a watch event is larger than any object can be");
    if (error && is_expired(*error)) return Outcome::kRelist;
    if (error) return fail(std::move(*error));
    return outcome;  // half a line at the end is an event that the next request brings again
  }

  Result<Outcome> take(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == line.npos) return Outcome::kResume;
    auto event = TRY(codec::parse_json(line));
    const auto type = codec::text_at(event, "type");
    auto* object = event.is_object() ? event.get_object().if_contains("object") : nullptr;
    if (!object) return fail(Code::kCorrupt, "a watch event without an object");
    if (type == "ERROR") {
      if (const auto status = read_status(*object)) return fail(error_of(*status, "watching " + selection_.of.text()));
      return fail(Code::kTransient, "the server ended the watch without a reason");
    }
    heard_ = true;
    version_ = resource_version_of(*object);
    if (type == "BOOKMARK") return Outcome::kResume;
    const std::string key = key_of(*object);
    bool go_on = true;
    if (type == "DELETED") {
      if (known_.erase(key)) go_on = sink_({EventKind::kDeleted, std::move(*object)});
    } else {
      go_on = tell(key, std::move(*object));
    }
    return go_on ? Outcome::kResume : Outcome::kEnough;
  }

  Client& client_;
  const Selection& selection_;
  const EventSink& sink_;
  std::stop_token stop_;
  WatchOptions options_;
  std::map<std::string, std::string> known_;  // "namespace/name": the version that was told
  std::string version_;                       // where the watch stands
  bool heard_ = false;                        // an event came over the present request
};

}  // namespace

Result<> watch(Client& client, const Selection& selection, const EventSink& sink, const std::stop_token& stop,
               WatchOptions options) {
  return Watcher(client, selection, sink, stop, options).run();
}

Result<codec::Json> wait_for(Client& client, const ObjectName& name,
                             const std::function<bool(const codec::Json&)>& ready, Duration patience,
                             const std::stop_token& stop) {
  // Asked for by name and not watched: many servers allow `get` where they allow no `watch`, and a second is near enough.
  const Time until = client.clock().now() + patience;
  for (;;) {
    auto found = TRY(find(client, name, stop));
    codec::Json object = found ? std::move(*found) : codec::Json(nullptr);
    if (ready(object)) return object;
    if (client.clock().now() >= until)
      return fail(Code::kTimeout, fmt::format("{} is not ready after {}", name.text(), format_duration(patience)));
    if (!client.clock().sleep_until(std::min(client.clock().now() + kLook, until), stop))
      return fail(Code::kCancelled, "stopped while waiting for " + name.text());
  }
}

}  // namespace tombolo::kube
