#include "sim/machines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.hpp"
#include "cloudinit/report.hpp"
#include "codec/base64.hpp"
#include "crypto/ssh_key.hpp"
#include "nebula/certificate.hpp"
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
      return net::Output{0, report(seen), ""};
    }
    if (command == cloudinit::kDeliverCommand) {
      site_.deliver(instance_, delivered(options.input, cloudinit::kRerunCommand),
                    delivered(options.input, cloudinit::kHostCertificate));
      return net::Output{0, std::string(cloudinit::kDelivered) + "\n", ""};
    }
    return net::Output{127, "", fmt::format("the simulated machine does not know the command: {}\n", command)};
  }

  Result<int> stream(const std::string& command, const Sink& sink, const std::stop_token& stop) override {
    const auto done = TRY(run(command, {}, stop));
    if (!done.out.empty()) sink(done.out, false);
    if (!done.err.empty()) sink(done.err, true);
    return done.status;
  }

 private:
  Site& site_;
  Clock& clock_;
  std::string address_;
  std::string instance_;
};

}  // namespace

Result<std::unique_ptr<net::Shell>> Machines::open(const net::Login& login, const std::stop_token& stop) {
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
  return std::make_unique<SimulatedShell>(site_, clock_, login.host, view->instance);
}

Result<std::unique_ptr<net::Tunnel>> Machines::tunnel(const net::Login&, const std::string&, std::uint16_t,
                                                      const std::stop_token&) {
  return fail(Code::kUnsupported, "no port lies behind a simulated machine");
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
