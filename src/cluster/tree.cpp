#include "cluster/tree.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.hpp"
#include "cluster/desired.hpp"
#include "cluster/home_flux.hpp"
#include "cluster/mesh_member_folder.hpp"
#include "cluster/mesh_trust.hpp"
#include "cluster/told.hpp"
#include "kube/manifests.hpp"
#include "liqo/installation.hpp"
#include "liqo/offloading.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cluster {

namespace {

using codec::Json;
using codec::JsonArray;
using Tree = std::map<std::string, std::string>;

constexpr std::string_view kHeader = "# Written by `tombolo export`; change tombolo.yaml instead.\n";

// For files of this folder in the order that makes sense to apply.
std::string kustomization(const std::vector<std::string>& files) {
  return std::string(kHeader) + kube::manifest_yaml({{"apiVersion", "kustomize.config.k8s.io/v1beta1"},
                                                     {"kind", "Kustomization"},
                                                     {"resources", JsonArray(files.begin(), files.end())}});
}

std::string file_of(const Json& object) { return std::string(kHeader) + kube::manifest_yaml(object); }

// Certificates are public; keys are named, never written.
Result<HomeMesh> public_mesh(Session& session) {
  const auto ip = TRY(lighthouse_address(session));
  HomeMesh out;
  out.authorities = TRY(mesh_trust(session.folder(), session.clock().now())).authorities_pem;
  const nebula::Layout layout(session.folder().path());
  for (const auto* member : session.cluster().mesh.home()) {
    out.config = TRY(member_config(session, *member, ip, home_pki()));
    out.members.push_back({member->name, member->node, TRY(read_file(layout.member_certificate(member->name))), {}});
  }
  return out;
}

// The inputs of a wish of `up`, which the tree's objects carry so that `up` can tell whether they are of this file.
Json inputs_of(Session& session, const engine::Address& address) {
  for (const auto& wish : desired(session.cluster(), std::nullopt))
    if (wish.address == address)
      return engine::resolve(wish.inputs, [&](const engine::Address& to) -> const Json* {
        const auto it = session.state().find(to);
        return it == session.state().end() ? nullptr : &it->second.outputs;
      });
  return codec::JsonObject{};
}

// As sops leaves it: the names in the open, the values to be filled in and encrypted by whoever has the key.
std::string secret_template(const Json& secret) {
  auto blank = secret;
  auto& data = blank.as_object();
  codec::JsonObject text;
  for (const auto& [key, unused] : data["data"].get_object())
    text[key] = std::string(key).ends_with(".key") ? "the file of that name in .tombolo/nebula" : "";
  data.erase("data");
  data["stringData"] = std::move(text);
  return "# Not part of the kustomization: `tombolo up` lays this Secret itself, because private keys must not be in "
         "git.\n"
         "# To keep it in git all the same, fill it in and encrypt it (sops --encrypt --encrypted-regex "
         "'^stringData$').\n" +
         kube::manifest_yaml(blank);
}

Json flux_kustomization(const spec::Cluster& cluster, std::string_view name, std::string_view path,
                        const std::vector<std::string>& after) {
  JsonArray depends;
  for (const auto& each : after) depends.push_back(Json{{"name", each}});
  // Until `tombolo up` has laid the Secret with the keys, Nebula is not healthy: without a retryInterval Flux would look again
  // only after the whole interval.
  Json spec{{"interval", "10m"},
            {"retryInterval", "1m"},
            {"path", path},
            {"prune", true},
            {"wait", true},
            {"timeout", "5m"},
            {"sourceRef", {{"kind", "GitRepository"}, {"name", "flux-system"}}}};
  if (!depends.empty()) spec.as_object()["dependsOn"] = std::move(depends);
  return {{"apiVersion", "kustomize.toolkit.fluxcd.io/v1"},
          {"kind", "Kustomization"},
          {"metadata", {{"name", fmt::format("{}-{}", cluster.name, name)}, {"namespace", "flux-system"}}},
          {"spec", std::move(spec)}};
}

}  // namespace

Result<Tree> gitops_tree(Session& session, TreeKind kind, const std::string& place) {
  const auto& cluster = session.cluster();
  const auto mesh = TRY(public_mesh(session));
  auto nebula_inputs = inputs_of(session, {std::string(kHomeNebulaKind), "home"});
  nebula_inputs.as_object()["trust"] = TRY(home_trust(session.folder(), session.clock().now()));
  const auto objects = nebula_manifests(cluster, mesh, nebula_inputs);
  Tree tree;
  const std::vector<std::string> names{"namespace.yaml", "config.yaml", "daemonset.yaml"};
  for (std::size_t i = 0; i < names.size(); ++i) tree["nebula/" + names[i]] = file_of(objects[i]);
  tree["nebula/kustomization.yaml"] = kustomization(names);
  tree["nebula/secret.example.yaml"] = secret_template(objects.back());
  auto liqo = flux_manifests(cluster, TRY(liqo_values(cluster, liqo::Side::kHome)),
                             inputs_of(session, {std::string(kLiqoKind), "home"}));
  // Flux removes what has left git all at once, and in a namespace that is on its way out Helm could not uninstall: the chart's
  // hook needs a Job there.
  liqo.front().at("metadata").as_object()["annotations"] = {{"kustomize.toolkit.fluxcd.io/prune", "disabled"}};
  const std::vector<std::string> liqo_names{"namespace.yaml", "helmrepository.yaml", "helmrelease.yaml"};
  for (std::size_t i = 0; i < liqo_names.size(); ++i) tree["liqo/" + liqo_names[i]] = file_of(liqo[i]);
  tree["liqo/kustomization.yaml"] = kustomization(liqo_names);
  std::vector<std::string> offloaded;
  for (const auto& name_space : cluster.liqo.offloaded_namespaces) {
    offloaded.push_back(name_space + ".yaml");
    liqo::Offloading wish;
    wish.name_space = name_space;
    tree["offloading/" + offloaded.back()] = file_of(liqo::offloading_object(wish));
  }
  tree["offloading/kustomization.yaml"] = kustomization(offloaded);
  if (kind == TreeKind::kKustomize) {
    // Offloading wants Liqo's definitions, which the release brings: applied in a second go, and so not part of the whole.
    tree["kustomization.yaml"] = kustomization({"nebula", "liqo"});
    return tree;
  }
  // Liqo needs no mesh to be installed; what is offloaded needs Liqo's definitions, which the release brings.
  std::string whole(kHeader);
  whole += kube::manifest_yaml(flux_kustomization(cluster, "nebula", place + "/nebula", {})) + "---\n";
  whole += kube::manifest_yaml(flux_kustomization(cluster, "liqo", place + "/liqo", {})) + "---\n";
  whole +=
      kube::manifest_yaml(flux_kustomization(cluster, "offloading", place + "/offloading", {cluster.name + "-liqo"}));
  // For whatever of Flux applies the folder around the tree: without this it would apply the parts as well, all at once.
  tree["kustomization.yaml"] = kustomization({"flux.yaml"});
  tree["flux.yaml"] = std::move(whole);
  return tree;
}

namespace {

// As Flux writes paths: "./x", never a slash at the end.
std::string in_repository(const std::filesystem::path& path) {
  auto name = path.generic_string();
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return name == "." ? name : "./" + name;
}

}  // namespace

std::string place_in_repository(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code failed;
  auto whole = fs::weakly_canonical(fs::absolute(folder, failed), failed);
  if (!whole.has_filename()) whole = whole.parent_path();  // written with a slash at its end
  for (auto above = whole; !failed && above.has_relative_path(); above = above.parent_path())
    if (fs::exists(above / ".git", failed)) return in_repository(whole.lexically_relative(above));
  const auto written = fs::path(folder).lexically_normal();
  const bool below = written.is_relative() && *written.begin() != "..";
  return in_repository(below ? written : whole.filename());
}

}  // namespace tombolo::cluster
