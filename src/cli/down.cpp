// tombolo down: remove everything, and prove it.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/plan_text.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cluster/receipt.hpp"

namespace tombolo::cli {
namespace {

void print_receipt(Console& console, const cluster::Receipt& receipt) {
  auto& out = console.out;
  out << "\nReceipt\n  Searched " << fmt::format("{}", fmt::join(receipt.regions, ", ")) << " for "
      << fmt::format("{}", fmt::join(receipt.searched, ", "))
      << ",\n  by the tag tombolo:cluster and by the journal.\n";
  if (receipt.removed.empty())
    out << "  Removed nothing: there was nothing.\n";
  else {
    out << "  Removed " << receipt.removed.size() << ":\n";
    Table table({"", "", ""});
    for (const auto& r : receipt.removed) table.add({r.address, r.id, r.region});
    out << table.render(4);
  }
  if (!receipt.left.empty()) {
    out << "  Left " << receipt.left.size() << ":\n";
    for (const auto& l : receipt.left)
      out << "    " << l.what << " " << l.id << " in " << l.region << (l.billable ? " (costs money)" : "")
          << (l.reason.empty() ? "" : ": " + printable(l.reason)) << "\n";
  }
  for (const auto& k : receipt.kept) out << "  Kept on this machine: " << k << "\n";
  out << paint(fmt::format("  Billable resources left: {}\n", receipt.billable()),
               receipt.zero() ? Colour::kGreen : Colour::kRed, console.colour);
}

Result<Exit> dry_run(Invocation& call, cluster::Session& session) {
  const auto plans = TRY(cluster::plan_down(session, call.stop));
  engine::Json json = codec::JsonObject{};
  for (const auto& [region, plan] : plans) {
    if (call.console.json)
      json.as_object()[region] = engine::to_json(plan);
    else
      call.console.out << region << ":\n"
                       << (plan.empty() ? "  Nothing there.\n" : plan_text(plan, call.console.colour));
  }
  if (call.console.json) call.console.print(json);
  return Exit::kDone;
}

Result<Exit> run_down(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto runtime = TRY(make_runtime(call));
  Progress progress(call.console);
  const bool dry = call.args.flag("--dry-run");
  const auto session = TRY(runtime->open(file.cluster, dry ? cluster::Access::kLook : cluster::Access::kChange, "down",
                                         call.console.json ? nullptr : &progress, true));
  if (dry) return dry_run(call, *session);
  if (!call.args.flag("--yes")) {
    const auto plans = TRY(cluster::plan_down(*session, call.stop));
    bool anything = false;
    for (const auto& [region, plan] : plans) {
      anything = anything || !plan.empty();
      if (!plan.empty() && !call.console.json)
        call.console.out << region << ":\n" << plan_text(plan, call.console.colour);
    }
    if (anything &&
        !TRY(confirm(call.console, fmt::format("Remove all of this of the cluster {}?", file.cluster.name), "--yes")))
      return fail(Code::kCancelled, "nothing was removed");
  }
  const auto receipt = TRY([&] {
    const auto drawing =
        call.console.terminal && !call.console.json ? keep_redrawing(progress, runtime->clock()) : std::jthread();
    return cluster::down(*session, call.stop);
  }());
  if (call.console.json)
    call.console.print(cluster::to_json(receipt));
  else
    print_receipt(call.console, receipt);
  if (receipt.cancelled)
    return fail(Code::kCancelled, "stopped before everything was gone", "Run `tombolo down` again.");
  if (!receipt.zero())
    return fail(Code::kDependency, fmt::format("{} resource(s) could not be removed", receipt.left.size()),
                "The receipt says what blocks each; run `tombolo down` again afterwards.");
  return Exit::kDone;
}

}  // namespace

Command make_down() {
  Command command;
  command.path = "down";
  command.summary = "Remove everything and prove that nothing billable is left";
  command.description =
      "Works from the tags and from the journal, with either one lost, on half-made and never-made clusters. Searches "
      "the cluster "
      "file's region and every region the journal has ever named, and ends with a receipt of what was searched, "
      "removed and left. "
      "The exit code is 0 only when nothing is left.\n\n"
      "Certificates, the CA's key and the SSH key stay in the state folder.";
  command.example = "tombolo down\ntombolo down --dry-run\ntombolo down --yes -o json";
  command.options = {{"-y,--yes", "", "Do not ask before removing"},
                     {"--dry-run", "", "Show what would be removed and stop"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.prints_data = true;
  command.run = run_down;
  return command;
}

}  // namespace tombolo::cli
