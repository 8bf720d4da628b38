#include "sim/kubernetes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "codec/url.hpp"
#include "codec/utf8.hpp"
#include "kube/object.hpp"
#include "sim/kube_clusters.hpp"
#include "sim/kube_controllers.hpp"
#include "sim/weather.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;

constexpr Duration kHomeRoundTrip = std::chrono::milliseconds(4);
constexpr Duration kCloudRoundTrip = std::chrono::milliseconds(74);  // through the tunnel, the recipe's way to AWS
constexpr Duration kLook = std::chrono::seconds(5);  // how long a watch may not notice that its machine is gone

struct Answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::string reason;  // of a refusal
};

Answer answer_of(const KubeRefusal& refusal) {
  // Paths that are not served get a web server's answer, not a Status: our client tells the two apart.
  if (refusal.reason.empty()) return {refusal.code, "text/plain; charset=utf-8", "404 page not found\n", "NotFound"};
  return {refusal.code, "application/json", codec::to_text(refusal.json()) + "\n", refusal.reason};
}
Answer answer_of(const Json& json, int status = 200) {
  return {status, "application/json", codec::to_text(json) + "\n", ""};
}

KubeOutcome<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    if (part.empty() && path.empty()) break;  // a slash at the end
    const auto plain = codec::percent_decode(part);
    if (!plain || plain->empty() || !codec::is_valid_utf8(*plain)) return no_such_resource();
    out.push_back(*plain);
  }
  return out;
}

bool is_true(std::string_view text) { return text == "true" || text == "1"; }

std::string verb_of(const net::Request& request, const codec::Form& query, bool named) {
  const auto& method = request.method;
  if (method == "GET" || method == "HEAD")
    return named ? "get" : is_true(codec::field(query, "watch")) ? "watch" : "list";
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  return method == "DELETE" ? named ? "delete" : "deletecollection" : "";
}

bool has_subresource(const KubeKind& kind, const std::string& name) {
  if (name == "status") return kind.has_status;
  return (name == "log" && kind.kind == "Pod") || (name == "finalize" && kind.kind == "Namespace") ||
         (name == "approval" && kind.kind == "CertificateSigningRequest");
}

// What a path below /api/v1 or /apis/G/V means. 404 for what this server does not serve.
KubeOutcome<KubeRequest> understand(const KubeStore& store, const net::Request& request, const codec::Url& url) {
  KubeRequest out;
  auto parts = ALLOWED(segments_of(url.path));
  const std::size_t head = !parts.empty() && parts[0] == "api" ? 2 : 3;
  if (parts.size() <= head || (parts[0] != "api" && parts[0] != "apis")) return no_such_resource();
  const auto group = head == 2 ? "" : parts[1];
  out.version = parts[head - 1];
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(head));
  std::string space;
  const bool of_namespace = parts.size() == 3 && group.empty() && (parts[2] == "status" || parts[2] == "finalize");
  if (parts[0] == "namespaces" && parts.size() >= 3 && !of_namespace) {
    space = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  if (parts.size() > 3) return no_such_resource();
  const auto kind = find_kind(store, group, out.version, parts[0]);
  const auto name = parts.size() > 1 ? parts[1] : "";
  out.subresource = parts.size() > 2 ? parts[2] : "";
  if (!kind || (!kind->namespaced && !space.empty()) || (kind->namespaced && space.empty() && !name.empty()))
    return no_such_resource();
  if (!out.subresource.empty() && !has_subresource(*kind, out.subresource)) return no_such_resource();
  out.kind = *kind;
  out.key = kind->key(space, name);
  const auto query = codec::decode_form(url.query);
  const auto is_text = [](const auto& field) { return codec::is_valid_utf8(field.second); };
  if (!query || !std::ranges::all_of(*query, is_text)) return kube_bad_request("the query is not encoded");
  out.query = *query;
  out.verb = verb_of(request, out.query, !name.empty());
  const bool fits = !out.verb.empty() &&
                    (out.verb != "create" || (name.empty() && (!kind->namespaced || !space.empty()))) &&
                    ((out.verb != "update" && out.verb != "patch") || !name.empty()) &&
                    (out.subresource.empty() || out.verb == "get" ||
                     (out.subresource != "log" && (out.verb == "update" || out.verb == "patch"))) &&
                    (out.verb != "deletecollection" || !kind->namespaced || !space.empty());
  if (!fits) return kube_no(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  out.body = request.body;
  out.content_type = net::header(request.headers, "content-type");
  out.user_agent = net::header(request.headers, "user-agent");
  if (!codec::is_valid_utf8(out.user_agent)) out.user_agent.clear();
  return out;
}

std::string resource_text(const KubeRequest& r) {
  std::string out = r.subresource.empty() ? r.kind.plural : r.kind.plural + "/" + r.subresource;
  return r.kind.group.empty() ? out : out + "." + r.kind.group;
}

KubeOutcome<> authorize(const World& world, std::string_view cluster, const KubeRequest& r, const std::string& verb) {
  if (!is_forbidden(world, cluster, verb, resource_text(r))) return {};
  const auto& name = verb == "create" ? "" : r.key.name;
  const auto where = r.key.name_space.empty() ? std::string("at the cluster scope")
                                              : fmt::format("in the namespace \"{}\"", r.key.name_space);
  const auto resource = r.subresource.empty() ? r.kind.plural : r.kind.plural + "/" + r.subresource;
  return KubeNo(
      KubeRefusal{403, "Forbidden",
                  fmt::format("{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}",
                              r.kind.text(), std::string_view(name).empty() ? "" : fmt::format(" \"{}\"", name),
                              world.options.kube.user, verb, resource, r.kind.group, where),
                  r.kind.group, r.kind.plural, name});
}

KubeOutcome<Json> remove_all(KubeStore& store, KubeRequest request, Time now) {
  auto all = ALLOWED(list(store, request));
  for (const auto& item : codec::find(all, "items")->get_array()) {
    request.key = request.kind.key(kube::namespace_of(item), kube::name_of(item));
    (void)ALLOWED(remove(store, request, now));
  }
  return all;
}

KubeOutcome<Answer> carry_out(World& world, std::string_view cluster, KubeStore& store, const KubeRequest& r,
                              Time now) {
  ALLOWED(authorize(world, cluster, r, r.verb));
  if (r.subresource == "log") return Answer{200, "text/plain", ALLOWED(pod_log(world, store, r, now)), ""};
  if (r.verb == "get") return answer_of(ALLOWED(read(store, r)));
  if (r.verb == "list") return answer_of(ALLOWED(list(store, r)));
  if (r.verb == "watch") return Answer{200, "application/json", ALLOWED(watch_events(store, r)), ""};
  if (r.verb == "create") return answer_of(ALLOWED(create(store, r, now)), 201);
  if (r.verb == "update") return answer_of(ALLOWED(update(store, r, now)));
  if (r.verb == "delete") return answer_of(ALLOWED(remove(store, r, now)));
  if (r.verb == "deletecollection") return answer_of(ALLOWED(remove_all(store, r, now)));
  if (!store.find(r.key)) ALLOWED(authorize(world, cluster, r, "create"));  // an apply makes it
  bool created = false;
  auto object = ALLOWED(patch(store, r, now, created));
  return answer_of(object, created ? 201 : 200);
}

Answer version_of(const World& world, std::string_view cluster) {
  const auto& text = cluster == "home" ? world.options.kube.home_version : world.options.kube.cloud_version;
  const auto dot = text.find('.'), end = text.find('.', dot + 1);
  return answer_of(Json{{"major", text.substr(1, dot - 1)},
                        {"minor", text.substr(dot + 1, end - dot - 1)},
                        {"gitVersion", text},
                        {"gitTreeState", "clean"},
                        {"goVersion", "go1.24.6"},
                        {"compiler", "gc"},
                        {"platform", "linux/amd64"}});
}

// Paths that are not objects.
std::optional<Answer> beside_objects(const World& world, std::string_view cluster, const KubeStore& store,
                                     const net::Request& request, const codec::Url& url) {
  auto path = url.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const auto slashes = std::ranges::count(path, '/');
  if (path == "/version") return version_of(world, cluster);
  for (const auto* check : {"/readyz", "/livez", "/healthz"})
    if (path == check) {
      const bool verbose = url.query.starts_with("verbose");
      return Answer{
          200, "text/plain; charset=utf-8",
          verbose ? fmt::format("[+]ping ok\n[+]log ok\n[+]etcd ok\n{} check passed\n", path.substr(1)) : "ok", ""};
    }
  const bool reviews = path.starts_with(fmt::format("/apis/{}/v1/selfsubject", kReviewGroup));
  if (reviews && request.method == "POST") {
    const auto answer = review(world, cluster, path.substr(path.rfind('/') + 1), request.body);
    return answer ? answer_of(*answer, 201) : answer_of(answer.error());
  }
  if (request.method != "GET" ||
      !(path == "/api" || path == "/apis" || path == "/api/v1" || (path.starts_with("/apis/") && slashes <= 3)))
    return std::nullopt;
  const auto answer = discover(store, path);
  return answer ? answer_of(*answer) : answer_of(answer.error());
}

// What becomes of an answer in bad weather.
void weather(const Fault& fault, Reply& reply, Answer& answer) {
  using Kind = Fault::Kind;
  reply.cut = fault.kind == Kind::kCutBefore || fault.kind == Kind::kCutAfter;
  if (fault.kind == Kind::kSlow) reply.latency += fault.delay;
  if (fault.kind == Kind::kError || fault.kind == Kind::kErrorAfter)
    answer = answer_of(KubeRefusal{fault.status, fault.code, fault.message, "", "", ""});
  if (fault.kind == Kind::kHtml)
    answer = {502, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>\n", "HTML"};
}

}  // namespace

bool is_kube(const net::Request& request) {
  const auto url = codec::parse_url(request.url);
  return url && (url->host == kHomeHost || url->host == kCloudHost);
}

std::optional<Reply> serve_kube(World& world, const net::Request& request) {
  const Time now = world.clock.now();
  if (world.witness && request.method != "GET" && request.method != "HEAD") world.witness(now, request);
  const auto url = codec::parse_url(request.url);
  const std::string cluster = url && url->host == kHomeHost ? "home" : "cloud";
  auto* store = url ? kube_at(world, url->host, now) : nullptr;
  if (!store) return std::nullopt;

  CallRecord record{now, "kube", cluster, request.method + " " + url->path, {{"cluster", cluster}}, 0, "", false};
  Answer answer;
  Reply reply;
  if (const auto who = net::header(request.headers, "authorization");
      who == "Bearer refused" ||
      (who.starts_with("Bearer admin-of-") && who != "Bearer " + admin_token(store->name()))) {
    answer = answer_of(KubeRefusal{401, "Unauthorized", "Unauthorized", "", "", ""});
  } else if (auto other = beside_objects(world, cluster, *store, request, *url)) {
    answer = std::move(*other);
  } else if (const auto understood = understand(*store, request, *url); !understood) {
    answer = answer_of(understood.error());
  } else {
    record.action = fmt::format("{} {}", understood->verb, resource_text(*understood));
    record.parameters["namespace"] = understood->key.name_space;
    record.parameters["name"] = understood->key.name;
    if (const auto dry = understood->option("dryRun"); !dry.empty()) record.parameters["dryRun"] = dry;
    const auto fault = take_fault(world, record.action, record.parameters);
    using Kind = Fault::Kind;
    if (!fault || fault->kind == Kind::kErrorAfter || fault->kind == Kind::kCutAfter || fault->kind == Kind::kSlow) {
      const auto before = store->version();
      const auto done = carry_out(world, cluster, *store, *understood, now);
      record.executed = done.has_value();
      answer = done ? *done : answer_of(done.error());
      if (store->version() != before) {
        settle_kube(world, now);
        let_kube_time_pass(world, now);  // with instant lifetimes it is over at once
        world.clock.notify();            // watches
      }
    }
    if (fault) weather(*fault, reply, answer);
  }
  record.status = reply.cut ? 0 : answer.status;
  record.code = answer.reason;
  constexpr std::size_t kKept = 100'000;
  if (world.calls.size() >= kKept) world.calls.erase(world.calls.begin(), world.calls.begin() + kKept / 2);
  world.calls.push_back(std::move(record));
  reply.response = {
      answer.status, {{"Content-Type", answer.type}, {"Cache-Control", "no-cache, private"}}, std::move(answer.body)};
  return reply;
}

namespace {

// A watch that has nothing to tell yet, until it has, or its time is over.
Result<std::string> wait_for_events(World& world, const net::Request& request, std::unique_lock<std::mutex>& lock,
                                    const std::stop_token& stop) {
  const auto url = TRY(codec::parse_url(request.url));
  const auto began = world.clock.now();
  const auto asked = std::atoi(std::string(codec::field(TRY(codec::decode_form(url.query)), "timeoutSeconds")).c_str());
  const auto end = began + (asked > 0 ? std::chrono::seconds(asked) : std::chrono::seconds(1800));
  for (;;) {
    const auto now = world.clock.now();
    auto* store = kube_at(world, url.host, now);
    if (!store) return fail(Code::kTransient, fmt::format("{} closed the connection", url.host));
    const auto watch = understand(*store, request, url);
    if (!watch) return std::string();  // its kind is gone
    const auto events = watch_events(*store, *watch);
    if (!events) return codec::to_text({{"type", "ERROR"}, {"object", events.error().json()}}) + "\n";
    if (!events->empty()) return *events;
    if (now >= end) return bookmark(*store, *watch);
    if (now >= began + request.timeout)
      return fail(Code::kTransient, fmt::format("{} did not answer in {}", url.host, format_duration(request.timeout)));
    auto until = std::min({end, began + request.timeout, now + kLook});
    for (const auto& [name, each] : world.kube)
      if (each.due()) until = std::min(until, *each.due());
    const auto name = store->name();
    const auto seen = store->version();
    const auto changed = [&] {
      const auto it = world.kube.find(name);
      return it == world.kube.end() || it->second.version() != seen;
    };
    (void)world.clock.wait(lock, until, stop, changed);
    if (stop.stop_requested()) return fail(Code::kCancelled, fmt::format("stopped while watching {}", url.host));
  }
}

}  // namespace

Result<net::Response> send_kube(World& world, const net::Request& request, const std::stop_token& stop) {
  const auto url = TRY(codec::parse_url(request.url));
  std::unique_lock lock(world.mutex);
  const Duration whole = world.options.latency == Latency::kNone ? Duration{}
                         : url.host == kHomeHost                 ? kHomeRoundTrip
                                                                 : kCloudRoundTrip;
  lock.unlock();
  const auto cancelled = [&] { return fail(Code::kCancelled, fmt::format("stopped while asking {}", url.host)); };
  if (!world.clock.sleep_for(whole / 2, stop)) return cancelled();
  lock.lock();
  auto reply = serve_kube(world, request);
  if (!reply) return fail(Code::kUnreachable, fmt::format("cannot connect to {}: Connection refused", url.authority()));
  const bool watches = is_true(codec::field(codec::decode_form(url.query).value_or(codec::Form()), "watch"));
  if (watches && request.method == "GET" && reply->response.status == 200 && reply->response.body.empty() &&
      !reply->cut)
    reply->response.body = TRY(wait_for_events(world, request, lock, stop));
  lock.unlock();
  if (!world.clock.sleep_for(std::min(whole - whole / 2 + reply->latency, request.timeout), stop)) return cancelled();
  if (reply->latency > request.timeout)
    return fail(Code::kTransient, fmt::format("{} did not answer in {}", url.host, format_duration(request.timeout)));
  if (reply->cut) return fail(Code::kTransient, fmt::format("{} closed the connection without an answer", url.host));
  return reply->response;
}

}  // namespace tombolo::sim
