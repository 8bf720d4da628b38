#include "sim/machines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.hpp"
#include "cloudinit/cluster_side.hpp"
#include "cloudinit/report.hpp"
#include "codec/base64.hpp"
#include "crypto/ssh_key.hpp"
#include "kube/object.hpp"
#include "nebula/certificate.hpp"
#include "sim/kube_clusters.hpp"
#include "sim/liqo_chart.hpp"
#include "sim/liqo_keys.hpp"
#include "sim/machine_view.hpp"

namespace tombolo::sim {
namespace {

constexpr Duration kRoundTrip = std::chrono::milliseconds(37);  // the recipe's, from home to AWS
constexpr Duration kLogin = 5 * kRoundTrip;                     // TCP, key exchange, authentication

std::string block(std::string_view name, std::string_view text) {
  std::string out = fmt::format("@begin {}\n", name);
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    out += fmt::format("|{}\n", line);
  }
  return out + fmt::format("@end {}\n", name);
}

double milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
double seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// What report_script() prints on such a machine.
std::string report(const MachineView& view) {
  std::string log, out = "@report 1\n";
  for (const auto& run : view.runs)
    for (const auto& line : run.lines)
      if (line.at <= view.now) log += line.text + "\n";
  const auto* run = view.newest();
  const bool working = run && view.now < run->ends;
  out += fmt::format("@time {:.6f}\n@uptime {:.2f}\n", seconds(view.now.time_since_epoch()),
                     seconds(view.now - view.up_since));
  out += working ? "@cloud-init running\n" : "@cloud-init done\n";
  out += fmt::format("@user-data-bytes {}\n@user-data-start {}\n", view.user_data.size(),
                     view.user_data.substr(0, view.user_data.find('\n')));
  if (!log.empty()) out += "@log yes\n" + block("bootstrap", log) + block("log", log);
  if (working) out += "@running yes\n";
  std::string revision, mesh_revision, certificate;
  bool key = false, device = false;
  for (const auto& each : view.runs) {
    if (each.ready && *each.ready <= view.now) revision = each.revision;
    if (&each == run && working) revision.clear();
    if (each.meshed && *each.meshed <= view.now)
      mesh_revision = each.mesh_revision;
    else if (&each == run)
      mesh_revision.clear();
    key = key || (each.key_made && *each.key_made <= view.now);
    device = device || (each.started && *each.started <= view.now);
    certificate = each.certificate;
  }
  out += fmt::format("@mesh-revision {}\n@revision {}\n@nebula-state {}\n", mesh_revision, revision,
                     device ? "active" : "inactive");
  if (key) out += block("host.pub", view.nebula_public_pem);
  if (!certificate.empty()) out += block("host.crt", certificate);
  if (device) out += fmt::format("@udp {} \n@address nebula1 {}\n@mtu nebula1 1300\n", run->port, run->mesh_address);
  return out + "@done 1\n";
}

// The files of deliver_script(): "put MODE FILE <<'END'", then base64.
std::string delivered(std::string_view script, std::string_view file) {
  const auto from = script.find(fmt::format(" {} <<'END'\n", file));
  if (from == std::string_view::npos) return "";
  const auto begin = script.find('\n', from) + 1;
  const auto bytes = codec::decode_base64(script.substr(begin, script.find("\nEND\n", begin) - begin));
  return bytes ? std::string(as_text(*bytes)) : "";
}

// What credentials_script() prints. A token, where k3s has a client certificate: nobody checks certificates here, and each
// machine's cluster knows its own token only.
std::string credentials(const MachineView& view) {
  if (!view.passed(kCloudApiPhase)) return cloudinit::credentials_answer("", "");
  const auto kubeconfig = fmt::format(
      "apiVersion: v1\nkind: Config\ncurrent-context: default\n"
      "clusters: [{{name: default, cluster: {{server: \"https://127.0.0.1:6443\", certificate-authority-data: {}}}}}]\n"
      "users: [{{name: default, user: {{token: {}}}}}]\n"
      "contexts: [{{name: default, context: {{cluster: default, user: default}}}}]\n",
      codec::encode_base64(as_bytes(cluster_authority_pem(view.instance))), admin_token(view.instance));
  return cloudinit::credentials_answer(kubeconfig, fmt::format("K10{}::server:simulated\n", view.instance));
}

// The word behind a mark in a script, up to another mark.
std::string between(std::string_view script, std::string_view mark, std::string_view end) {
  const auto at = script.find(mark);
  if (at == std::string_view::npos) return "";
  script.remove_prefix(at + mark.size());
  return std::string(script.substr(0, script.find(end)));
}

// What render_script() prints.
std::string rendered(const MachineView& view, std::string_view script) {
  const auto version = between(script, "artefacts/liqo-", ".tgz");
  if (!view.has_chart(version)) return "@begin wait\n\n@end wait\n";
  const auto values = codec::decode_base64(between(script, "<<'END'\n", "\nEND\n"));
  std::string yaml;
  for (const auto& object :
       liqo_chart({version, between(script, "--namespace '", "'"), read_values(values ? as_text(*values) : "")}))
    yaml += fmt::format("---\n# Source: liqo/{}\n{}\n", kube::kind_of(object), codec::to_text(object));
  return cloudinit::rendered_answer(yaml);
}

class SimulatedShell final : public net::Shell {
 public:
  SimulatedShell(Site& site, Clock& clock, std::string address, std::string instance)
      : site_(site), clock_(clock), address_(std::move(address)), instance_(std::move(instance)) {}

  Result<net::Output> run(const std::string& command, const net::RunOptions& options,
                          const std::stop_token& stop) override {
    if (!clock_.sleep_for(2 * kRoundTrip, stop)) return fail(Code::kCancelled, "stopped");
    const auto view = site_.machine_at(address_);
    if (!view || view->instance != instance_ || !view->answers)
      return fail(Code::kTransient, fmt::format("the connection to {} is lost", address_));
    if (command == cloudinit::kReportCommand) {
      auto seen = *view;
      // WAIT: answers when the run at work is over, or after a second.
      for (int i = 0; i < 10 && options.input.find("WAIT=10") != std::string_view::npos; ++i) {
        if (seen.newest() && seen.now >= seen.newest()->ends) break;
        if (!clock_.sleep_for(std::chrono::milliseconds(100), stop)) return fail(Code::kCancelled, "stopped");
        const auto later = site_.machine_at(address_);
        if (!later || later->instance != instance_ || !later->answers)
          return fail(Code::kTransient, fmt::format("the connection to {} is lost", address_));
        seen = *later;
      }
      auto out = report(seen);
      out.insert(out.rfind("@done"), pings(options.input));
      return net::Output{0, std::move(out), ""};
    }
    if (command == cloudinit::kDeliverCommand) {
      site_.deliver(instance_, delivered(options.input, cloudinit::kRerunCommand),
                    delivered(options.input, cloudinit::kHostCertificate));
      return net::Output{0, std::string(cloudinit::kDelivered) + "\n", ""};
    }
    if (command == cloudinit::kCredentialsCommand) return net::Output{0, credentials(*view), ""};
    if (command == cloudinit::kRenderCommand) return net::Output{0, rendered(*view, options.input), ""};
    return net::Output{127, "", fmt::format("the simulated machine does not know the command: {}\n", command)};
  }

  Result<int> stream(const std::string& command, const Sink& sink, const std::stop_token& stop) override {
    const auto done = TRY(run(command, {}, stop));
    if (!done.out.empty()) sink(done.out, false);
    if (!done.err.empty()) sink(done.err, true);
    return done.status;
  }

 private:
  std::string pings(std::string_view script) const {
    std::string out;
    std::string list = between(script, "PING='", "'");
    for (std::string_view rest = list; !rest.empty();) {
      const auto one = std::string(rest.substr(0, rest.find(' ')));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      const bool answers = site_.answers_in_mesh(address_, one);
      out += fmt::format("@ping {}{}\n", one, answers ? fmt::format(" {:.1f}", milliseconds(kRoundTrip)) : "");
    }
    return out;
  }

  Site& site_;
  Clock& clock_;
  std::string address_;
  std::string instance_;
};

class SimulatedTunnel final : public net::Tunnel {
 public:
  SimulatedTunnel(const Site& site, std::string address, std::string instance, std::string near_end)
      : site_(site), address_(std::move(address)), instance_(std::move(instance)), near_end_(std::move(near_end)) {}
  std::string near_end() const override { return near_end_; }
  bool alive() const override {
    const auto view = site_.machine_at(address_);
    return view && view->instance == instance_ && view->answers;
  }

 private:
  const Site& site_;
  std::string address_;
  std::string instance_;
  std::string near_end_;
};

}  // namespace

Result<MachineView> Machines::connect(const net::Login& login, const std::stop_token& stop) {
  const auto key = TRY(context(read_file(login.private_key), "reading the SSH key"));
  const auto pair = TRY(crypto::parse_openssh_private_key(key));
  const auto begun = clock_.now();
  auto view = site_.machine_at(login.host);
  // Nobody says no: TCP asks again every second or so.
  while (!view || !view->answers || !view->tcp_22) {
    if (clock_.now() - begun >= login.patience)
      return fail(Code::kUnreachable, fmt::format("{} port {} does not answer", login.host, login.port));
    if (!clock_.sleep_for(std::chrono::seconds(1), stop)) return fail(Code::kCancelled, "stopped while connecting");
    view = site_.machine_at(login.host);
  }
  if (!clock_.sleep_for(kLogin, stop)) return fail(Code::kCancelled, "stopped while connecting");
  TRY(login.judge({TRY(net::HostKey::parse(view->host_key)), view->banner}));
  const auto ours = crypto::openssh_public_line(pair.key.public_key(), "");
  if (!view->public_key.starts_with(ours))
    return fail(Code::kPermission, fmt::format("{} refuses the key of {}", login.host, login.user));
  return *view;
}

Result<std::unique_ptr<net::Shell>> Machines::open(const net::Login& login, const std::stop_token& stop) {
  const auto view = TRY(connect(login, stop));
  return std::make_unique<SimulatedShell>(site_, clock_, login.host, view.instance);
}

Result<std::unique_ptr<net::Tunnel>> Machines::tunnel(const net::Login& login, const std::string& host,
                                                      std::uint16_t port, const std::stop_token& stop) {
  const auto view = TRY(connect(login, stop));
  const auto* run = view.newest();
  const bool ours = run && run->mesh_address.starts_with(host + "/") && port == kCloudPort;
  return std::make_unique<SimulatedTunnel>(
      site_, login.host, view.instance,
      ours ? fmt::format("{}:{}", kCloudHost, kCloudPort) : fmt::format("closed.simulated:{}", port));
}

Result<mesh::Probe> Machines::probe(const mesh::ProbeRequest& request, const std::stop_token& stop) {
  const auto none = [&](std::string trouble) -> Result<mesh::Probe> {
    if (!clock_.sleep_for(request.patience, stop)) return fail(Code::kCancelled, "stopped while waiting for the mesh");
    mesh::Probe probe;
    probe.trouble = std::move(trouble);
    return probe;
  };
  const auto view = site_.machine_at(request.underlay);
  const auto open = [&](const auto& range) { return range.first <= request.port && request.port <= range.second; };
  if (!view || !view->serves_mesh() || view->newest()->port != request.port ||
      std::none_of(view->udp_open.begin(), view->udp_open.end(), open))
    return none("no answer");
  const auto theirs = TRY(nebula::parse_certificate(view->newest()->certificate));
  const auto ours = TRY(nebula::parse_certificate(request.identity.certificate_pem));
  // Either side refuses the other's certificate in silence; here both are of the operator's authority.
  if (theirs.details().issuer != ours.details().issuer) return none("untrusted certificate");
  if (theirs.details().networks.empty() || theirs.details().networks.front().address() != request.member)
    return none("wrong member");
  if (!clock_.sleep_for(2 * kRoundTrip, stop)) return fail(Code::kCancelled, "stopped while waiting for the mesh");
  mesh::Probe probe;
  probe.handshake = true;
  probe.member_name = theirs.details().name;
  probe.member_fingerprint = theirs.fingerprint().text();
  probe.member_not_after = format_time(theirs.details().not_after);
  probe.handshake_time = kRoundTrip;
  for (const int size : request.sizes) probe.echoes.push_back(mesh::Echo{kRoundTrip, size});
  return probe;
}

}  // namespace tombolo::sim
