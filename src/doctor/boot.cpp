// What the machine's boot shows: user-data, cloud-init, the bootstrap's phases.
#include <fmt/format.h>

#include "doctor/findings.hpp"

namespace tombolo::doctor {

namespace {

// The line of a text that holds `what`; "" when none does.
std::string line_with(std::string_view text, std::string_view what) {
  const auto at = text.find(what);
  if (at == std::string_view::npos) return "";
  const auto begin = text.rfind('\n', at) == std::string_view::npos ? 0 : text.rfind('\n', at) + 1;
  return std::string(text.substr(begin, text.find('\n', at) - begin));
}

// Everything the boot has written, wherever it could be read.
std::string all_logs(const Evidence& e) {
  std::string out = e.console;
  if (!e.report) return out;
  out += "\n" + e.report->cloud_init_tail + "\n" + e.report->log_tail;
  for (const auto& line : e.report->bootstrap.log) out += "\n" + line;
  return out;
}

bool is_user_data(std::string_view start) {
  return start.starts_with("#!") || start.starts_with("#cloud-config") || start.starts_with("Content-Type:") ||
         start.starts_with("MIME-Version:") || start.starts_with("#include") || start.starts_with("\x1f\x8b");
}

// The recipe's first trouble: nothing ran.
bool look_at_user_data(const Evidence& e, const std::string& logs, std::vector<Finding>& out) {
  // The recipe's second one: the script that makes the user-data was given as user-data.
  if (const auto line = line_with(logs, "CA certificate not found at"); !line.empty()) {
    out.push_back(
        {"generator-passed", Severity::kFault, line,
         "The script that generates the user-data was passed instead of its output: on the machine it looks for "
         "files that are only on your computer.",
         "Run `tombolo up`: it runs the right script over SSH.", true});
    return true;
  }
  const bool booted = e.report && e.report->cloud_init != cloudinit::CloudInit::kUnknown &&
                      e.report->cloud_init != cloudinit::CloudInit::kRunning;
  const auto unhandled = line_with(logs, "Unhandled non-multipart");
  if (!unhandled.empty() || (e.report && e.report->user_data_bytes > 0 && !is_user_data(e.report->user_data_start))) {
    out.push_back(
        {"user-data-format", Severity::kFault,
         !unhandled.empty() ? unhandled : fmt::format("the user-data begins with \"{}\"", e.report->user_data_start),
         "cloud-init runs only what begins with #!, #cloud-config or a MIME header.",
         "Run `tombolo up`: it runs the bootstrap over SSH.", true});
    return true;
  }
  if (booted && !e.report->has_log && e.report->revision.empty()) {
    const bool empty = e.report->user_data_bytes == 0;
    const bool failed = e.report->cloud_init == cloudinit::CloudInit::kFailed;
    out.push_back({failed ? "cloud-init-failed" : "user-data-missing", Severity::kFault,
                   fmt::format("the machine has booted, and there is no {}{}", cloudinit::kLogFile,
                               failed ? ": " + e.report->cloud_init_errors : ""),
                   empty    ? "The machine was given no user-data."
                   : failed ? "cloud-init failed before it came to the bootstrap."
                            : "cloud-init did not run the user-data.",
                   "Run `tombolo up`: it runs the bootstrap over SSH.", true});
    return true;
  }
  return false;
}

}  // namespace

void look_at_boot(const Evidence& e, std::vector<Finding>& out) {
  const auto logs = all_logs(e);
  if (look_at_user_data(e, logs, out) || !e.report) return;
  const auto* failed = e.report->bootstrap.failed();
  if (!failed || e.report->running) return;
  const auto symptom = [&](const std::string& line) {
    return fmt::format("phase {} failed: {}", failed->name, line.empty() ? failed->detail : line);
  };
  if (const auto line = line_with(logs, "has SHA-256"); failed->name == "artefacts" && !line.empty())
    out.push_back(
        {"artefact-checksum", Severity::kFault, symptom(line),
         "The mirror or somebody on the way delivers another file than the one that was checked.",
         "Correct the mirror, or give the hash of your own build as bootstrap.checksums.nebula; then `tombolo up`.",
         false});
  else if (failed->name == "artefacts")
    out.push_back(
        {"artefact-unreachable", Severity::kFault, symptom(line_with(logs, "curl: (")),
         "The machine cannot download Nebula: no route to the mirror, or it is down.",
         "Check bootstrap.mirror from the machine (`tombolo ssh lighthouse -- curl -I URL`); then `tombolo up`.",
         true});
  else if (failed->name == "certificate")
    out.push_back({"certificate-refused", Severity::kFault,
                   symptom(!e.report->bootstrap.log.empty() ? e.report->bootstrap.log.back() : ""),
                   "The certificate on the machine is another authority's, for another key, or not valid now.",
                   "Run `tombolo up`: it delivers the right one.", true});
  else
    out.push_back({"bootstrap-failed", Severity::kFault,
                   symptom(!e.report->bootstrap.log.empty() ? e.report->bootstrap.log.back() : ""),
                   "The log names the command that failed.",
                   "Look at `tombolo logs lighthouse`, mend it, run `tombolo up`.", true});
}

}  // namespace tombolo::doctor
