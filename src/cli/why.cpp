// tombolo why: one chain from what you see to its cause, and what mends it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/runtime.hpp"
#include "cli/table.hpp"
#include "cluster/members.hpp"
#include "liqo/why.hpp"

namespace tombolo::cli {
namespace {

using liqo::Subject;

constexpr int kWordColumn = 8;  // "  cause " and the like

Result<liqo::Question> question_of(const Arguments& args) {
  auto what = args.argument(0), name = args.argument(1);
  const auto name_space = args.value("--namespace");
  if (what.empty())
    return fail(Code::kBadInput, "nothing was asked",
                "`tombolo why POD`, `tombolo why node`, or `tombolo why peering`.");
  const auto slash = what.find('/');
  const auto before = slash == what.npos ? "" : what.substr(0, slash);
  if (before == "pod" || before == "pods" || before == "node" || before == "nodes") {
    name = what.substr(slash + 1);
    what = before;
    if (name.empty()) return fail(Code::kBadInput, what + "/ names nothing", "`tombolo why POD`, for example.");
  }
  if (what == "peering") return liqo::Question{Subject::kPeering, "", ""};
  if (what == "node" || what == "nodes") return liqo::Question{Subject::kNode, "", name};
  if (what == "pod" || what == "pods") {
    if (name.empty()) return fail(Code::kBadInput, "which pod?", "`tombolo why POD -n NAMESPACE`.");
    return liqo::Question{Subject::kPod, name_space, name};
  }
  if (!name.empty())
    return fail(Code::kBadInput, fmt::format("one thing at a time: {} or {}", what, name),
                "`tombolo why POD -n NAMESPACE`.");
  if (slash != what.npos) return liqo::Question{Subject::kPod, before, what.substr(slash + 1)};
  return liqo::Question{Subject::kPod, name_space, what};
}

std::string title(const liqo::Question& q) {
  if (q.about == Subject::kPod) return fmt::format("pod {}/{}", q.name_space, q.name);
  if (q.about == Subject::kNode) return q.name.empty() ? "the virtual node" : "node " + q.name;
  return "the peering";
}

void print_lines(std::ostream& out, const std::string& text, int indent, int columns, std::string_view word = "") {
  const auto lines = wrap(printable(text), std::max(columns - indent, 40));
  for (std::size_t i = 0; i < lines.size(); ++i)
    out << (i == 0 ? pad_right(word, indent) : std::string(static_cast<std::size_t>(indent), ' ')) << lines[i] << "\n";
}

void print_advice(Console& console, const std::string& cause, const std::string& fix) {
  print_lines(console.out, cause, kWordColumn, console.columns, "  cause");
  if (!fix.empty()) print_lines(console.out, fix, kWordColumn, console.columns, "  fix");
}

void print_what_was_looked_at(Console& console, const liqo::Evidence& e, bool all) {
  for (const auto& [side, name] : {std::pair(&e.home, "home"), std::pair(&e.cloud, "the cloud")}) {
    if (!side->silent.empty()) console.out << fmt::format("Not asked: {} ({}).\n", name, printable(side->silent));
    if (side->silent.empty())
      for (const auto& [kind, why] : side->unread)
        console.out << fmt::format("Not read: {} of {} ({}).\n", kind, name, printable(why));
  }
  if (all) console.out << fmt::format("Looked at: {}.\n", fmt::join(e.looked, "; "));
}

void print(Console& console, const liqo::Evidence& e, const liqo::Explanation& why) {
  auto& out = console.out;
  const auto colour = why.fine ? Colour::kGreen : Colour::kRed;
  out << title(e.question) << ": " << paint(why.id, colour, console.colour) << "\n";
  int indent = 2;
  for (const auto& link : why.chain) {
    print_lines(out, link.seen, indent, console.columns);
    print_lines(out, "(" + link.where + ")", indent, console.columns);
    indent = std::min(indent + 2, 12);
  }
  print_advice(console, why.cause, why.fix);
  print_what_was_looked_at(console, e, !why.explained);
}

codec::Json to_json(const liqo::Evidence& e, const liqo::Explanation& why) {
  codec::JsonArray chain, unread, looked(e.looked.begin(), e.looked.end());
  for (const auto& link : why.chain) chain.push_back({{"seen", link.seen}, {"where", link.where}});
  for (const auto& [side, name] : {std::pair(&e.home, "home"), std::pair(&e.cloud, "cloud")}) {
    if (!side->silent.empty()) unread.push_back({{"where", name}, {"what", "API server"}, {"why", side->silent}});
    for (const auto& [kind, reason] : side->unread)
      unread.push_back({{"where", name}, {"what", kind}, {"why", reason}});
  }
  const auto& q = e.question;
  const auto about = q.about == Subject::kPod ? "pod" : q.about == Subject::kNode ? "node" : "peering";
  return {{"question", {{"about", about}, {"namespace", q.name_space}, {"name", q.name}}},
          {"id", why.id},
          {"fine", why.fine},
          {"explained", why.explained},
          {"chain", std::move(chain)},
          {"cause", why.cause},
          {"fix", why.fix},
          {"looked", std::move(looked)},
          {"unread", std::move(unread)}};
}

// What was pasted needs no cluster: whoever has the text may not even have the cluster file.
Result<Exit> explain_text(Invocation& call, std::string text) {
  if (text == "-") text.assign(std::istreambuf_iterator<char>(call.console.in), {});
  const auto advice = liqo::advice_for_text(text);
  if (!advice)
    return fail(Code::kNotFound, "nothing in this text is known",
                "Ask for what you see in the cluster instead: `tombolo why POD`, `tombolo why peering`.");
  if (call.console.json) {
    call.console.print({{"id", advice->id}, {"cause", advice->cause}, {"fix", advice->fix}});
    return Exit::kDone;
  }
  call.console.out << advice->id << "\n";
  print_advice(call.console, advice->cause, advice->fix);
  return Exit::kDone;
}

// Only where home says that the cloud is gone, and the cloud answers us, does the mesh decide between causes.
Result<> ask_mesh(cluster::Session& session, liqo::Evidence& e, const std::stop_token& stop) {
  const auto* seen = e.home.find("ForeignCluster", e.cloud_id);
  const auto state = seen ? kube::condition_of(*seen, "APIServerStatus") : std::nullopt;
  if (!e.cloud.silent.empty() || !state || state->status == "Established") return {};
  for (const auto& member : TRY(cluster::look_at_members(session, stop)).members)
    if (member.role == spec::Role::kHome) {
      e.mesh_trouble = member.trouble;
      return {};
    }
  return {};
}

Result<liqo::Evidence> look(Invocation& call, const spec::Cluster& cluster, const liqo::Question& question) {
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(cluster, cluster::Access::kLook, "why", nullptr, true));
  if (!session->has_clusters())
    return fail(Code::kUnsupported, "this cluster has no Kubernetes in the cloud",
                "cloud.kubernetes.distribution in the cluster file is none.");
  auto& kubernetes = session->kubernetes();
  auto* home = TRY(kubernetes.home(call.stop));
  const auto cloud = kubernetes.cloud(call.stop);
  auto e = TRY(liqo::gather(question, *home, {cloud ? *cloud : nullptr, cloud ? "" : cloud.error().sentence()},
                            {cluster::cloud_cluster_id(cluster), session->options().kubernetes_transport}, call.stop));
  TRY(ask_mesh(*session, e, call.stop));
  return e;
}

Result<Exit> run_why(Invocation& call) {
  if (call.args.given("--text")) return explain_text(call, call.args.value("--text"));
  if (call.args.argument(0) == "-") return explain_text(call, "-");
  const auto question = TRY(question_of(call.args));
  const auto file = TRY(load_cluster_file(call));
  const auto evidence = TRY(look(call, file.cluster, question));
  const auto why = liqo::explain(evidence);
  if (call.console.json)
    call.console.print(to_json(evidence, why));
  else
    print(call.console, evidence, why);
  return why.explained && evidence.home.silent.empty() ? Exit::kDone : Exit::kFailed;
}

}  // namespace

Command make_why() {
  Command command;
  command.path = "why";
  command.summary = "Explain why a pod, the virtual node or the peering is as it is";
  command.description =
      "Reads both clusters, dials what the cloud advertises as Liqo at home does, and tells one chain from what you "
      "see to "
      "the cause, where each link was read, and what mends it: docs/why.md lists all causes. Changes nothing. The "
      "cloud "
      "need not answer.\n\n"
      "A text that Liqo, liqoctl or Kubernetes printed can be asked about without any cluster: --text, or - to read it "
      "from standard input.\n\n"
      "Exit code 0 when there is an explanation or nothing is wrong, 1 when home could not be asked or nothing "
      "explains it.";
  command.example =
      "tombolo why trainer-0 -n work\ntombolo why work/trainer-0\ntombolo why node\ntombolo why peering -o json\n"
      "tombolo why --text 'failed getting quota'\nliqoctl info 2>&1 | tombolo why -";
  command.options = {{"-n,--namespace", "NAME", "Namespace of the pod", "default"},
                     {"--text", "TEXT", "Explain this text instead; - reads it from standard input"}};
  for (auto& option : aws_options()) command.options.push_back(option);
  command.arguments = {{"WHAT", "A pod (POD, pod/NAME, NAMESPACE/POD), node, or peering; - reads a text", false},
                       {"NAME", "Of the node or pod, after the word node or pod", false}};
  command.prints_data = true;
  command.run = run_why;
  return command;
}

}  // namespace tombolo::cli
