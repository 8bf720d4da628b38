// tombolo logs: what the lighthouse wrote down about its boot and its mesh.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cloudinit/cloudinit.hpp"

namespace tombolo::cli {
namespace {

std::string command_for(const Arguments& args) {
  const auto lines = args.value("--lines");
  const bool follow = args.flag("--follow");
  if (args.flag("--nebula"))
    return fmt::format("sudo -n journalctl --unit nebula.service --output short-iso --no-pager --lines {}{}", lines,
                       follow ? " --follow" : "");
  const auto file = args.flag("--cloud-init") ? "/var/log/cloud-init-output.log" : std::string(cloudinit::kLogFile);
  return fmt::format("sudo -n tail --lines {}{} {}", lines, follow ? " --follow=name --retry" : "", file);
}

// What AWS shows of the machine, which needs no way into it.
Result<Exit> console_text(Invocation& call, cluster::Session& session, const std::string& instance) {
  auto& cloud = *session.region(session.cluster().region).cloud;
  auto console = cloud.ec2.console_output(aws::InstanceId(instance), true, {call.stop, {}});
  if (!console && console.error().code() == Code::kUnsupported)
    console = cloud.ec2.console_output(aws::InstanceId(instance), false, {call.stop, {}});
  if (!console) return fail(console.error());
  if (console->text.empty())
    return fail(Code::kState, fmt::format("AWS has no console output of {} yet", instance),
                "It appears about a minute after the boot.");
  call.console.out << printable(console->text) << (console->text.ends_with('\n') ? "" : "\n");
  return Exit::kDone;
}

Result<Exit> run_logs(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const int lines = std::atoi(call.args.value("--lines").c_str());
  if (lines < 1 || lines > 1'000'000) return fail(Code::kBadInput, "--lines takes a number from 1 to 1000000");
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "logs", nullptr, true));
  if (call.args.flag("--console")) {
    const auto known = session->state().find({std::string(cluster::kInstanceKind), "lighthouse"});
    if (known == session->state().end() || known->second.id.empty())
      return fail(Code::kNotFound, "there is no lighthouse", "Run `tombolo up` first.");
    return console_text(call, *session, known->second.id);
  }
  auto* shell = TRY(context(session->lighthouse()->shell(std::chrono::seconds(10), call.stop),
                            "reaching the lighthouse (`tombolo logs lighthouse --console` needs no SSH)"));
  const auto sink = [&](std::string_view piece, bool is_error) {
    auto& out = is_error ? call.console.err : call.console.out;
    out << piece << std::flush;
    return static_cast<bool>(out);
  };
  const auto status = shell->stream(command_for(call.args), sink, call.stop);
  if (!status && status.error().code() == Code::kCancelled && call.args.flag("--follow")) return Exit::kDone;
  if (!status) return fail(status.error());
  return *status == 0 ? Exit::kDone : Exit::kFailed;
}

}  // namespace

Command make_logs() {
  Command command;
  command.path = "logs";
  command.summary = "Show the lighthouse's logs";
  command.description =
      "The bootstrap's log unless another one is asked for. --console shows what AWS has of the machine's console and "
      "needs no SSH: it is the way to see a machine that does not answer. Here -f means --follow, as with tail and "
      "kubectl; "
      "another cluster file is named with --file.";
  command.example = "tombolo logs lighthouse\ntombolo logs lighthouse --nebula -f\ntombolo logs lighthouse --console";
  command.arguments = {{"MACHINE", "Which machine", true, false, {"lighthouse"}}};
  command.options = {{"--bootstrap", "", "The bootstrap's own log (the default)"},
                     {"--cloud-init", "", "What cloud-init's modules printed"},
                     {"--nebula", "", "The journal of Nebula's unit"},
                     {"--console", "", "The machine's console, as AWS shows it"},
                     {"-f,--follow", "", "Go on with what is written from now on, until Ctrl-C"},
                     {"-n,--lines", "N", "How many of the last lines", "200", {}, false}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.run = run_logs;
  return command;
}

}  // namespace tombolo::cli
