#include "cloudinit/report.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "codec/base64.hpp"
#include "codec/json.hpp"

namespace tombolo::cloudinit {
namespace {

// Fast on purpose: it runs once a second while a machine boots. `cloud-init status` would start a Python each time.
constexpr std::string_view kReportScript = R"sh(set +e
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
fact() { echo "@$1 ${*:2}"; }
block() {
  echo "@begin $1"
  sed 's/^/|/'
  echo
  echo "@end $1"
}
LOG=/var/log/nebula-bootstrap.log
LOCK=/run/lock/tombolo-bootstrap
for ((i = 0; i < WAIT; i++)); do
  if [[ -e $LOG ]] && { [[ ! -e $LOCK ]] || flock -n $LOCK true; }; then break; fi
  if [[ $UNTIL == mesh && -e /var/lib/tombolo/mesh.done ]]; then break; fi
  sleep 0.1
done
echo "@report 1"
fact time "$(date -u +%s.%N)"
fact uptime "$(cut -d ' ' -f 1 /proc/uptime)"
if [[ -e /run/cloud-init/result.json ]]; then
  fact cloud-init done
  block cloud-init-result </run/cloud-init/result.json
elif [[ -e /run/cloud-init/status.json ]]; then
  fact cloud-init running
fi
if [[ -e /var/lib/cloud/instance/user-data.txt ]]; then
  fact user-data-bytes "$(stat -L -c %s /var/lib/cloud/instance/user-data.txt)"
  fact user-data-start "$(head -c 200 /var/lib/cloud/instance/user-data.txt | head -n 1 | tr -cd '[:print:]')"
fi
if [[ -e $LOG ]]; then
  fact log yes
  grep -a -F 'tombolo-bootstrap: ' "$LOG" | tail -n 400 | block bootstrap
  tail -n 20 "$LOG" | block log
fi
tail -n 20 /var/log/cloud-init-output.log 2>/dev/null | block cloud-init-output
if [[ -e $LOCK ]] && ! flock -n $LOCK true; then fact running yes; fi
fact mesh-revision "$(sed -n 's/^revision=//p' /var/lib/tombolo/mesh.done 2>/dev/null)"
fact revision "$(sed -n 's/^revision=//p' /var/lib/tombolo/bootstrap.done 2>/dev/null)"
fact nebula-state "$(systemctl is-active nebula.service 2>/dev/null)"
if command -v nebula >/dev/null; then fact nebula-version "$(nebula -version 2>/dev/null | sed -n 's/^Version: //p')"; fi
journalctl -u nebula.service -n 40 -o cat --no-pager 2>/dev/null | block nebula-log
for name in pub crt; do block "host.$name" 2>/dev/null </etc/nebula/host.$name; done
block ca.crt 2>/dev/null </etc/nebula/ca.crt
fact udp "$(ss -Hlun | awk '{n = split($4, a, ":"); print a[n]}' | sort -un | tr '\n' ' ')"
ip -o -4 address show | while read -r _ device _ address _; do fact address "$device $address"; done
for device in /sys/class/net/*; do fact mtu "${device##*/} $(cat "$device/mtu")"; done
journalctl -u nebula.service -o short-unix -n 20000 --no-pager 2>/dev/null |
  grep -a -F 'Handshake message received' | tail -n 100 | block handshakes
for address in $PING; do
  {
    if answer=$(ping -n -c 1 -W 1 "$address" 2>/dev/null); then
      fact ping "$address $(sed -n 's/.* time=\([0-9.]*\) ms.*/\1/p' <<<"$answer")"
    else
      fact ping "$address"
    fi
  } &
done
wait
echo "@done 1"
)sh";

struct Answer {
  std::map<std::string, std::string, std::less<>> facts;  // the last of each name
  std::map<std::string, std::string, std::less<>> blocks;
  std::vector<std::pair<std::string, std::string>> many;  // those that come several times

  std::string fact(std::string_view name) const {
    const auto it = facts.find(name);
    return it == facts.end() ? "" : it->second;
  }
  std::string block(std::string_view name) const {
    const auto it = blocks.find(name);
    return it == blocks.end() ? "" : it->second;
  }
};

std::string_view take(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return taken;
}

Result<Answer> split(std::string_view text) {
  Answer out;
  std::string inside;
  bool begun = false, ended = false;
  while (!text.empty()) {
    auto line = take(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('|')) {
      if (!inside.empty()) out.blocks[inside] += std::string(line.substr(1)) + "\n";
      continue;
    }
    if (!line.starts_with('@')) continue;
    line.remove_prefix(1);
    const auto name = take(line, ' ');
    if (name == "begin") {
      inside = line;
      out.blocks[inside].clear();
    } else if (name == "end") {
      inside.clear();
    } else {
      begun = begun || name == "report";
      ended = ended || name == "done";
      out.facts[std::string(name)] = line;
      if (name == "address" || name == "mtu" || name == "ping") out.many.emplace_back(name, line);
    }
  }
  if (!begun) return fail(Code::kCorrupt, "the machine's answer is no report");
  if (!ended) return fail(Code::kCorrupt, "the machine's report was cut");
  return out;
}

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Duration seconds(std::string_view text) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number(text)));
}

// cloud-init's result.json: {"v1": {"datasource": …, "errors": ["…"]}}.
std::string errors_of(std::string_view result) {
  const auto json = codec::parse_json(result);
  if (!json) return "";
  const auto* v1 = codec::find(*json, "v1");
  const auto* errors = v1 ? codec::find(*v1, "errors") : nullptr;
  std::string out;
  if (errors && errors->is_array())
    for (const auto& e : errors->get_array())
      if (e.is_string()) out += (out.empty() ? "" : "; ") + std::string(e.get_string());
  return out;
}

// "1795600000.123456 host nebula[7]: … msg="Handshake message received" certName=talos-homelab …", or the same as JSON.
void read_handshakes(std::string_view text, std::vector<Handshake>& out) {
  std::map<std::string, Time> newest;
  while (!text.empty()) {
    const auto line = take(text, '\n');
    auto at = line.find("certName");
    if (at == std::string_view::npos) continue;
    auto rest = line.substr(at + 8);
    while (!rest.empty() && std::string_view("\":= ").find(rest.front()) != std::string_view::npos)
      rest.remove_prefix(1);
    const auto name = rest.substr(0, rest.find_first_of("\" ,}"));
    if (!name.empty()) newest[std::string(name)] = Time(seconds(line.substr(0, line.find(' '))));
  }
  for (const auto& [member, at] : newest) out.push_back({member, at});
}

// A file that is not there gives an empty block with one empty line.
std::string file_of(const Answer& answer, std::string_view name) {
  auto text = answer.block(name);
  while (text.ends_with("\n\n")) text.pop_back();
  return text == "\n" ? "" : text;
}

std::string encoded(std::string_view text) { return codec::encode_base64(as_bytes(text)); }

}  // namespace

std::string report_script(const ReportRequest& request) {
  std::string ping;
  for (const auto& address : request.ping) ping += (ping.empty() ? "" : " ") + address;
  return fmt::format("PING='{}'\nWAIT={}\nUNTIL={}\n{}", ping, request.wait || request.wait_for_mesh ? 10 : 0,
                     request.wait_for_mesh ? "mesh" : "end", kReportScript);
}

Result<MachineReport> read_report(std::string_view text) {
  const auto answer = TRY(split(text));
  MachineReport out;
  out.time = Time(seconds(answer.fact("time")));
  out.up = seconds(answer.fact("uptime"));
  if (answer.fact("cloud-init") == "running") out.cloud_init = CloudInit::kRunning;
  if (answer.fact("cloud-init") == "done") {
    out.cloud_init_errors = errors_of(answer.block("cloud-init-result"));
    out.cloud_init = out.cloud_init_errors.empty() ? CloudInit::kDone : CloudInit::kFailed;
  }
  out.user_data_start = answer.fact("user-data-start");
  out.user_data_bytes = static_cast<std::size_t>(number(answer.fact("user-data-bytes")));
  out.has_log = answer.fact("log") == "yes";
  out.bootstrap = read_console(answer.block("bootstrap"));
  out.log_tail = file_of(answer, "log");
  out.cloud_init_tail = file_of(answer, "cloud-init-output");
  out.running = answer.fact("running") == "yes";
  out.mesh_revision = answer.fact("mesh-revision");
  out.revision = answer.fact("revision");
  out.nebula_version = answer.fact("nebula-version");
  out.nebula_state = answer.fact("nebula-state");
  out.nebula_log = file_of(answer, "nebula-log");
  out.public_key_pem = file_of(answer, "host.pub");
  out.certificate_pem = file_of(answer, "host.crt");
  out.authorities_pem = file_of(answer, "ca.crt");
  const auto udp = answer.fact("udp");
  for (std::string_view rest = udp; !rest.empty();)
    if (const auto port = static_cast<int>(number(take(rest, ' '))); port > 0) out.udp_ports.push_back(port);
  for (const auto& [name, line] : answer.many) {
    std::string_view rest = line;
    const std::string key(take(rest, ' '));
    if (name == "address") out.addresses[key] = rest;
    if (name == "mtu") out.mtus[key] = static_cast<int>(number(rest));
    if (name == "ping")
      out.pings.push_back({key, rest.empty() ? std::nullopt
                                             : std::optional(std::chrono::duration_cast<Duration>(
                                                   std::chrono::duration<double, std::milli>(number(rest))))});
  }
  read_handshakes(answer.block("handshakes"), out.handshakes);
  return out;
}

std::string deliver_script(const Delivery& delivery) {
  std::string out =
      "set -euo pipefail\n"
      "umask 077\n"
      "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
      "put() { mkdir -p \"$(dirname \"$2\")\"; base64 -d >\"$2.new\"; chmod \"$1\" \"$2.new\"; mv -f \"$2.new\" "
      "\"$2\"; }\n";
  if (!delivery.script.empty())
    out += fmt::format("put 0700 {} <<'END'\n{}\nEND\n", kRerunCommand, encoded(delivery.script));
  if (!delivery.certificate_pem.empty())
    out += fmt::format("put 0644 {} <<'END'\n{}\nEND\n", kHostCertificate, encoded(delivery.certificate_pem));
  // The log says so first: what it holds of earlier runs is no answer to this one.
  out += fmt::format(
      "mkdir -p /var/lib/tombolo\nrm -f {} {} {}\n"
      "echo \"$(date -u +%FT%T.%3NZ) {}\" >>{}\n",
      kDoneFile, kFailedFile, kMeshFile, phase_line(phases().front(), PhaseState::kStarted, "delivered"), kLogFile);
  // A unit of its own, not a child of sshd's session: it goes on when the connection is lost. One that is at work already
  // may have read the old files: it is waited for by the next one's lock.
  out += fmt::format(
      "systemd-run --quiet --collect --unit \"tombolo-bootstrap-$(date +%s%N)\" {}\n"
      "for ((i = 0; i < 20; i++)); do\n"  // until it is at work: the next report must not miss it
      "  if ! flock -n /run/lock/tombolo-bootstrap true; then break; fi\n"
      "  sleep 0.05\n"
      "done\n"
      "echo {}\n",
      kRerunCommand, kDelivered);
  return out;
}

}  // namespace tombolo::cloudinit
