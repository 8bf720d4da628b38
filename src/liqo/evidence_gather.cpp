// Asking both clusters, for evidence.hpp.
#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.hpp"
#include "liqo/evidence.hpp"
#include "liqo/parties.hpp"
#include "liqo/renewal.hpp"

namespace tombolo::liqo {
namespace evidence {
namespace {

using codec::Json;

const kube::Resource kMutatingWebhooks{"admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations",
                                       "MutatingWebhookConfiguration", false};
constexpr int kMostOrphans = 200;  // shadow pods that are counted; more changes nothing in the answer

// One side being asked. What fails is written down and gone past, cancelling excepted.
struct Asker {
  kube::Client& client;
  SideSeen& side;
  const std::stop_token& stop;

  bool usable() const { return side.silent.empty(); }

  void note(const std::string& kind, const Error& error) {
    constexpr Code kSilence[] = {Code::kUnreachable, Code::kTransient, Code::kTimeout, Code::kCredentials,
                                 Code::kUntrusted};
    if (std::find(std::begin(kSilence), std::end(kSilence), error.code()) != std::end(kSilence))
      side.silent = error.sentence();
    side.unread.emplace(kind, error.sentence());
  }

  void list(const kube::Resource& resource, const std::string& name_space, const std::string& labels = "",
            const std::string& fields = "") {
    if (!usable()) return;
    auto found = kube::list(client, {{resource, name_space, ""}, labels, fields, 500}, stop);
    if (!found) return note(resource.kind, found.error());
    for (auto& each : *found) side.objects.push_back(std::move(each));
  }

  void get(const kube::ObjectName& name) {
    if (!usable() || name.name.empty()) return;
    auto found = kube::find(client, name, stop);
    if (!found) return note(name.resource.kind, found.error());
    if (!*found) return;
    auto& object = (*found)->as_object();
    object["kind"] = name.resource.kind;
    side.objects.push_back(std::move(**found));
  }

  void look_for_liqo() {
    if (!usable()) return;
    auto found = find_installation(client, stop);
    if (!found) return note("Installation", found.error());
    side.liqo = std::move(*found);
    side.liqo_known = true;
  }
};

// Whether the server answers at all; the first question, asked without the usual patience.
void greet(Asker& ask, const GatherOptions& options) {
  kube::Client brief(ask.client.clock(), ask.client.access(), {.attempts = 2}, options.transport);
  const auto answer = brief.text(
      {.doing = "asking for the server's version", .path = "/version", .timeout = std::chrono::seconds(8)}, ask.stop);
  if (!answer) ask.side.silent = answer.error().sentence();
}

// A Secret without what is in it.
Json without_values(const Json& secret) {
  codec::JsonArray entries;
  if (const auto* data = codec::find(secret, "data"); data && data->is_object())
    for (const auto& each : data->get_object()) entries.emplace_back(each.key());
  return {{"kind", "Secret"}, {"metadata", *codec::find(secret, "metadata")}, {"entries", std::move(entries)}};
}

// The base64 text of one entry: only ever compared, or read as a certificate.
using Values = std::map<std::string, std::string>;  // "Secret/entry"

Values take_secrets(Asker& ask) {
  Values out;
  if (!ask.usable() || ask.side.tenant_namespace.empty()) return out;
  auto found = kube::list(ask.client, {{kube::kSecrets, ask.side.tenant_namespace, ""}, "", "", 500}, ask.stop);
  if (!found) {
    ask.note("Secret", found.error());
    return out;
  }
  for (const auto& secret : *found) {
    for (const auto* entry : {"nonce", "csr"})
      if (auto text = codec::text_at(secret, std::string("data.") + entry); !text.empty())
        out.emplace(kube::name_of(secret) + "/" + entry, std::move(text));
    ask.side.objects.push_back(without_values(secret));
  }
  return out;
}

std::string peer_of_home(const SideSeen& home, const SideSeen& cloud, const std::string& fallback) {
  if (cloud.liqo && !cloud.liqo->cluster_id.empty()) return cloud.liqo->cluster_id;
  const auto known = home.all("ForeignCluster");
  return known.size() == 1 ? kube::name_of(*known.front()) : fallback;
}

std::string tenant_namespace_of(Asker& ask, const std::string& peer) {
  if (!ask.usable() || peer.empty()) return "";
  auto found = tenant_namespaces(ask.client, peer, ask.stop);
  if (!found) ask.note("Namespace", found.error());
  return found && !found->empty() ? kube::name_of(found->front()) : tenant_namespace(peer);
}

void look_at_tenancy(Asker& ask, const std::string& peer) {
  ask.side.tenant_namespace = tenant_namespace_of(ask, peer);
  const auto about = fmt::format("{}={}", kRemoteClusterId, peer);
  for (const auto* resource : {&kTenants, &kIdentities, &kVirtualNodes, &kRenews}) ask.list(*resource, "", about);
  ask.list(kResourceSlices, ask.side.tenant_namespace);
  ask.list(kQuotas, ask.side.tenant_namespace);
  ask.list(kNamespaceMaps, ask.side.tenant_namespace);
  ask.list(kube::kDeployments, ask.side.tenant_namespace);
  ask.list(kube::kPods, ask.side.tenant_namespace);
  ask.list(kube::kEvents, ask.side.tenant_namespace);
  ask.list(kMutatingWebhooks, "", "liqo.io/webhook=true");
  if (ask.side.liqo) ask.list(kube::kPods, ask.side.liqo->name_space);
}

void look_at_pod_at_home(Asker& ask, const Question& question) {
  ask.get({kube::kPods, question.name_space, question.name});
  ask.get({kube::kNamespaces, "", question.name_space});
  ask.get({kNamespaceOffloadings, question.name_space, std::string(kOffloadingName)});
  // All of the namespace: when a pod could not be made, its ReplicaSet has the event.
  ask.list(kube::kEvents, question.name_space);
}

// The namespace that the pod's namespace has in the cloud, as home's Liqo has noted it.
std::string remote_namespace(const SideSeen& home, const std::string& name_space) {
  if (const auto* offloading = home.find("NamespaceOffloading", kOffloadingName, name_space))
    return codec::text_at(*offloading, "status.remoteNamespaceName");
  return "";
}

void look_at_pod_in_cloud(Asker& ask, const Question& question, const std::string& name_space) {
  if (name_space.empty()) return;
  ask.get({kShadowPods, name_space, question.name});
  ask.get({kube::kPods, name_space, question.name});
  ask.list(kube::kEvents, name_space, "", "involvedObject.name=" + question.name);
}

void count_orphans(Asker& ask, const std::string& home_id) {
  if (!ask.usable() || home_id.empty() || !ask.side.all("ShadowPod").empty()) return;
  int left = kMostOrphans;
  const auto seen = kube::each(
      ask.client, {{kShadowPods, "", ""}, "offloading.liqo.io/origin=" + home_id, "", kMostOrphans},
      [&](Json&& pod) {
        ask.side.objects.push_back(std::move(pod));
        return --left > 0;
      },
      ask.stop);
  if (!seen) ask.note("ShadowPod", seen.error());
}

std::string host_of(const std::string& server) {
  const auto begin = server.find("://");
  return server.substr(begin == server.npos ? 0 : begin + 3);
}

Dial::Outcome outcome_of(const Error& error) {
  if (error.code() == Code::kUntrusted) return Dial::Outcome::kUntrusted;
  // Whoever refuses us has answered.
  return error.remote() && error.remote()->http_status != 0 ? Dial::Outcome::kAnswers : Dial::Outcome::kSilent;
}

struct Way {
  std::string server, connect_to;  // how we reach the cloud ourselves
};

void dial(Evidence& e, std::string source, const Json& params, const Way& way, Clock& clock,
          const GatherOptions& options, const std::stop_token& stop) {
  Dial out;
  out.source = std::move(source);
  out.server = codec::text_at(params, "apiServer");
  if (out.server.empty()) return;
  kube::Access access;
  access.server = out.server;
  out.through_tunnel = !way.connect_to.empty() && host_of(out.server) == host_of(way.server);
  if (out.through_tunnel) access.connect_to = way.connect_to;
  if (const auto ca = codec::decode_base64(codec::text_at(params, "ca")); ca)
    access.tls.authorities.assign(ca->begin(), ca->end());
  access.proxy = codec::text_at(params, "proxyURL");
  kube::Client client(clock, std::move(access), {.attempts = 1}, options.transport);
  const auto answer = client.text({.doing = "dialling", .path = "/livez", .timeout = std::chrono::seconds(5)}, stop);
  if (!answer) {
    out.outcome = outcome_of(answer.error());
    out.detail = answer.error().sentence();
  }
  e.dials.push_back(std::move(out));
}

void dial_what_is_advertised(Evidence& e, const Way& way, Clock& clock, const GatherOptions& options,
                             const std::stop_token& stop) {
  for (const auto* tenant : e.cloud.all("Tenant"))
    if (const auto* params = codec::find(*tenant, "status.authParams"))
      dial(e, "Tenant", *params, way, clock, options, stop);
  if (const auto* identity = e.home.find("Identity", control_plane_identity(e.cloud_id)))
    if (const auto* params = codec::find(*identity, "spec.authParams"))
      dial(e, "Identity", *params, way, clock, options, stop);
}

void note_ends(Evidence& e) {
  for (const auto* identity : e.home.all("Identity")) {
    const auto* params = codec::find(*identity, "spec.authParams");
    if (const auto times = params ? certificate_times(*params) : std::nullopt)
      e.identity_ends[kube::name_of(*identity)] = times->until;
  }
}

void compare_secrets(Evidence& e, const Values& home, const Values& cloud) {
  const auto signed_nonce = home.find(std::string(kSignedNonceSecret) + "/nonce");
  const auto nonce = cloud.find(std::string(kNonceSecret) + "/nonce");
  if (signed_nonce != home.end() && nonce != cloud.end()) e.nonces_agree = signed_nonce->second == nonce->second;
  const auto stored = cloud.find(std::string(kCertificateSecret) + "/csr");
  for (const auto* tenant : e.cloud.all("Tenant"))
    if (const auto sent = codec::text_at(*tenant, "spec.csr"); stored != cloud.end() && !sent.empty())
      e.csr_agrees = stored->second == sent;
}

void say_what_was_looked_at(Evidence& e) {
  e.looked = {"nodes, Liqo's installation, the peering's objects and their events at home"};
  if (e.question.about == Subject::kPod)
    e.looked.push_back(fmt::format("pod {}/{}, its namespace and its events", e.question.name_space, e.question.name));
  if (e.cloud.silent.empty()) e.looked.push_back("the same in the cloud");
  for (const auto& d : e.dials) e.looked.push_back(fmt::format("{} as the {} names it", d.server, d.source));
}

}  // namespace
}  // namespace evidence

Result<Evidence> gather(const Question& question, kube::Client& home, const CloudClient& cloud,
                        const GatherOptions& options, const std::stop_token& stop) {
  using namespace evidence;
  Evidence e;
  e.question = question;
  e.now = home.clock().now();
  Asker at_home{home, e.home, stop};
  greet(at_home, options);
  at_home.look_for_liqo();
  at_home.list(kube::kNodes, "");
  at_home.list(kForeignClusters, "");
  if (question.about == Subject::kPod) look_at_pod_at_home(at_home, question);
  e.cloud.silent = cloud.why_not;
  Values home_values, cloud_values;
  Way way;
  std::optional<Asker> there;
  if (cloud.client) {
    way = {cloud.client->access().server, cloud.client->access().connect_to};
    e.cloud_server = way.server;
    there.emplace(Asker{*cloud.client, e.cloud, stop});
    greet(*there, options);
    there->look_for_liqo();
  }
  if (e.home.liqo) e.home_id = e.home.liqo->cluster_id;
  e.cloud_id = peer_of_home(e.home, e.cloud, options.cloud_id);
  look_at_tenancy(at_home, e.cloud_id);
  home_values = take_secrets(at_home);
  if (there) {
    there->list(kube::kNodes, "");
    look_at_tenancy(*there, e.home_id);
    cloud_values = take_secrets(*there);
    if (question.about == Subject::kPod)
      look_at_pod_in_cloud(*there, question, remote_namespace(e.home, question.name_space));
    count_orphans(*there, e.home_id);
  }
  dial_what_is_advertised(e, way, home.clock(), options, stop);
  note_ends(e);
  compare_secrets(e, home_values, cloud_values);
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking; nothing was changed");
  say_what_was_looked_at(e);
  return e;
}

}  // namespace tombolo::liqo
