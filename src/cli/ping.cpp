// tombolo ping: a packet over the mesh, without being a member of it.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.hpp"
#include "cli/runtime.hpp"
#include "cluster/members.hpp"
#include "cluster/told.hpp"

namespace tombolo::cli {
namespace {

double milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

struct Answer {
  std::optional<Duration> round_trip;
  std::string trouble;
};

// From here, with a Nebula handshake of our own.
Answer ask_lighthouse(cluster::Session& session, const std::string& address, const std::stop_token& stop) {
  auto request = cluster::probe_request(session.cluster(), session.folder(), address, session.clock().now());
  if (!request) return {{}, request.error().sentence()};
  request->patience = std::chrono::seconds(3);
  const auto probe = session.options().prober.probe(*request, stop);
  if (!probe) return {{}, probe.error().sentence()};
  if (!probe->reached()) return {{}, probe->trouble + (probe->detail.empty() ? "" : ": " + probe->detail)};
  return {probe->echoes.front()->round_trip, ""};
}

// From the lighthouse, which is in the mesh with all of the operating system.
Answer ask_member(cluster::Session& session, const spec::Member& member, const std::stop_token& stop) {
  const auto report = session.lighthouse()->report({{member.address.text()}}, std::chrono::seconds(8), stop);
  if (!report) return {{}, "the lighthouse cannot be asked: " + report.error().sentence()};
  if (report->pings.empty() || !report->pings.front().round_trip) return {{}, "no answer within a second"};
  return {report->pings.front().round_trip, ""};
}

Result<Exit> run_ping(Invocation& call) {
  const auto file = TRY(load_cluster_file(call));
  const auto name = call.args.argument(0);
  const spec::Member* member = nullptr;
  std::string names;
  for (const auto& m : file.cluster.mesh.members) {
    if (m.name == name || m.address.text() == name) member = &m;
    names += (names.empty() ? "" : ", ") + m.name;
  }
  if (!member) return fail(Code::kBadInput, fmt::format("the mesh has no member {}", name), "It has: " + names + ".");
  const int count = std::stoi(call.args.value("--count"));
  const auto runtime = TRY(make_runtime(call));
  const auto session = TRY(runtime->open(file.cluster, cluster::Access::kLook, "ping", nullptr, true));
  const auto record = TRY(session->lighthouse()->record());
  if (!record) return fail(Code::kNotFound, "the lighthouse was never reached from here", "Run `tombolo up` first.");
  const bool here = member->role == spec::Role::kLighthouse;
  codec::JsonArray answers;
  int heard = 0;
  for (int i = 0; i < count && !call.stop.stop_requested(); ++i) {
    if (i > 0) runtime->clock().sleep_for(std::chrono::seconds(1), call.stop);
    const auto answer =
        here ? ask_lighthouse(*session, record->address, call.stop) : ask_member(*session, *member, call.stop);
    if (answer.round_trip) ++heard;
    answers.push_back(answer.round_trip ? codec::Json{{"milliseconds", milliseconds(*answer.round_trip)}}
                                        : codec::Json{{"trouble", answer.trouble}});
    if (!call.console.json)
      call.console.out << fmt::format("{} {} from {}: {}\n", member->name, member->address.text(),
                                      here ? "here" : "the lighthouse",
                                      answer.round_trip ? fmt::format("{:.1f} ms", milliseconds(*answer.round_trip))
                                                        : answer.trouble)
                       << std::flush;
  }
  if (call.console.json)
    call.console.print({{"member", member->name},
                        {"address", member->address.text()},
                        {"from", here ? "here" : "lighthouse"},
                        {"sent", answers.size()},
                        {"received", heard},
                        {"answers", std::move(answers)}});
  return heard > 0 ? Exit::kDone : Exit::kFailed;
}

}  // namespace

Command make_ping() {
  Command command;
  command.path = "ping";
  command.summary = "Send packets over the mesh and time the answers";
  command.description =
      "The lighthouse is asked from here: a Nebula handshake and an ICMP echo inside the tunnel, without root and "
      "without a network device. The other members are asked by the lighthouse. Exit code 1 when nobody answered.";
  command.example = "tombolo ping lighthouse\ntombolo ping talos-homelab --count 3";
  command.arguments = {{"MEMBER", "Name or mesh address of a member"}};
  command.options = {{"-c,--count", "N", "How many packets", "1", {}, false}};
  command.prints_data = true;
  command.run = run_ping;
  return command;
}

}  // namespace tombolo::cli
