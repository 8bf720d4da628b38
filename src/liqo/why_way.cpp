// Why home does not reach the cloud's API server: what the cloud advertises, who answers there, the mesh, and Liqo's own
// controllers. Several of these look the same in the API; what was dialled tells them apart.
#include <fmt/format.h>

#include <algorithm>

#include "liqo/why_rules.hpp"

namespace tombolo::liqo::why {
namespace {

std::string since(const Json& object, std::string_view type) {
  const auto* conditions = codec::find(object, "status.conditions");
  if (!conditions || !conditions->is_array()) return "";
  for (const auto& each : conditions->get_array())
    if (codec::text_at(each, "type") == type) return codec::text_at(each, "lastTransitionTime");
  return "";
}

// What home says of the cloud, and of the slices that nobody has answered.
Chain what_home_sees(const Evidence& e) {
  Chain out;
  for (const auto* slice : e.home.all("ResourceSlice"))
    if (condition_word(*slice, "Authentication").empty())
      out.push_back({"the slice has no condition at all: it never came to the cloud", at_home(*slice)});
  if (const auto* cluster = foreign_cluster(e))
    if (const auto condition = kube::condition_of(*cluster, "APIServerStatus"))
      out.push_back(
          {fmt::format("APIServerStatus {}, {}: {}", condition->status, condition->reason, condition->message),
           at_home(*cluster)});
  return out;
}

// A slice of which nothing has ever come back from the cloud.
bool is_unanswered(const Evidence& e) {
  const auto slices = e.home.all("ResourceSlice");
  return std::any_of(slices.begin(), slices.end(),
                     [](const Json* slice) { return condition_word(*slice, "Authentication").empty(); });
}

std::string restart_manager(const Evidence& e) {
  return fmt::format("kubectl -n {} rollout restart deployment liqo-controller-manager",
                     e.home.liqo ? e.home.liqo->name_space : "liqo");
}

Explanation distrusted(Chain chain, const Dial& dial) {
  if (dial.detail.find("expired") != std::string::npos)
    return because("server-certificate-expired", std::move(chain),
                   "The certificate of the cloud's API server has expired.",
                   "Restart k3s, which renews it: `tombolo ssh lighthouse -- sudo systemctl restart k3s`.");
  return because(
      "advertised-ca-wrong", std::move(chain),
      "The cloud advertises an authority that its own API server is not signed by.",
      "Correct apiServer.ca in the cloud's Liqo values (liqo.cloudValues) or take it out, run `tombolo up`, then "
      "`tombolo peer`.");
}

Found advertised(const Evidence& e) {
  const auto* dial = e.dial("Tenant");
  if (!dial || dial->outcome == Dial::Outcome::kAnswers) return std::nullopt;
  auto chain = what_home_sees(e);
  chain.push_back(dial_link(*dial));
  if (dial->outcome == Dial::Outcome::kUntrusted) return distrusted(std::move(chain), *dial);
  // From here the mesh may be out of reach where home is not: only together with home's own word is silence a fault. That
  // word is from an earlier peering as long as nothing has come back.
  if (dial->through_tunnel || dial->server == e.cloud_server ||
      (cloud_as_home_sees_it(e) == "Established" && !is_unanswered(e)))
    return std::nullopt;
  return because(
      "advertised-address-wrong", std::move(chain),
      fmt::format("The cloud advertises the address {}, where nobody answers; it is reached at {}.", dial->server,
                  e.cloud_server),
      fmt::format("Set apiServer.address to {} in the cloud's Liqo values (liqo.cloudValues), run `tombolo up`, "
                  "then `tombolo peer`.",
                  e.cloud_server));
}

// The cloud's answer has changed since home took it.
Found stale_identity(const Evidence& e) {
  const auto *ours = e.dial("Identity"), *theirs = e.dial("Tenant");
  if (!ours || !theirs || theirs->outcome != Dial::Outcome::kAnswers || ours->outcome == Dial::Outcome::kAnswers)
    return std::nullopt;
  auto chain = what_home_sees(e);
  chain.push_back(dial_link(*ours));
  chain.push_back(dial_link(*theirs));
  return because("identity-stale", std::move(chain),
                 "Home logs in with an address or authority that the cloud no longer advertises.",
                 "Run `tombolo peer`: it takes over what the cloud advertises now.");
}

Found silent_cloud(const Evidence& e) {
  if (e.cloud.silent.empty() || cloud_as_home_sees_it(e) == "Established") return std::nullopt;
  auto chain = what_home_sees(e);
  chain.push_back({e.cloud.silent, "cloud, API server"});
  return because("cloud-api-silent", std::move(chain),
                 "Home does not reach the cloud's API server, and it could not be asked from here either.",
                 "Run `tombolo doctor`, then `tombolo up`. If the cloud is gone for good: `tombolo unpeer --force`.");
}

Found not_ready(const SideSeen& side, std::string_view name, const Chain& seen) {
  if (!side.liqo || side.liqo->ready()) return std::nullopt;
  Chain chain = seen;
  bool webhook = false;
  for (const auto& trouble : side.liqo->troubles) {
    webhook = webhook || trouble.find("webhook") != std::string::npos;
    chain.push_back({trouble, fmt::format("{}, Liqo in {}", name, side.liqo->name_space)});
  }
  const auto mend =
      fmt::format("{} -n {} get pods", name == "home" ? "kubectl" : "tombolo kubectl", side.liqo->name_space);
  if (webhook)
    return because(name == "home" ? "home-webhook-silent" : "cloud-webhook-silent", std::move(chain),
                   fmt::format("Liqo's webhook {} does not answer, so nothing it has to judge can be made.",
                               name == "home" ? "at home" : "in the cloud"),
                   fmt::format("Look at liqo-webhook: `{}`; `{} -n {} rollout restart deployment liqo-webhook`.", mend,
                               name == "home" ? "kubectl" : "tombolo kubectl", side.liqo->name_space));
  return because("liqo-not-ready", std::move(chain),
                 fmt::format("Liqo {} is not ready.", name == "home" ? "at home" : "in the cloud"),
                 fmt::format("Run `tombolo up`; `{}` shows its pods.", mend));
}

// Something of the cloud has come to home after its checker had given the cloud up: only the checker is out of date.
const Json* newer_word(const Evidence& e, const Json& cluster) {
  const auto given_up = since(cluster, "APIServerStatus");
  for (const auto* slice : e.home.all("ResourceSlice"))
    if (condition_word(*slice, "Authentication") == "Accepted" && since(*slice, "Authentication") > given_up)
      return slice;
  return nullptr;
}

Explanation stale_checker(const Evidence& e, Chain chain, const Json& word) {
  chain.push_back({"accepted by the cloud after home had given the cloud up", at_home(word)});
  return because(
      "api-checker-stale", std::move(chain),
      "Home's Liqo checks the cloud with a connection from before the cloud was corrected, and never makes it anew.",
      fmt::format("At home: `{}`, and `kubectl -n {} delete pod -l offloading.liqo.io/component=virtual-kubelet`. "
                  "Do not delete the ForeignCluster: nothing makes it again.",
                  restart_manager(e), e.home.tenant_namespace));
}

// The cloud answers us, and home says that it does not answer home.
Found given_up(const Evidence& e) {
  const auto* cluster = foreign_cluster(e);
  if (!cluster) {
    if (!e.home.knows("ForeignCluster")) return std::nullopt;
    return because("foreign-cluster-missing", {{fmt::format("home has no ForeignCluster {}", e.cloud_id), "home"}},
                   "The ForeignCluster was deleted while the clusters are peered; nothing makes it again by itself.",
                   fmt::format("At home: `{}`.", restart_manager(e)));
  }
  if (const auto seen = cloud_as_home_sees_it(e); seen.empty() || seen == "Established") return std::nullopt;
  auto chain = what_home_sees(e);
  if (const auto* dial = e.dial("Tenant"); dial && dial->outcome == Dial::Outcome::kAnswers)
    chain.push_back(dial_link(*dial));
  if (const auto* word = newer_word(e, *cluster)) return stale_checker(e, std::move(chain), *word);
  if (e.mesh_trouble && e.mesh_trouble->empty()) {
    chain.push_back({"home's member answers over the mesh", "mesh"});
    return because(
        "home-cannot-reach-cloud", std::move(chain),
        "The mesh carries packets, and yet Liqo's pods at home do not reach the cloud's API server: their way into "
        "the mesh or the mesh's firewall is closed, or Liqo keeps an old connection.",
        fmt::format(
            "If the mesh is just back, wait: Liqo looks every 15 seconds. Else run `tombolo doctor` and `tombolo "
            "up`; then, at home, `{}`.",
            restart_manager(e)));
  }
  if (e.mesh_trouble) chain.push_back({"home's member does not answer: " + *e.mesh_trouble, "mesh"});
  return because(
      "mesh-cut", std::move(chain),
      "The mesh between home and the cloud is cut: the cloud works, and home does not reach it.",
      "Run `tombolo doctor`, which finds out where. Once it is back, the virtual node needs a minute to be ready.");
}

Found skewed(const Evidence& e) {
  if (!e.home.liqo || !e.cloud.liqo) return std::nullopt;
  const auto skew = version_skew(e.home.liqo->version, e.cloud.liqo->version);
  if (skew.find("do not fit") == skew.npos) return std::nullopt;
  return because("version-skew", {{skew, "home and cloud, liqo-controller-manager"}},
                 "The two Liqos were never made for each other.",
                 "Set liqo.version in the cluster file, and run `tombolo up`.");
}

}  // namespace

Found way_trouble(const Evidence& e) {
  if (auto found = advertised(e)) return found;
  if (auto found = stale_identity(e)) return found;
  if (auto found = silent_cloud(e)) return found;
  if (auto found = not_ready(e.home, "home", {})) return found;
  if (auto found = given_up(e)) return found;
  if (auto found = not_ready(e.cloud, "cloud", {})) return found;
  return skewed(e);
}

}  // namespace tombolo::liqo::why
