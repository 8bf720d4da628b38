#include "spec/fields.hpp"

#include <fmt/ranges.h>

#include <regex>

#include "spec/bind.hpp"

namespace tombolo::spec {
namespace {

constexpr const char* kLabel = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";
constexpr const char* kLabelWords = "a name of lower-case letters, digits and '-' (at most 63)";
constexpr const char* kInstanceType =
    "^[a-z][a-z0-9-]*[0-9][a-z0-9-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$";
constexpr const char* kGroup = "^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$";
constexpr const char* kGroupWords = "a Nebula group such as gpu-compute (letters, digits, - _ . : /)";

constexpr std::int64_t kHour = 3600;

Field home() {
  return block("home", &Cluster::home,
               "The home side: the Talos cluster behind NAT, which consumes the cloud's machines.",
               {
                   field("kubeconfig", &Home::kubeconfig, "Kubeconfig of the home cluster; ~ is your home folder."),
                   field("context", &Home::context, "Context in that kubeconfig. Without it: the current one.")
                       .with_example("admin@talos-homelab"),
                   field("manage", &Home::manage,
                         "apply: `tombolo up` applies what home needs. gitops: it waits until your GitOps has applied "
                         "the tree that `tombolo export` writes."),
                   field("gitopsWait", &Home::gitops_wait,
                         "With manage: gitops: how long `tombolo up` waits for each thing that your GitOps is to apply."
                         " `up` run again goes on waiting.")
                       .between(10, 24 * kHour),
                   field("nebulaNamespace", &Home::nebula_namespace, "Namespace Nebula runs in at home.")
                       .looks_like(kLabel, kLabelWords),
                   field("liqoNamespace", &Home::liqo_namespace,
                         "Namespace Liqo runs in at home. It differs from the cloud's, and peering needs both.")
                       .looks_like(kLabel, kLabelWords),
                   field("lanCIDR", &Home::lan, "The home network, so that no other network is laid over it.")
                       .with_example("192.168.1.0/24"),
                   field("podCIDR", &Home::pods, "Pod network of the home cluster. Talos's own default stands here."),
                   field("serviceCIDR", &Home::services,
                         "Service network of the home cluster. Talos's own default stands here."),
               });
}

Field members() {
  return list(
      "members", &Mesh::members,
      "The hosts of the mesh: exactly one lighthouse. GPU workers that come and go get their addresses from "
      "workers.range by themselves.",
      {
          field("name", &Member::name, "Name of the host and of its certificate.")
              .must_be_written()
              .with_example("talos-homelab")
              .looks_like(kLabel, kLabelWords),
          field("role", &Member::role,
                "lighthouse (in AWS), home (a node at home), operator (your own computer) or worker (a fixed GPU "
                "worker).")
              .must_be_written()
              .with_example("home"),
          field("address", &Member::address, "Its address in the mesh.").must_be_written().with_example("10.42.1.1"),
          field("groups", &Member::groups, "Groups in its certificate, which firewall rules go by.")
              .looks_like(kGroup, kGroupWords),
          field("node", &Member::node,
                "Node of the home cluster that is this member. Needed where home has several nodes.")
              .with_example("talos-cp-1")
              .looks_like("^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$", "a node's name as `kubectl get nodes` shows it"),
      });
}

Field mesh() {
  return block(
      "mesh", &Cluster::mesh, "The Nebula overlay network between home and AWS.",
      {
          field("cidr", &Mesh::cidr, "Addresses of the mesh. They must overlap with no other network here."),
          field("caName", &Mesh::ca_name, "Name of the certificate authority.")
              .looks_like("^[A-Za-z0-9][A-Za-z0-9 _.-]{0,127}$", "a name of letters, digits, blanks and _ . -"),
          field("caValidity", &Mesh::ca_validity,
                "How long the authority is valid. When it expires the whole mesh stops, so take years: 87600h are ten.")
              .between(24 * kHour, 876'000 * kHour),
          field("certificateVersion", &Mesh::certificate_version,
                "1 is understood by every Nebula; 2 needs Nebula 1.10 on every host.")
              .between(1, 2),
          field("cipher", &Mesh::cipher,
                "The same on every host of a mesh: aes (fast on today's processors) or chachapoly.")
              .one_of({"aes", "chachapoly"}),
          field("listenPort", &Mesh::listen_port, "UDP port of the lighthouse, open to the world.").between(1, 65535),
          field("mtu", &Mesh::mtu,
                "Largest packet inside the mesh in bytes. At most 1440 fit into a 1500-byte packet of the Internet; a "
                "relay takes 32 more.")
              .between(1280, 1440),
          group("workers", "What the worker authority may issue. Its key lies on the lighthouse, so keep this narrow.",
                {
                    field("range", &Mesh::worker_range, "Part of mesh.cidr that GPU workers get their addresses from."),
                    field("groups", &Mesh::worker_groups, "Groups that a worker's certificate may carry.")
                        .looks_like(kGroup, kGroupWords)
                        .between(1, 32),
                }),
          members(),
      });
}

Field lighthouse() {
  return block(
      "lighthouse", &Cluster::lighthouse, "The EC2 instance with the fixed address: Nebula lighthouse and k3s server.",
      {
          field("instanceType", &Lighthouse::instance_type,
                "Size of the machine. k3s and Liqo need 2 GiB of memory, which t3.small has.")
              .looks_like(kInstanceType, "an instance type such as t3.small"),
          field("image", &Lighthouse::image, "Machine image. Without it: the newest Amazon Linux 2023.")
              .looks_like("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", "an image id such as ami-0b6d6dacf350ebc82")
              .with_example("ami-0b6d6dacf350ebc82"),
          field("diskGiB", &Lighthouse::disk_gib, "Size of its encrypted gp3 disk in GiB.").between(8, 16384),
          field("sshUser", &Lighthouse::ssh_user, "User to log in as; Amazon Linux has ec2-user, Debian admin.")
              .looks_like("^[a-z_][a-z0-9_-]{0,31}$", "a Linux user name such as ec2-user"),
          field("sshAllowedFrom", &Lighthouse::ssh_allowed_from,
                "Who may reach port 22: caller (this computer's public address, found when needed) or a network such "
                "as 203.0.113.7/32.")
              .looks_like("^(caller|[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2})$",
                          "caller, or a network such as 203.0.113.7/32"),
          field("zones", &Lighthouse::zones,
                "Availability zones to try, in this order. Without it: every zone that offers the type.")
              .looks_like("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}(-[a-z]{3}-[0-9]{1,2})?[a-z]$", "a zone such as us-west-2a")
              .with_example("[us-west-2a, us-west-2b]"),
      });
}

Field cloud() {
  return group(
      "cloud", "The cloud side.",
      {
          block(
              "kubernetes", &Cluster::kubernetes, "The k3s cluster in AWS, which provides its machines to home.",
              {
                  field("distribution", &CloudKubernetes::distribution,
                        "k3s, or none: then only the mesh is made, without Kubernetes in the cloud and without Liqo."),
                  field("k3sVersion", &CloudKubernetes::k3s_version, "Release of k3s.")
                      .looks_like("^v1\\.[0-9]{1,3}\\.[0-9]{1,3}(-rc[0-9]+)?\\+k3s[0-9]+$",
                                  "a k3s release such as v1.36.4+k3s1"),
                  field("podCIDR", &CloudKubernetes::pods,
                        "Pod network of k3s. Its own default, 10.42.0.0/16, is the recipe's mesh, hence another one."),
                  field("serviceCIDR", &CloudKubernetes::services, "Service network of k3s."),
              }),
      });
}

Field liqo() {
  return block(
      "liqo", &Cluster::liqo, "Liqo, which makes the cloud cluster a node of the home cluster.",
      {
          field("version", &Liqo::version, "Release of Liqo, on both sides.")
              .looks_like("^v[0-9]+\\.[0-9]+\\.[0-9]+(-rc\\.[0-9]+)?$", "a Liqo release such as v1.2.0"),
          field("cloudNamespace", &Liqo::cloud_namespace, "Namespace Liqo runs in on the cloud side.")
              .looks_like(kLabel, kLabelWords),
          field("homeValues", &Liqo::home_values,
                "File with more values for Liqo's chart at home, YAML. What Tombolo needs cannot be changed by it.")
              .with_example("liqo-home.yaml"),
          field("cloudValues", &Liqo::cloud_values, "The same for the cloud side.").with_example("liqo-cloud.yaml"),
          field("offloadedNamespaces", &Liqo::offloaded_namespaces, "Home namespaces whose pods may run in the cloud.")
              .looks_like(kLabel, kLabelWords),
          field("networking", &Liqo::networking, "Liqo's own network fabric. Disabled: the mesh carries everything."),
      });
}

Field workers() {
  return list("workers", &Cluster::workers,
              "Pools of GPU workers, which come when pods wait for a GPU and go when they are idle.",
              {
                  field("name", &WorkerPool::name, "Name of the pool.")
                      .must_be_written()
                      .with_example("gpu")
                      .looks_like("^[a-z]([-a-z0-9]{0,29}[a-z0-9])?$",
                                  "a name of lower-case letters, digits and '-' (at most 31)"),
                  field("instanceTypes", &WorkerPool::instance_types,
                        "Instance types, tried in this order when AWS has no machine of the first.")
                      .must_be_written()
                      .with_example("[g4dn.xlarge]")
                      .looks_like(kInstanceType, "an instance type such as g4dn.xlarge")
                      .between(1, 16),
                  field("gpus", &WorkerPool::gpus, "GPUs of one machine.").between(1, 16),
                  field("min", &WorkerPool::min, "Machines that always run.").between(0, 10'000),
                  field("max", &WorkerPool::max, "Machines at most.").between(0, 10'000),
                  field("market", &WorkerPool::market,
                        "on-demand, or spot (cheaper; AWS may take the machine back with two minutes' notice)."),
                  field("idleTime", &WorkerPool::idle, "A machine without work for that long is terminated.")
                      .between(60, 24 * kHour),
              });
}

Field checksum(std::string key, std::string Checksums::* member, std::string_view what) {
  return field(std::move(key), member, fmt::format("SHA-256 of {}.", what))
      .looks_like("^[0-9a-f]{64}$", "a SHA-256: 64 lower-case hex characters")
      .with_example("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0");
}

Field bootstrap() {
  return block(
      "bootstrap", &Cluster::bootstrap, "How machines set themselves up.",
      {
          field("keys", &Bootstrap::keys,
                "machine: each machine makes its own key, which never leaves it. embedded: the key travels in the "
                "user-data, readable by everybody who may read the instance's attributes."),
          field("nebulaVersion", &Bootstrap::nebula_version, "Release of Nebula.")
              .looks_like("^[0-9]+\\.[0-9]+\\.[0-9]+$", "a Nebula release such as 1.11.2"),
          field("mirror", &Bootstrap::mirror,
                "Base URL to download Nebula and k3s from, for networks without Internet. Without it: the makers' own.")
              .looks_like("^https?://[^\\s]+$", "a URL such as https://mirror.example/artefacts")
              .with_example("https://mirror.example/artefacts"),
          block("checksums", &Bootstrap::checksums,
                "For releases that Tombolo does not know, or a mirror's own builds: what the downloads must hash to.",
                {
                    checksum("nebula", &Checksums::nebula, "Nebula's archive"),
                    checksum("k3s", &Checksums::k3s, "the k3s program"),
                    checksum("helm", &Checksums::helm, "Helm's archive"),
                    checksum("liqo", &Checksums::liqo, "the archive of Liqo's chart"),
                }),
      });
}

Field secrets() {
  return block(
      "secrets", &Cluster::secrets, "Where the key of the certificate authority is backed up.",
      {
          field("backup", &Secrets::backup,
                "none, 1password (needs the op program), file (encrypted with a passphrase) or ssm (AWS Parameter "
                "Store)."),
          field("target", &Secrets::backup_target,
                "Name of the 1Password document, path of the file, or name of the SSM parameter.")
              .with_example("nebula-ca-key"),
          field("vault", &Secrets::vault, "1Password vault. Without it: the default one.").with_example("Private"),
      });
}

Field limits() {
  return block("limits", &Cluster::limits, "What must never be exceeded.",
               {
                   field<Limits, std::optional<std::chrono::hours>, HoursAsNumber>(
                       "hours", &Limits::hours, "No worker lives longer than that many hours.")
                       .between(1, 8760)
                       .with_example("8"),
                   field("dollars", &Limits::dollars, "Estimated cost of one month in USD that `up` may plan for.")
                       .between(1, 1'000'000)
                       .with_example("50"),
               });
}

Field root() {
  Field out = group(
      "", "The cluster file, tombolo.yaml: everything Tombolo needs to know. One file describes one cluster.",
      {
          constant("apiVersion", "tombolo/v1", "Version of this format."),
          constant("kind", "HybridCluster", "What the file describes."),
          group("metadata", "What the cluster is called.",
                {
                    field("name", &Cluster::name,
                          "Name of the cluster. Everything made in AWS carries it, so it must be unique in the "
                          "account, and it cannot be changed later.")
                        .must_be_written()
                        .with_example("homelab")
                        .looks_like("^(?!sg-)[a-z]([-a-z0-9]{0,38}[a-z0-9])?$",
                                    "a name of lower-case letters, digits and '-', at most 40, not beginning with sg-"),
                }),
          field("region", &Cluster::region, "AWS region in which everything is made.")
              .looks_like("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", "an AWS region such as us-west-2"),
          home(),
          mesh(),
          lighthouse(),
          cloud(),
          liqo(),
          workers(),
          bootstrap(),
          secrets(),
          limits(),
      });
  return out;
}

}  // namespace

Field&& Field::looks_like(std::string regex, std::string words) && {
  pattern = std::move(regex);
  pattern_words = std::move(words);
  matches = [compiled = std::regex(pattern)](const std::string& text) { return std::regex_match(text, compiled); };
  return std::move(*this);
}

const Field& cluster_file() {
  static const Field file = root();
  return file;
}

std::string Form<codec::Cidr>::read(const std::vector<std::string>& words, codec::Cidr& to) {
  const auto parsed = codec::Cidr::parse(words.front());
  if (!parsed) return "must be a network such as 10.42.0.0/16";
  if (!parsed->address().is_v4()) return "must be an IPv4 network";
  if (parsed->has_host_bits())
    return fmt::format("has bits behind its prefix; the network is {}", parsed->network().text());
  to = *parsed;
  return "";
}

std::string Form<codec::Address>::read(const std::vector<std::string>& words, codec::Address& to) {
  const auto parsed = codec::Address::parse(words.front());
  if (!parsed) return "must be an address such as 10.42.1.1";
  if (!parsed->is_v4()) return "must be an IPv4 address";
  to = *parsed;
  return "";
}

std::string wrong_text(const Field& field, const std::string& path, const std::string& text, std::string& hint) {
  constexpr std::size_t kLongest = 1024;
  if (text.empty()) {
    hint = field.required ? "" : "Leave the line out to get the default.";
    return fmt::format("{} is empty", path);
  }
  if (text.size() > kLongest) return fmt::format("{} is longer than {} bytes", path, kLongest);
  if (!field.choices.empty()) {
    if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end()) return "";
    const auto near = nearest(text, field.choices);
    hint = near.empty() ? "" : fmt::format("Did you mean {}?", near);
    if (field.choices.size() == 1) {
      if (near.empty()) hint = fmt::format("Write {}.", field.choices.front());
      return fmt::format("{} \"{}\" is not {}", path, text, field.choices.front());
    }
    return fmt::format("{} \"{}\" is not one of {}", path, text, fmt::join(field.choices, ", "));
  }
  if (field.matches && !field.matches(text)) {
    return fmt::format("{} \"{}\" is not {}", path, text, field.pattern_words);
  }
  return "";
}

std::string duration_text(std::chrono::seconds duration) {
  const auto count = duration.count();
  if (count % kHour == 0) return fmt::format("{}h", count / kHour);
  if (count % 60 == 0) return fmt::format("{}m", count / 60);
  return fmt::format("{}s", count);
}

std::optional<std::chrono::seconds> parse_duration(const std::string& text) {
  constexpr std::size_t kMostDigits = 7;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool form = error == std::errc() && text.size() <= kMostDigits + 1 && end + 1 == text.data() + text.size() &&
                    text.front() != '-';
  if (!form) return std::nullopt;
  if (*end == 'h') return std::chrono::hours(count);
  if (*end == 'm') return std::chrono::minutes(count);
  if (*end == 's') return std::chrono::seconds(count);
  return std::nullopt;
}

}  // namespace tombolo::spec
