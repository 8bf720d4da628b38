#include "sim/boot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cloudinit/progress.hpp"
#include "codec/base64.hpp"
#include "codec/gzip.hpp"
#include "codec/pem.hpp"
#include "crypto/hash.hpp"
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

void print_host_keys(Console& console, Time at, const Instance& instance) {
  Bytes blob{0, 0, 0, 11};
  auto kind = as_bytes("ssh-ed25519");
  blob.insert(blob.end(), kind.begin(), kind.end());
  blob.insert(blob.end(), {0, 0, 0, 32});
  auto key = machine_bytes(instance, "ssh");
  blob.insert(blob.end(), key.begin(), key.end());
  auto print = codec::encode_base64(crypto::sha256(ByteView(blob)));
  print.pop_back();  // ssh-keygen prints no padding
  console.print(at, "ci-info: no authorized SSH keys fingerprints found for user admin.");
  console.print(at, "<14>cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----");
  console.print(at, fmt::format("<14>cloud-init: 256 SHA256:{} root@machine (ED25519)", print));
  console.print(at, "<14>cloud-init: -----END SSH HOST KEY FINGERPRINTS-----");
  console.print(at, "-----BEGIN SSH HOST KEY KEYS-----");
  console.print(at, fmt::format("ssh-ed25519 {} root@machine", codec::encode_base64(blob)));
  console.print(at, "-----END SSH HOST KEY KEYS-----");
}

struct Script {
  std::vector<std::string_view> phases;  // of our bootstrap, in its order
  bool waits = false;                    // for a host certificate that somebody has to lay
};

// Our bootstrap is known by its line prefix; its phases are those of cloudinit/ that the script begins.
Script read_script(std::string_view user_data) {
  Script script;
  if (user_data.find(cloudinit::kLinePrefix) == std::string_view::npos) return script;
  for (auto phase : cloudinit::phases()) {
    if (user_data.find(fmt::format("\nphase {}\n", phase)) != std::string_view::npos) script.phases.push_back(phase);
  }
  script.waits = user_data.find("state=waiting") != std::string_view::npos;
  return script;
}

void print_public_key(Console& console, Time at, const Instance& instance) {
  std::string pem = codec::encode_pem("NEBULA X25519 PUBLIC KEY", machine_bytes(instance, "nebula"));
  std::string_view rest = pem;
  while (!rest.empty()) {
    auto end = rest.find('\n');
    console.print(at, fmt::format("{}pub: {}", cloudinit::kLinePrefix, rest.substr(0, end)));
    rest.remove_prefix(end + 1);
  }
}

enum class RunEnd { kDone, kFailed, kWaiting };

// One run of the bootstrap from `at`; moves `at` to its end.
RunEnd print_run(Console& console, const World& world, const Instance& instance, const Script& script, bool certified,
                 Time& at) {
  const auto& boot = world.options.boot;
  for (auto phase : script.phases) {
    console.print(at, cloudinit::phase_line(phase, PhaseState::kStarted));
    at += world.options.times.phase;
    if (phase == boot.failing_phase) {
      console.print(at, cloudinit::phase_line(phase, PhaseState::kFailed, "line=92 status=22"));
      console.print(at, fmt::format("{}log: {}", cloudinit::kLinePrefix, boot.failure_line));
      return RunEnd::kFailed;
    }
    if (phase == "keys" && script.waits) print_public_key(console, at, instance);
    if (phase == "certificate" && script.waits && !certified) {
      console.print(
          at, cloudinit::phase_line(phase, PhaseState::kWaiting, fmt::format("file={}", cloudinit::kHostCertificate)));
      return RunEnd::kWaiting;
    }
    console.print(at, cloudinit::phase_line(phase, PhaseState::kOk));
  }
  return RunEnd::kDone;
}

void print_bootstrap(Console& console, const World& world, const Instance& instance, const Script& script, Time at) {
  auto end = print_run(console, world, instance, script, false, at);
  if (end != RunEnd::kWaiting) return;
  std::optional<Time> laid = instance.certificate_laid;
  if (!laid && world.options.boot.certificate_after) laid = at + *world.options.boot.certificate_after;
  if (!laid) return;
  Time again = std::max(at, *laid);  // the path unit runs the whole script once more
  print_run(console, world, instance, script, true, again);
}

}  // namespace

std::string console_text(const World& world, const Instance& instance, Time now) {
  if (instance.console) return *instance.console;
  if (instance.state == InstanceState::kPending || instance.running_since == Time{}) return "";
  Console console(instance.state == InstanceState::kTerminated ? std::min(now, instance.ended) : now);
  Time at = instance.running_since;
  console.print(at, "[    0.000000] Linux version 6.1.155-176.282.amzn2023.x86_64 (mockbuild) #1 SMP PREEMPT_DYNAMIC");
  console.print(at + 4s, "[    4.112233] systemd[1]: Hostname set to <machine>.");
  at += world.options.times.boot;
  if (world.options.boot.hangs) return console.text();
  console.print(at, "Cloud-init v. 22.2.2 running 'init' at boot.");
  print_host_keys(console, at, instance);
  std::string user_data = instance.user_data;
  if (auto plain = codec::gunzip(as_bytes(user_data), 4u << 20)) user_data = as_text(*plain);
  auto script = read_script(user_data);
  if (user_data.empty()) {
    console.print(at, "Cloud-init v. 22.2.2 finished. Datasource DataSourceEc2.");
  } else if (!user_data.starts_with("#!") && !user_data.starts_with("#cloud-config")) {
    console.print(
        at,
        "cloud-init[1612]: __init__.py[WARNING]: Unhandled non-multipart (text/x-not-multipart) userdata: starting '" +
            user_data.substr(0, user_data.find_first_of("\r\n")) + "'");
  } else if (script.phases.empty()) {
    console.print(at + 2s, "Cloud-init v. 22.2.2 finished. Datasource DataSourceEc2.");
  } else {
    print_bootstrap(console, world, instance, script, at);
  }
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
