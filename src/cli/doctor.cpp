// tombolo doctor: what is wrong, why, and what to do about it.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/report.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cluster/operate.hpp"
#include "doctor/findings.hpp"
#include "doctor/gather.hpp"

namespace tombolo::cli {
namespace {

using doctor::Finding;

codec::Json to_json(const std::vector<Finding>& findings, const doctor::Evidence& evidence, bool fixed) {
  codec::JsonArray list, looked, unseen;
  for (const auto& f : findings)
    list.push_back({{"id", f.id},
                    {"severity", f.severity == doctor::Severity::kFault ? "fault" : "warning"},
                    {"symptom", f.symptom},
                    {"cause", f.cause},
                    {"fix", f.fix},
                    {"fixable", f.fixable}});
  for (const auto& what : evidence.looked) looked.push_back(codec::Json(what));
  for (const auto& u : evidence.unseen) unseen.push_back({{"what", u.what}, {"why", u.why}});
  return {
      {"findings", std::move(list)}, {"looked", std::move(looked)}, {"unseen", std::move(unseen)}, {"fixed", fixed}};
}

void print(Console& console, const std::vector<Finding>& findings, const doctor::Evidence& evidence) {
  auto& out = console.out;
  for (const auto& f : findings) {
    const bool fault = f.severity == doctor::Severity::kFault;
    out << paint(fault ? "fault" : "warning", fault ? Colour::kRed : Colour::kYellow, console.colour) << "  " << f.id
        << "\n";
    for (const auto& [word, text] :
         {std::pair("seen", f.symptom), std::pair("cause", f.cause), std::pair("fix", f.fix)}) {
      const auto lines = wrap(printable(text), std::max(console.columns - 9, 40));
      for (std::size_t i = 0; i < lines.size(); ++i) out << fmt::format("  {:<6} {}\n", i == 0 ? word : "", lines[i]);
    }
    out << "\n";
  }
  for (const auto& u : evidence.unseen) out << fmt::format("Not seen: {} ({}).\n", u.what, printable(u.why));
  out << fmt::format("Looked at: {}.\n", fmt::join(evidence.looked, "; "));
  if (findings.empty()) out << "Nothing is wrong with what was seen.\n";
}

// What `up` would do anyway is the safe repair: it changes only what is ours and writes it down.
Result<> mend(Invocation& call, Runtime& runtime, const spec::Cluster& cluster) {
  Progress progress(call.console);
  const auto session = TRY(runtime.open(cluster, cluster::Access::kChange, "doctor --fix", &progress, true));
  auto planned = TRY(cluster::make_plan(*session, {}, call.stop));
  const auto done = TRY(cluster::up(*session, std::move(planned), call.stop));
  for (const auto& error : done.applied.errors()) report(call.console, error);
  if (!done.applied.ok()) return fail(Code::kBroken, "not everything could be mended");
  return {};
}

Result<Exit> run_doctor(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  const auto look = [&]() -> Result<doctor::Evidence> {
    const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "doctor", nullptr, true));
    return doctor::gather(*session, call.stop);
  };
  auto evidence = TRY(look());
  auto findings = doctor::findings(evidence);
  bool fixed = false;
  const auto fixable = [](const Finding& f) { return f.fixable; };
  if (call.args.flag("--fix") && std::any_of(findings.begin(), findings.end(), fixable)) {
    if (!call.console.json) {
      print(call.console, findings, evidence);
      call.console.out << "\nMending what `tombolo up` mends:\n";
    }
    TRY(mend(call, *runtime, file.cluster));
    fixed = true;
    evidence = TRY(look());
    findings = doctor::findings(evidence);
    if (!call.console.json) call.console.out << "\n";
  }
  if (call.console.json)
    call.console.print(to_json(findings, evidence, fixed));
  else
    print(call.console, findings, evidence);
  const bool faults = std::any_of(findings.begin(), findings.end(),
                                  [](const auto& f) { return f.severity == doctor::Severity::kFault; });
  return faults ? Exit::kFailed : Exit::kDone;
}

}  // namespace

Command make_doctor() {
  Command command;
  command.path = "doctor";
  command.summary = "Find out what is wrong, why, and what to do";
  command.description =
      "Looks at AWS, the machine's boot, SSH, Nebula, the mesh, certificates and clocks, and names causes, not their "
      "echoes: docs/doctor.md lists all of them. Changes nothing without --fix. Exit code 1 when there is a fault.\n\n"
      "--fix carries out what `tombolo up` would: it opens the security group as the file says, brings the elastic "
      "address "
      "back, runs the bootstrap again, delivers certificates, starts Nebula. What needs a decision is left to you.";
  command.example = "tombolo doctor\ntombolo doctor --fix\ntombolo doctor -o json";
  command.options = {{"--fix", "", "Mend what can be mended safely, then look again"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_doctor;
  return command;
}

}  // namespace tombolo::cli
