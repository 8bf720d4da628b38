#include "spec/checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "spec/address_plan.hpp"

namespace tombolo::spec {
namespace {

constexpr std::uint16_t kVxlanPort = 8472;  // flannel's, UDP, on the lighthouse

// For the warning about a slip only: a region that is newer than this list works all the same.
const std::vector<std::string>& known_regions() {
  static const std::vector<std::string> all{
      "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2",      "ca-central-1",   "ca-west-1",
      "mx-central-1",   "sa-east-1",      "eu-west-1",      "eu-west-2",      "eu-west-3",      "eu-central-1",
      "eu-central-2",   "eu-north-1",     "eu-south-1",     "eu-south-2",     "il-central-1",   "me-south-1",
      "me-central-1",   "af-south-1",     "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2",
      "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-northeast-1",
      "ap-northeast-2", "ap-northeast-3", "ap-east-1",      "ap-east-2",      "us-gov-east-1",  "us-gov-west-1",
      "cn-north-1",     "cn-northwest-1"};
  return all;
}

bool within(std::string_view inner, std::string_view outer) {
  return inner.starts_with(outer) &&
         (inner.size() == outer.size() || outer.empty() || inner[outer.size()] == '.' || inner[outer.size()] == '[');
}

// The numbers of a version: "v1.36.4+k3s1" -> 1, 36, 4.
std::array<int, 3> numbers(std::string_view version) {
  std::array<int, 3> out{};
  if (version.starts_with('v')) version.remove_prefix(1);
  for (auto& number : out) {
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (!version.empty()) version.remove_prefix(1);
  }
  return out;
}

class Checker {
 public:
  Checker(const Cluster& cluster, Diagnostics& diagnostics) : c_(cluster), diagnostics_(diagnostics) {}

  void run() {
    region();
    mesh();
    members();
    lighthouse();
    kubernetes();
    liqo();
    workers();
    secrets();
  }

 private:
  bool sound(std::string_view path) const { return is_sound(diagnostics_, path); }
  bool written(std::string_view path) const { return c_.source.places.contains(path); }
  void error(std::string path, std::string message, std::string hint) {
    diagnostics_.add(about(c_, std::move(path), std::move(message), std::move(hint)));
  }
  void warning(std::string path, std::string message, std::string hint) {
    auto d = about(c_, std::move(path), std::move(message), std::move(hint));
    d.severity = Severity::kWarning;
    diagnostics_.add(std::move(d));
  }

  void region() {
    if (!sound("region")) return;
    const auto& known = known_regions();
    if (std::find(known.begin(), known.end(), c_.region) == known.end()) {
      const auto near = nearest(c_.region, known);
      warning(
          "region", fmt::format("region {} is none that this version of Tombolo knows", c_.region),
          near.empty() ? "It is used as it stands." : fmt::format("Did you mean {}? It is used as it stands.", near));
    }
    if (!sound("lighthouse.zones")) return;
    for (std::size_t i = 0; i < c_.lighthouse.zones.size(); ++i) {
      const auto& zone = c_.lighthouse.zones[i];
      const bool inside = zone.starts_with(c_.region) && zone.size() > c_.region.size() &&
                          (zone[c_.region.size()] < '0' || zone[c_.region.size()] > '9');
      if (!inside) {
        error(fmt::format("lighthouse.zones[{}]", i),
              fmt::format("zone {} does not belong to {}", zone, named(c_, "region", c_.region)),
              fmt::format("Zones of this region are called {0}a, {0}b and so on.", c_.region));
      }
    }
  }

  void mesh() {
    if (sound("mesh.cidr") && (c_.mesh.cidr.prefix() < 8 || c_.mesh.cidr.prefix() > 28)) {
      error("mesh.cidr", fmt::format("mesh.cidr {} must have a prefix length from 8 to 28", c_.mesh.cidr.text()),
            "The recipe's mesh is a /16.");
    }
    if (sound("mesh.cidr") && sound("mesh.workers.range") && !c_.mesh.cidr.contains(c_.mesh.worker_range)) {
      error("mesh.workers.range",
            fmt::format("mesh.workers.range {} is not inside {}", c_.mesh.worker_range.text(),
                        named(c_, "mesh.cidr", c_.mesh.cidr.text())),
            "Workers are members of the mesh: give them a part of it.");
    }
    if (sound("mesh.listenPort") && c_.mesh.listen_port == kVxlanPort) {
      error("mesh.listenPort", "mesh.listenPort 8472 is the UDP port that flannel uses on the lighthouse",
            "Nebula's own port is 4242.");
    }
    if (sound("mesh.certificateVersion") && sound("bootstrap.nebulaVersion") && c_.mesh.certificate_version == 2 &&
        numbers(c_.bootstrap.nebula_version) < std::array{1, 10, 0}) {
      error("mesh.certificateVersion",
            fmt::format("version 2 certificates need Nebula 1.10, which is newer than {}",
                        named(c_, "bootstrap.nebulaVersion", c_.bootstrap.nebula_version)),
            "Take certificateVersion: 1, or a newer Nebula.");
    }
    if (sound("mesh.mtu") && c_.mesh.mtu > largest_mesh_mtu(1500, true)) {
      warning("mesh.mtu",
              fmt::format("with mesh.mtu {} packets through a relay no longer fit into 1500 bytes", c_.mesh.mtu),
              fmt::format("Members that cannot reach each other directly use the lighthouse as relay; {} is the "
                          "largest that still fits.",
                          largest_mesh_mtu(1500, true)));
    }
  }

  void members() {
    const auto& all = c_.mesh.members;
    if (!sound("mesh.members")) return member_pairs();
    const auto lighthouses =
        std::count_if(all.begin(), all.end(), [](const Member& m) { return m.role == Role::kLighthouse; });
    const bool home = std::any_of(all.begin(), all.end(), [](const Member& m) { return m.role == Role::kHome; });
    if (lighthouses == 0)
      error("mesh.members", "mesh.members has no member with role lighthouse",
            "Exactly one is needed: it is the instance in AWS that all others meet at.");
    if (!home)
      warning("mesh.members", "mesh.members has no member with role home",
              "Without a node at home in the mesh, the home cluster cannot reach the cloud.");
    bool seen = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].role != Role::kLighthouse) continue;
      if (seen)
        error(fmt::format("mesh.members[{}].role", i), fmt::format("{} is a second lighthouse", all[i].name),
              "Only one lighthouse is supported; give the other one another role.");
      seen = true;
    }
    member_pairs();
  }

  void member_pairs() {
    std::map<std::string, std::size_t> names;
    std::map<codec::Address, std::size_t> addresses;
    for (std::size_t i = 0; i < c_.mesh.members.size(); ++i) {
      const auto& member = c_.mesh.members[i];
      const auto path = [&](std::string_view key) { return fmt::format("mesh.members[{}].{}", i, key); };
      if (sound(path("name"))) {
        const auto [first, is_new] = names.emplace(member.name, i);
        if (!is_new)
          error(path("name"),
                fmt::format("two members are called {}; the other is {}", member.name, member_line(first->second)),
                "Certificates are known by name: give each its own.");
        if (member.name == kProbeName)
          error(path("name"), fmt::format("{} is the name under which Tombolo itself proves the mesh", kProbeName),
                "Call the member anything else.");
      }
      if (!sound(path("address"))) continue;
      const auto [first, is_new] = addresses.emplace(member.address, i);
      if (!is_new) {
        error(path("address"),
              fmt::format("{} has the address {} of {}", member.name, member.address.text(),
                          c_.mesh.members[first->second].name),
              "Each member needs an address of its own.");
      } else {
        member_address(member, path("address"));
      }
      if (member.role == Role::kWorker && sound(path("role"))) worker_groups(member, path("groups"));
    }
  }

  std::string member_line(std::size_t index) const {
    const auto place = c_.source.places.find(fmt::format("mesh.members[{}].name", index));
    return place == c_.source.places.end() ? "a default" : fmt::format("in line {}", place->second.at.line);
  }

  void member_address(const Member& member, const std::string& path) {
    const auto text = member.address.text();
    const auto& mesh = c_.mesh.cidr;
    if (!sound("mesh.cidr")) return;
    if (!mesh.contains(member.address)) {
      error(path, fmt::format("{} {} is not in {}", member.name, text, named(c_, "mesh.cidr", mesh.text())),
            fmt::format("Take an address from {} to {}.", mesh.first().next().text(), mesh.last().text()));
      return;
    }
    if (member.address == mesh.first() || member.address == mesh.last()) {
      error(path,
            fmt::format("{} {} is the {} address of the mesh {}", member.name, text,
                        member.address == mesh.first() ? "network" : "broadcast", mesh.text()),
            "Take one between the first and the last.");
      return;
    }
    if (!sound("mesh.workers.range") || !sound(path.substr(0, path.rfind('.')) + ".role")) return;
    if (member.address == c_.mesh.probe_address()) {
      error(path, fmt::format("{} {} is the address Tombolo itself uses to prove the mesh", member.name, text),
            "Take any other address of mesh.cidr.");
      return;
    }
    const bool in_range = c_.mesh.worker_range.contains(member.address);
    const auto range = named(c_, "mesh.workers.range", c_.mesh.worker_range.text());
    if (member.role == Role::kWorker && !in_range) {
      error(path, fmt::format("worker {} {} is outside {}", member.name, text, range),
            "The worker authority can sign only addresses of that range.");
    }
    if (member.role != Role::kWorker && in_range) {
      error(path, fmt::format("{} {} {} lies in {}", name(member.role), member.name, text, range),
            "That range is kept for workers: whoever takes the lighthouse could mint its certificate.");
    }
  }

  void worker_groups(const Member& member, const std::string& path) {
    if (!sound("mesh.workers.groups") || !sound(path)) return;
    for (std::size_t i = 0; i < member.groups.size(); ++i) {
      const auto& group = member.groups[i];
      const auto& allowed = c_.mesh.worker_groups;
      if (std::find(allowed.begin(), allowed.end(), group) != allowed.end()) continue;
      error(fmt::format("{}[{}]", path, i),
            fmt::format("worker {} has the group {}, which is not in mesh.workers.groups", member.name, group),
            fmt::format("The worker authority can sign only: {}.", fmt::join(allowed, ", ")));
    }
  }

  void lighthouse() {
    const auto& from = c_.lighthouse.ssh_allowed_from;
    if (!sound("lighthouse.sshAllowedFrom") || from == "caller") return;
    const auto cidr = codec::Cidr::parse(from);
    if (!cidr) {
      error("lighthouse.sshAllowedFrom", fmt::format("lighthouse.sshAllowedFrom \"{}\" is not a network", from),
            "Write caller, or a network such as 203.0.113.7/32.");
    } else if (cidr->has_host_bits()) {
      error("lighthouse.sshAllowedFrom", fmt::format("lighthouse.sshAllowedFrom {} has bits behind its prefix", from),
            fmt::format("The network is {}; the single address is {}/32.", cidr->network().text(),
                        cidr->address().text()));
    } else if (cidr->prefix() == 0) {
      warning("lighthouse.sshAllowedFrom", "lighthouse.sshAllowedFrom 0.0.0.0/0 opens SSH to the whole Internet",
              "caller opens it to this computer only.");
    }
  }

  void kubernetes() {
    if (!sound("cloud.kubernetes.k3sVersion") || c_.kubernetes.distribution != Distribution::kK3s) return;
    // Before these, a restart of Nebula took flannel's device away until k3s was restarted.
    static constexpr std::array<std::array<int, 3>, 4> kFixed{{{1, 33, 13}, {1, 34, 9}, {1, 35, 6}, {1, 36, 2}}};
    const auto version = numbers(c_.kubernetes.k3s_version);
    const auto fixed = std::find_if(kFixed.begin(), kFixed.end(), [&](const auto& f) { return f[1] >= version[1]; });
    if (fixed != kFixed.end() && version < *fixed) {
      warning("cloud.kubernetes.k3sVersion",
              fmt::format("with k3s {} a restart of Nebula takes the pod network down until k3s is restarted",
                          c_.kubernetes.k3s_version),
              fmt::format("Fixed in v{}.{}.{}.", (*fixed)[0], (*fixed)[1], (*fixed)[2]));
    }
  }

  void liqo() {
    if (!sound("liqo.offloadedNamespaces")) return;
    for (std::size_t i = 0; i < c_.liqo.offloaded_namespaces.size(); ++i) {
      const auto& space = c_.liqo.offloaded_namespaces[i];
      if (space.starts_with("kube-") || space == c_.home.liqo_namespace) {
        error(fmt::format("liqo.offloadedNamespaces[{}]", i),
              fmt::format("namespace {} cannot be offloaded: it runs the home cluster itself", space),
              "Offload the namespaces of your own workloads.");
      }
    }
  }

  void workers() {
    std::map<std::string, std::size_t> names;
    std::int64_t machines = 0;
    bool countable = sound("mesh.workers.range");
    for (std::size_t i = 0; i < c_.workers.size(); ++i) {
      const auto& pool = c_.workers[i];
      const auto path = [&](std::string_view key) { return fmt::format("workers[{}].{}", i, key); };
      if (sound(path("name")) && !names.emplace(pool.name, i).second) {
        error(path("name"), fmt::format("two worker pools are called {}", pool.name), "Give each its own name.");
      }
      if (sound(path("min")) && sound(path("max")) && pool.min > pool.max) {
        error(path(written(path("min")) ? "min" : "max"),
              fmt::format("{} is more than {}", named(c_, path("min"), std::to_string(pool.min)),
                          named(c_, path("max"), std::to_string(pool.max))),
              "min machines always run, max is the most.");
      }
      countable = countable && sound(path("max"));
      machines += pool.max;
    }
    if (!countable) return;
    const int host_bits = c_.mesh.worker_range.address().bits() - c_.mesh.worker_range.prefix();
    const auto fixed = std::count_if(c_.mesh.members.begin(), c_.mesh.members.end(),
                                     [](const Member& m) { return m.role == Role::kWorker; });
    const std::int64_t room = std::max<std::int64_t>((std::int64_t{1} << host_bits) - 2 - fixed, 0);
    if (machines > room) {
      error("workers",
            fmt::format("the worker pools may grow to {} machines, but {} has only {} free addresses", machines,
                        named(c_, "mesh.workers.range", c_.mesh.worker_range.text()), room),
            "Lower max, or take a larger range.");
    }
  }

  void secrets() {
    if (!sound("secrets")) return;
    const auto& s = c_.secrets;
    const auto kind = name(s.backup);
    if (s.backup == BackupKind::kNone) {
      if (written("secrets.target"))
        error("secrets.target", "secrets.target is written, but secrets.backup is none",
              "Write backup: 1password, file or ssm, or remove the target.");
    } else if (s.backup_target.empty()) {
      const auto what = s.backup == BackupKind::kFile  ? "the path of the file"
                        : s.backup == BackupKind::kSsm ? "the name of the parameter, such as /tombolo/nebula-ca-key"
                                                       : "the name of the document, such as nebula-ca-key";
      error("secrets.backup", fmt::format("secrets.backup {} needs secrets.target", kind),
            fmt::format("Write target: {}.", what));
    }
    if (!s.vault.empty() && s.backup != BackupKind::kOnePassword) {
      error("secrets.vault", fmt::format("secrets.vault has no meaning with backup {}", kind),
            "Only 1password has vaults: remove the line.");
    }
  }

  const Cluster& c_;
  Diagnostics& diagnostics_;
};

}  // namespace

bool is_sound(const Diagnostics& diagnostics, std::string_view path) {
  return std::none_of(diagnostics.list().begin(), diagnostics.list().end(), [&](const Diagnostic& d) {
    return d.severity == Severity::kError && !d.path.empty() && (within(d.path, path) || within(path, d.path));
  });
}

Diagnostic about(const Cluster& cluster, std::string path, std::string message, std::string hint) {
  Diagnostic d;
  d.file = cluster.source.file;
  d.message = std::move(message);
  d.hint = std::move(hint);
  for (std::string_view around = path; !around.empty();) {
    if (const auto place = cluster.source.places.find(around); place != cluster.source.places.end()) {
      d.at = place->second.at;
      d.length = around == path ? place->second.length : 1;
      break;
    }
    const auto cut = around.find_last_of(".[");
    around = cut == std::string_view::npos ? std::string_view() : around.substr(0, cut);
  }
  d.path = std::move(path);
  return d;
}

std::string named(const Cluster& cluster, std::string_view path, std::string_view value) {
  const auto place = cluster.source.places.find(path);
  if (place == cluster.source.places.end()) return fmt::format("{} {} (the default)", path, value);
  return fmt::format("{} {} (line {})", path, value, place->second.at.line);
}

void check(const Cluster& cluster, Diagnostics& diagnostics) {
  Checker(cluster, diagnostics).run();
  check_overlaps(cluster, diagnostics);
}

}  // namespace tombolo::spec
