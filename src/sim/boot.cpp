#include "sim/boot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cloudinit/progress.hpp"
#include "codec/base64.hpp"
#include "codec/gzip.hpp"
#include "codec/pem.hpp"
#include "crypto/hash.hpp"
#include "nebula/certificate.hpp"
#include "sim/catalog.hpp"
#include "sim/instance_view.hpp"

namespace tombolo::sim {
namespace {

using cloudinit::PhaseState;

// Lines with the time they appear; only those of the past are kept.
class Console {
 public:
  explicit Console(Time now) : now_(now) {}
  void print(Time at, std::string_view line) {
    if (at <= now_) text_ += fmt::format("{}\r\n", line);
  }
  const std::string& text() const { return text_; }

 private:
  Time now_;
  std::string text_;
};

// Bytes that belong to this machine and to nothing else: its "host keys".
Bytes machine_bytes(const Instance& instance, std::string_view purpose) {
  auto digest = crypto::sha256(fmt::format("{}/{}", instance.id, purpose));
  return {digest.begin(), digest.end()};
}

struct Script {
  std::vector<std::string_view> phases;  // of our bootstrap, in its order
  bool makes_key = false;                // and waits for a host certificate that somebody has to lay
  std::string text;

  // What stands in a here-document that begins at that mark.
  std::string document(std::string_view mark, std::string_view end) const {
    const auto from = text.find(mark);
    if (from == std::string::npos) return "";
    const auto begin = text.find('\n', from) + 1;
    const auto stop = text.find(fmt::format("\n{}\n", end), begin);
    return stop == std::string::npos ? "" : text.substr(begin, stop + 1 - begin);
  }

  // MESH_ADDRESS='10.42.0.1/16'
  std::string value(std::string_view name) const {
    const auto mark = fmt::format("\n{}='", name);
    const auto at = text.find(mark);
    if (at == std::string::npos) return "";
    return text.substr(at + mark.size(), text.find('\'', at + mark.size()) - at - mark.size());
  }
};

// Our bootstrap is known by its line prefix; its phases are those of cloudinit/ that the script begins.
Script read_script(const std::string& text) {
  Script script{{}, false, text};
  if (text.find(cloudinit::kLinePrefix) == std::string::npos) return script;
  for (auto phase : cloudinit::phases()) {
    if (text.find(fmt::format("\nphase {}\n", phase)) != std::string::npos) script.phases.push_back(phase);
  }
  script.makes_key = text.find("state=waiting") != std::string::npos;
  return script;
}

// The certificate that an embedding script lays.
std::string embedded_certificate(const std::string& script) {
  const auto from = script.find(fmt::format("put 0644 {} <<'END'\n", cloudinit::kHostCertificate));
  if (from == std::string::npos) return "";
  const auto begin = script.find("-----BEGIN", from);
  const auto end = script.find("\nEND\n", begin);
  return begin == std::string::npos || end == std::string::npos ? "" : script.substr(begin, end + 1 - begin);
}

// Nebula refuses a certificate that is for another key than the machine's.
bool belongs(const std::string& certificate, const Instance& instance) {
  const auto parsed = nebula::parse_certificate(certificate);
  return parsed && parsed->details().public_key.bytes == machine_bytes(instance, "nebula");
}

BootRun run(const World& world, const Instance& instance, const Script& script, const std::string& certificate,
            Time at) {
  const auto& boot = world.options.boot;
  BootRun out;
  out.revision = script.value("REVISION");
  out.mesh_revision = script.value("MESH_REVISION");
  out.mesh_address = script.value("MESH_ADDRESS");
  out.port = std::atoi(script.value("PORT").c_str());
  out.certificate = certificate;
  out.liqo_version = script.value("LIQO_VERSION");
  out.liqo_namespace = script.value("LIQO_NAMESPACE");
  out.liqo_values = script.document("put 0600 \"$STATE/liqo-values.yaml\" <<'END_OF_VALUES'", "END_OF_VALUES");
  const auto print = [&](std::string line) { out.lines.push_back({at, std::move(line)}); };
  for (auto phase : script.phases) {
    print(cloudinit::phase_line(phase, PhaseState::kStarted));
    const bool waits = phase == "certificate" && script.makes_key && certificate.empty();
    const auto begun = at;
    if (!waits) at += world.options.times.phase;
    out.ends = at;
    if (phase == boot.failing_phase) {
      print(cloudinit::phase_line(phase, PhaseState::kFailed, "line=92 status=22"));
      print(fmt::format("{}log: {}", cloudinit::kLinePrefix, boot.failure_line));
      return out;
    }
    if (phase == "keys" && script.makes_key) {
      out.key_made = at;
      std::string_view rest;
      const auto pem = nebula_public_pem(instance);
      for (rest = pem; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
        print(fmt::format("{}pub: {}", cloudinit::kLinePrefix, rest.substr(0, rest.find('\n'))));
    }
    if (phase == "certificate" && script.makes_key && !waits && !belongs(certificate, instance)) {
      print(cloudinit::phase_line(phase, PhaseState::kFailed, "line=218 status=1"));
      print(fmt::format("{}log: private key is not a pair with public key in nebula cert", cloudinit::kLinePrefix));
      return out;
    }
    if (waits) {
      print(cloudinit::phase_line(phase, PhaseState::kWaiting, fmt::format("file={}", cloudinit::kHostCertificate)));
      return out;
    }
    if (phase == "nebula-start") out.started = at;
    if (phase == "mesh") out.meshed = at;
    if (phase == "k3s" && !out.liqo_version.empty()) out.chart = begun + (at - begun) / 3;  // while k3s starts
    if (phase == "liqo") out.helm = begun + (at - begun) / 3;
    if (phase == "ready") out.ready = at;
    print(cloudinit::phase_line(phase, PhaseState::kOk));
  }
  return out;
}

void print_host_keys(Console& console, Time at, const Instance& instance) {
  const auto key = host_key_line(instance);
  auto print = codec::encode_base64(crypto::sha256(ByteView(*codec::decode_base64(key.substr(key.find(' ') + 1)))));
  print.pop_back();  // ssh-keygen prints no padding
  console.print(at, "ci-info: no authorized SSH keys fingerprints found for user admin.");
  console.print(at, "<14>cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----");
  console.print(at, fmt::format("<14>cloud-init: 256 SHA256:{} root@machine (ED25519)", print));
  console.print(at, "<14>cloud-init: -----END SSH HOST KEY FINGERPRINTS-----");
  console.print(at, "-----BEGIN SSH HOST KEY KEYS-----");
  console.print(at, fmt::format("{} root@machine", key));
  console.print(at, "-----END SSH HOST KEY KEYS-----");
}

bool is_user_data(std::string_view text) {
  return text.starts_with("#!") || text.starts_with("#cloud-config") || text.starts_with("Content-Type: multipart/");
}

}  // namespace

std::string plain_user_data(const Instance& instance) {
  if (auto plain = codec::gunzip(as_bytes(instance.user_data), 4u << 20)) return std::string(as_text(*plain));
  return instance.user_data;
}

std::string host_key_line(const Instance& instance) {
  Bytes blob{0, 0, 0, 11};
  auto kind = as_bytes("ssh-ed25519");
  blob.insert(blob.end(), kind.begin(), kind.end());
  blob.insert(blob.end(), {0, 0, 0, 32});
  auto key = machine_bytes(instance, "ssh");
  blob.insert(blob.end(), key.begin(), key.end());
  return "ssh-ed25519 " + codec::encode_base64(blob);
}

std::string nebula_public_pem(const Instance& instance) {
  return codec::encode_pem("NEBULA X25519 PUBLIC KEY", machine_bytes(instance, "nebula"));
}

std::optional<Time> awake(const World& world, const Instance& instance) {
  if (instance.state != InstanceState::kRunning || instance.running_since == Time{} || world.options.boot.hangs)
    return std::nullopt;
  return instance.running_since + world.options.times.boot;
}

namespace {

// Every run of the machine, with the time from which on it is to be seen.
std::vector<std::pair<Time, BootRun>> all_runs(const World& world, const Instance& instance) {
  std::vector<std::pair<Time, BootRun>> out;
  const auto user_data = plain_user_data(instance);
  auto script = read_script(is_user_data(user_data) ? user_data : "");
  auto certificate = embedded_certificate(script.text);
  Time at = instance.running_since + world.options.times.boot;
  if (!script.phases.empty()) out.emplace_back(at, run(world, instance, script, certificate, at));
  for (const auto& delivery : instance.deliveries) {
    if (!delivery.script.empty()) script = read_script(delivery.script);
    if (!delivery.certificate.empty()) certificate = delivery.certificate;
    if (!out.empty()) at = out.back().second.ends;  // one run at a time: the lock
    at = std::max(at, delivery.at);
    if (!script.phases.empty()) out.emplace_back(delivery.at, run(world, instance, script, certificate, at));
  }
  return out;
}

}  // namespace

std::vector<BootRun> boot_runs(const World& world, const Instance& instance, Time now) {
  auto& known = world.boots[instance.id];
  const bool same = known.settings == world.settings && known.since == instance.running_since &&
                    known.deliveries == instance.deliveries.size() && known.user_data == instance.user_data;
  if (!same)
    known = {world.settings, instance.running_since, instance.deliveries.size(), instance.user_data,
             std::make_shared<const std::vector<std::pair<Time, BootRun>>>(all_runs(world, instance))};
  std::vector<BootRun> out;
  for (const auto& [from, each] : *known.runs)
    if (from <= now) out.push_back(each);
  return out;
}

std::optional<Time> passed(const BootRun& run, std::string_view phase) {
  const auto said = cloudinit::phase_line(phase, PhaseState::kOk);
  for (const auto& line : run.lines)
    if (line.text == said) return line.at;
  return std::nullopt;
}

std::string console_text(const World& world, const Instance& instance, Time now) {
  if (instance.console) return *instance.console;
  if (instance.state == InstanceState::kPending || instance.running_since == Time{}) return "";
  now = instance.state == InstanceState::kTerminated ? std::min(now, instance.ended) : now;
  Console console(now);
  Time at = instance.running_since;
  console.print(at, "[    0.000000] Linux version 6.1.155-176.282.amzn2023.x86_64 (mockbuild) #1 SMP PREEMPT_DYNAMIC");
  console.print(at + 4s, "[    4.112233] systemd[1]: Hostname set to <machine>.");
  at += world.options.times.boot;
  if (world.options.boot.hangs) return console.text();
  console.print(at, "Cloud-init v. 22.2.2 running 'init' at boot.");
  print_host_keys(console, at, instance);
  const auto user_data = plain_user_data(instance);
  if (!user_data.empty() && !is_user_data(user_data))
    console.print(
        at,
        "cloud-init[1612]: __init__.py[WARNING]: Unhandled non-multipart (text/x-not-multipart) userdata: starting '" +
            user_data.substr(0, user_data.find_first_of("\r\n")) + "'");
  const auto runs = boot_runs(world, instance, now);
  for (const auto& each : runs)
    for (const auto& line : each.lines) console.print(line.at, line.text);
  if (runs.empty()) console.print(at + 2s, "Cloud-init v. 22.2.2 finished. Datasource DataSourceEc2.");
  return console.text();
}

// Without Latest, what EC2 posted once some minutes after the boot; with it, the console as it is (Nitro only).
Outcome<> get_console_output(Call& call, XmlOut& out) {
  auto id = GRANTED(call.q.required("InstanceId"));
  const auto* instance = GRANTED(find_instance(call, id));
  auto latest = GRANTED(call.q.flag("Latest", false));
  const auto* type = find_type(instance->type);
  if (latest && type && !type->nitro) {
    return refuse("UnsupportedOperation",
                  "This instance type does not support retrieving the latest console logs. Supported instance types "
                  "are those on Nitro.");
  }
  const auto& times = call.world.options.times;
  auto ready = instance->running_since + (latest ? times.console_latest : times.console_posted);
  bool booted = instance->state != InstanceState::kPending && instance->running_since != Time{};
  std::string text;
  if (booted && call.now >= ready) text = console_text(call.world, *instance, latest ? call.now : ready);
  constexpr std::size_t kKept = 64 * 1024;  // EC2 keeps the last 64 KB
  if (text.size() > kKept) text.erase(0, text.size() - kKept);
  out.leaf("instanceId", id).leaf("timestamp", iso_time(latest || !booted ? call.now : ready));
  out.leaf("output", codec::encode_base64(as_bytes(text)));
  return {};
}

}  // namespace tombolo::sim
