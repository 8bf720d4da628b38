// What a lighthouse says of itself over SSH: one script that only looks, and the reader of its answer. `up` follows the
// bootstrap with it, `status` and `doctor` judge by it. Pure.
//
// The answer is lines "@name value" and blocks "@begin name", lines with a '|' in front, "@end name", so that no log line can
// pass for a fact. Unknown names are passed over.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cloudinit/progress.hpp"

namespace tombolo::cloudinit {

enum class CloudInit { kUnknown, kRunning, kDone, kFailed };

struct Ping {
  std::string address;
  std::optional<Duration> round_trip;  // nothing: no answer within a second
};

// The newest handshake with a member that Nebula's log remembers.
struct Handshake {
  std::string member;
  Time at{};
};

struct MachineReport {
  Time time{};  // the machine's clock when it looked
  Duration up{};  // since the boot
  CloudInit cloud_init = CloudInit::kUnknown;
  std::string cloud_init_errors;  // as result.json has them; "" for none
  std::string user_data_start;  // first line of what cloud-init was given; "" when it was given nothing
  std::size_t user_data_bytes = 0;
  bool has_log = false;  // kLogFile exists: our bootstrap began
  BootstrapProgress bootstrap;  // its newest run
  std::string log_tail;  // the last lines of kLogFile
  std::string cloud_init_tail;  // of cloud-init's own output
  bool running = false;  // a bootstrap is at work this very moment
  std::string mesh_revision;  // of the newest bootstrap that came as far as a mesh that serves; "" when none did
  std::string revision;  // of the newest finished bootstrap; "" when none is
  std::string nebula_version;
  std::string nebula_state;  // systemd's word: "active", "activating", "failed", "inactive"; "unknown" without the unit
  std::string nebula_log;  // last lines of its journal
  std::string public_key_pem;
  std::string certificate_pem;
  std::string authorities_pem;
  std::vector<int> udp_ports;  // bound on IPv4 or IPv6
  std::map<std::string, std::string> addresses;  // device -> "10.42.0.1/16", IPv4
  std::map<std::string, int> mtus;  // device -> bytes
  std::vector<Ping> pings;
  std::vector<Handshake> handshakes;
};

struct ReportRequest {
  std::vector<std::string> ping;  // mesh addresses to ping once each; costs up to a second
  // While a bootstrap is at work, or has not begun, the machine answers when that changes, or after a second: whoever follows
  // it asks once a second at most, and still hears of the end at once.
  bool wait = false;
  bool wait_for_mesh = false;  // as wait, and it also answers at once when Nebula serves
};

// The command to run, and its input. As root through sudo, without a terminal; the same command for every request, so that
// the simulated site knows it.
inline constexpr std::string_view kReportCommand = "sudo -n bash -s report";
std::string report_script(const ReportRequest& request = {});

// kCorrupt when the answer is none of ours or was cut.
Result<MachineReport> read_report(std::string_view answer);

// --- laying files and running the bootstrap

struct Delivery {
  std::string script;  // "": the machine keeps the one it has
  std::string certificate_pem;  // "": as script
};

// Lays what is given, each file whole or not at all, and starts the bootstrap in a unit of its own that outlives the
// connection. Repeating it is harmless.
inline constexpr std::string_view kDeliverCommand = "sudo -n bash -s deliver";
std::string deliver_script(const Delivery& delivery);
// What deliver_script() says on success, as its only line.
inline constexpr std::string_view kDelivered = "delivered";

}  // namespace tombolo::cloudinit
