#include "liqo/why.hpp"

#include <fmt/format.h>

#include "liqo/why_rules.hpp"

namespace tombolo::liqo {
namespace why {

Explanation because(std::string id, Chain chain, std::string cause, std::string fix) {
  Explanation out;
  out.id = std::move(id);
  out.chain = std::move(chain);
  out.cause = std::move(cause);
  out.fix = std::move(fix);
  return out;
}

Explanation after(Chain seen, Explanation explanation) {
  seen.insert(seen.end(), std::make_move_iterator(explanation.chain.begin()),
              std::make_move_iterator(explanation.chain.end()));
  explanation.chain = std::move(seen);
  return explanation;
}

namespace {

std::string place_of(std::string_view side, const Json& object) {
  const auto name_space = kube::namespace_of(object);
  return fmt::format("{}, {} {}{}{}", side, kube::kind_of(object), name_space, name_space.empty() ? "" : "/",
                     kube::name_of(object));
}

Explanation all_is_fine(Chain chain, std::string what) {
  auto out = because("fine", std::move(chain), std::move(what), "");
  out.fine = true;
  return out;
}

Chain what_is_good(const Evidence& e) {
  Chain out;
  if (const auto* cluster = foreign_cluster(e); cluster && cloud_as_home_sees_it(e) == "Established")
    out.push_back({"home reaches the cloud's API server", at_home(*cluster)});
  for (const auto* slice : e.home.all("ResourceSlice"))
    if (condition_word(*slice, "Resources") == "Accepted")
      out.push_back({"the cloud has accepted the slice", at_home(*slice)});
  if (const auto* node = virtual_node(e)) out.push_back(node_link(*node));
  return out;
}

Explanation explain_plain_node(const Json& node) {
  if (is_ready(node)) return all_is_fine({node_link(node)}, "The node is ready.");
  return because("plain-node-not-ready", {node_link(node)},
                 "It is one of home's own nodes; Liqo and the cloud have no part in it.",
                 fmt::format("Look at the node itself: `kubectl describe node {}`.", kube::name_of(node)));
}

Explanation explain_node(const Evidence& e) {
  const auto& name = e.question.name;
  const Json* node = name.empty() ? virtual_node(e) : e.home.find("Node", name);
  if (node && !is_virtual(*node)) return explain_plain_node(*node);
  Chain seen;
  if (node)
    seen.push_back(node_link(*node));
  else if (e.home.knows("Node"))
    seen.push_back(
        {name.empty() ? "home has no virtual node" : fmt::format("home has no node {}", name), "home, nodes"});
  if (auto found = peering_trouble(e, name)) return after(std::move(seen), std::move(*found));
  if (node) return all_is_fine(what_is_good(e), "The virtual node is ready, and so is everything it stands on.");
  auto out = because("not-explained", std::move(seen), "Nothing that was looked at explains it.",
                     "See whether the name is right: `kubectl get nodes`.");
  out.explained = false;
  return out;
}

Explanation explain_peering(const Evidence& e) {
  if (auto found = peering_trouble(e)) return std::move(*found);
  return all_is_fine(what_is_good(e), "The peering works.");
}

}  // namespace

std::string at_home(const Json& object) { return place_of("home", object); }
std::string in_cloud(const Json& object) { return place_of("cloud", object); }

bool is_virtual(const Json& node) { return kube::label_of(node, kNodeType) == kVirtualNodeType; }

bool is_ready(const Json& node) {
  const auto ready = kube::condition_of(node, "Ready");
  return ready && ready->holds();
}

std::string ready_text(const Json& node) {
  const auto ready = kube::condition_of(node, "Ready");
  if (!ready) return "no condition Ready yet";
  return fmt::format("Ready={}, {}: {}", ready->status, ready->reason, ready->message);
}

Link node_link(const Json& node) {
  return {fmt::format("{} {} is {}: {}", is_virtual(node) ? "the virtual node" : "node", kube::name_of(node),
                      is_ready(node) ? "ready" : "not ready", ready_text(node)),
          at_home(node)};
}

Link dial_link(const Dial& dial) {
  // Whoever refuses an anonymous call has answered as well.
  return {dial.outcome == Dial::Outcome::kAnswers ? dial.server + " answers"
                                                  : fmt::format("{}: {}", dial.server, dial.detail),
          fmt::format("dialled from here{}, with the authority that the {} names",
                      dial.through_tunnel ? " through the SSH tunnel" : "", dial.source)};
}

const Json* foreign_cluster(const Evidence& e) { return e.home.find("ForeignCluster", e.cloud_id); }

std::string cloud_as_home_sees_it(const Evidence& e) {
  const auto* cluster = foreign_cluster(e);
  return cluster ? condition_word(*cluster, "APIServerStatus") : "";
}

const Json* virtual_node(const Evidence& e) {
  const Json* any = nullptr;
  for (const auto* node : e.home.all("Node")) {
    if (!is_virtual(*node)) continue;
    if (kube::label_of(*node, kRemoteClusterId) == e.cloud_id) return node;
    any = node;
  }
  return any;
}

const Json* warning(const SideSeen& side, std::string_view kind, std::string_view name, std::string_view part) {
  const Json* newest = nullptr;
  for (const auto* event : side.events_of(kind, name))
    if (codec::text_at(*event, "type") == "Warning" &&
        (codec::text_at(*event, "message").find(part) != std::string::npos || codec::text_at(*event, "reason") == part))
      newest = event;
  return newest;
}

std::string message_of(const Json* event) { return event ? codec::text_at(*event, "message") : ""; }

Found peering_trouble(const Evidence& e, std::string_view slice) {
  if (!e.home.silent.empty())
    return because("home-api-silent", {{e.home.silent, "home, API server"}},
                   "Home's API server could not be asked, so nothing is known of either cluster.",
                   "Correct home.kubeconfig and home.context in the cluster file, or bring home's API server back.");
  for (const auto& rule : {installation_trouble, authentication_trouble, way_trouble})
    if (auto found = rule(e)) return found;
  if (auto found = slice_trouble(e, slice)) return found;
  if (auto found = node_trouble(e, slice)) return found;
  return cordon_trouble(e, slice);
}

}  // namespace why

Explanation explain(const Evidence& e) {
  switch (e.question.about) {
    case Subject::kPod: return why::explain_pod(e);
    case Subject::kNode: return why::explain_node(e);
    case Subject::kPeering: break;
  }
  return why::explain_peering(e);
}

}  // namespace tombolo::liqo
