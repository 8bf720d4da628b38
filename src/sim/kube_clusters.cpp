#include "sim/kube_clusters.hpp"

#include <fmt/format.h>

#include "cluster/identity.hpp"
#include "codec/base64.hpp"
#include "codec/cidr.hpp"
#include "kube/object.hpp"
#include "kube/yaml_json.hpp"
#include "nebula/certificate.hpp"
#include "sim/boot.hpp"
#include "sim/kube_controllers.hpp"
#include "sim/kube_kinds.hpp"
#include "sim/kube_rules.hpp"
#include "sim/liqo_chart.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr Time kHomeBorn{
    std::chrono::seconds(1'756'713'600)};  // 2025-09-01T08:00:00Z: long before anything here happens

struct Node {
  std::string name;
  std::string address;
  std::string pod_cidr;
  std::string version;
  std::string system;
  std::string kernel;
};

void put(KubeStore& store, const KubeKind& kind, const std::string& space, const std::string& name, Json object,
         Time at) {
  auto& root = object.as_object();
  root["apiVersion"] = kind.api_version(kind.versions.front());
  root["kind"] = kind.kind;
  auto& meta = metadata_of(object);
  meta["name"] = name;
  if (kind.counts_generations) meta["generation"] = 1;
  fill_in(kind, object, store);
  store.put(kind.key(space, name), std::move(object), at);
}

void put_node(KubeStore& store, const Node& node, Time at) {
  JsonObject labels{{"kubernetes.io/hostname", node.name},
                    {"kubernetes.io/os", "linux"},
                    {"kubernetes.io/arch", "amd64"},
                    {"node-role.kubernetes.io/control-plane", ""}};
  Json object{{"metadata", {{"labels", std::move(labels)}}},
              {"spec", {{"podCIDR", node.pod_cidr}, {"podCIDRs", JsonArray{Json(node.pod_cidr)}}}},
              {"status",
               {{"addresses", JsonArray{{{"type", "InternalIP"}, {"address", node.address}},
                                        {{"type", "Hostname"}, {"address", node.name}}}},
                {"capacity", {{"cpu", "2"}, {"memory", "4Gi"}, {"pods", "110"}}},
                {"allocatable", {{"cpu", "2"}, {"memory", "3600Mi"}, {"pods", "110"}}},
                {"nodeInfo",
                 {{"kubeletVersion", node.version},
                  {"osImage", node.system},
                  {"kernelVersion", node.kernel},
                  {"operatingSystem", "linux"},
                  {"architecture", "amd64"},
                  {"containerRuntimeVersion", "containerd://2.1.4"}}}}}};
  set_condition(object, "MemoryPressure", false, "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available", at);
  set_condition(object, "Ready", true, "KubeletReady", "kubelet is posting ready status", at);
  put(store, built_in("Node"), "", node.name, std::move(object), at);
}

// One pod of the cluster's own, by a Deployment.
void put_deployment(KubeStore& store, const std::string& name, const std::string& image, Time at) {
  const Json labels{{"k8s-app", name}};
  put(store, built_in("Deployment"), "kube-system", name,
      {{"spec",
        {{"replicas", 1},
         {"selector", {{"matchLabels", labels}}},
         {"template",
          {{"metadata", {{"labels", labels}}},
           {"spec",
            {{"tolerations", JsonArray{{{"operator", "Exists"}}}},
             {"containers", JsonArray{{{"name", name}, {"image", image}}}}}}}}}}},
      at);
}

KubeStore& begin(World& world, const std::string& name, Time born) {
  auto& store = world.kube.emplace(name, KubeStore(name, world.options.seed)).first->second;
  for (const auto* space : {"default", "kube-node-lease", "kube-public", "kube-system"})
    put(store, built_in("Namespace"), "", space, JsonObject(), born);
  put(store, built_in("Service"), "default", "kubernetes",
      {{"spec",
        {{"clusterIP", "10.96.0.1"}, {"ports", JsonArray{{{"name", "https"}, {"port", 443}, {"protocol", "TCP"}}}}}}},
      born);
  store.wake_at(born);
  return store;
}

void begin_home(World& world) {
  const auto& kube = world.options.kube;
  auto& store = begin(world, "home", kHomeBorn);
  store.set_pod_security(kube.home_pod_security);
  auto names = world.home_nodes;
  if (names.empty()) names = {kube.home_node};
  const auto address = codec::Address::parse(kube.home_address);
  std::uint32_t number = 0;
  for (const auto& name : names) {
    put_node(store,
             {name, address ? codec::Address::v4(address->v4_value() + number).text() : kube.home_address,
              fmt::format("10.244.{}.0/24", number), kube.home_version, "Talos (v1.11.2)", "6.12.48-talos"},
             kHomeBorn);
    ++number;
  }
  put_deployment(store, "coredns", "registry.k8s.io/coredns/coredns:v1.12.4", kHomeBorn);
}

void begin_cloud(World& world, const Instance& instance, const BootRun& run, Time born) {
  auto& store = begin(world, instance.id, born);
  store.set_pod_security("privileged");
  const auto address = run.mesh_address.substr(0, run.mesh_address.find('/'));
  put_node(store,
           {"lighthouse", address, "10.52.0.0/24", world.options.kube.cloud_version, "Amazon Linux 2023",
            "6.1.155-176.282.amzn2023.x86_64"},
           born);
  put(store, built_in("StorageClass"), "", "local-path", {{"provisioner", "rancher.io/local-path"}}, born);
  put_deployment(store, "coredns", "rancher/mirrored-coredns-coredns:1.12.3", born);
  put_deployment(store, "local-path-provisioner", "rancher/local-path-provisioner:v0.0.31", born);
}

struct Lighthouse {
  const Instance* instance = nullptr;
  std::vector<BootRun> runs;
  std::size_t first = 0;  // the run whose k3s began to answer: it goes on while later ones run
  Time since;
};

std::optional<Lighthouse> lighthouse(World& world, Time now) {
  std::optional<Lighthouse> out;
  for (auto& [name, region] : world.regions) {
    let_time_pass(world, region, now);
    for (const auto& instance : region.instances) {
      const auto tag = instance.tags.find(std::string(cluster::kTagAddress));
      if (tag == instance.tags.end() || !tag->second.ends_with("/lighthouse")) continue;
      if (!awake(world, instance) || (out && out->instance->launched > instance.launched)) continue;
      auto runs = boot_runs(world, instance, now);
      for (std::size_t i = 0; i < runs.size(); ++i)
        if (const auto since = passed(runs[i], kCloudApiPhase); since && *since <= now) {
          out = {&instance, std::move(runs), i, *since};
          break;
        }
    }
  }
  return out;
}

// Helm on the lighthouse, each time the chart or its values are others than before.
void run_helm(World& world, KubeStore& store, const Lighthouse& cloud, Time now) {
  auto& known = world.helm[store.name()];
  for (; known.runs < cloud.runs.size(); ++known.runs) {
    const auto& run = cloud.runs[known.runs];
    if (run.helm && *run.helm > now) return;
    auto wanted = fmt::format("{} {} {}", run.liqo_version, run.liqo_namespace, run.liqo_values);
    if (!run.helm || known.release == wanted) continue;
    let_kube_time_pass(world, *run.helm);
    install_liqo(store, {run.liqo_version, run.liqo_namespace, read_values(run.liqo_values)}, *run.helm);
    known.release = std::move(wanted);
    settle_kube(world, *run.helm);
  }
}

}  // namespace

std::string admin_token(const std::string& instance) { return "admin-of-" + instance; }

bool home_answers(World& world, const std::string& lighthouse_address, const std::string& mesh_address, Time now) {
  const auto* home = kube_at(world, kHomeHost, now);
  for (const auto& [key, pod] : home->of("", "pods")) {
    const auto ready = kube::condition_of(*pod, "Ready");
    if (!ready || !ready->holds() || kube::label_of(*pod, "app.kubernetes.io/name") != "nebula") continue;
    const auto config = home->find(built_in("ConfigMap").key(key.name_space, "nebula"));
    const auto host = home->find(built_in("Secret").key(key.name_space, "nebula-host"));
    const auto* data = host ? codec::find(*host, "data") : nullptr;
    if (!config || codec::to_text(*config).find(lighthouse_address) == std::string::npos || !data) continue;
    for (const auto& [name, value] : data->as_object()) {
      const auto pem = codec::decode_base64(std::string_view(value.as_string()));
      const auto certificate = nebula::parse_certificate(pem ? as_text(*pem) : "");
      if (certificate && !certificate->details().networks.empty() &&
          certificate->details().networks.front().address().text() == mesh_address)
        return true;
    }
  }
  return false;
}

Json read_values(std::string_view text) {
  Diagnostics ignored;
  const auto tree = codec::parse_yaml(text, "values", ignored);
  return tree && !ignored.has_errors() ? kube::to_json(*tree) : Json(JsonObject());
}

KubeStore* kube_at(World& world, std::string_view host, Time now) {
  if (!world.kube.contains("home")) begin_home(world);
  const auto cloud = lighthouse(world, now);
  world.cloud = cloud ? cloud->instance->id : "";
  if (cloud) {
    const auto& id = cloud->instance->id;
    if (!world.kube.contains(id)) {
      // The clusters' lives are played in the order of time: what was due before it began comes first.
      let_kube_time_pass(world, cloud->since);
      begin_cloud(world, *cloud->instance, cloud->runs[cloud->first], cloud->since);
    }
    run_helm(world, world.kube.at(id), *cloud, now);
  }
  let_kube_time_pass(world, now);
  if (host == kHomeHost) return &world.kube.at("home");
  return cloud ? &world.kube.at(cloud->instance->id) : nullptr;
}

}  // namespace tombolo::sim
