#include "cluster/members.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/told.hpp"
#include "engine/observe.hpp"

namespace tombolo::cluster {

namespace {

void ask_lighthouse(Session& session, const MachineRecord& record, MemberStatus& status, const std::stop_token& stop) {
  status.seen_from = "here";
  auto request = probe_request(session.cluster(), session.folder(), record.address, session.clock().now());
  if (!request) {
    status.trouble = request.error().sentence();
    return;
  }
  request->patience = std::chrono::seconds(3);
  const auto probe = session.options().prober.probe(*request, stop);
  if (!probe)
    status.trouble = probe.error().sentence();
  else if (probe->reached())
    status.round_trip = probe->echoes.front()->round_trip;
  else
    status.trouble = probe->trouble;
}

void fill_in(MemberStatus& status, const cloudinit::MachineReport& report) {
  for (const auto& h : report.handshakes)
    if (h.member == status.name) status.handshake_age = std::max(report.time - h.at, Duration::zero());
  if (status.role == spec::Role::kLighthouse) return;
  status.seen_from = "lighthouse";
  for (const auto& ping : report.pings)
    if (ping.address == status.address.text()) status.round_trip = ping.round_trip;
  if (!status.round_trip)
    status.trouble = status.handshake_age ? "no answer; it has been here before" : "never seen by the lighthouse";
}

}  // namespace

Result<MeshStatus> look_at_members(Session& session, const std::stop_token& stop) {
  MeshStatus out;
  cloudinit::ReportRequest request;
  for (const auto& member : session.cluster().mesh.members) {
    MemberStatus status{member.name, member.role, member.address, "", {}, {}, ""};
    if (member.role == spec::Role::kHome || member.role == spec::Role::kOperator)
      request.ping.push_back(member.address.text());
    out.members.push_back(std::move(status));
  }
  const auto record = TRY(session.lighthouse()->record());
  if (!record) {
    for (auto& status : out.members) status.trouble = "the lighthouse was never reached from here";
    return out;
  }
  Result<cloudinit::MachineReport> report = fail(Code::kInternal, "not asked");
  const auto lighthouse = std::find_if(out.members.begin(), out.members.end(),
                                       [](const auto& m) { return m.role == spec::Role::kLighthouse; });
  engine::in_parallel(session.clock(),
                      {[&] { report = session.lighthouse()->report(request, std::chrono::seconds(8), stop); },
                       [&] { ask_lighthouse(session, *record, *lighthouse, stop); }});
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking; nothing was changed");
  for (auto& status : out.members) {
    if (report) fill_in(status, *report);
    if (!report && status.role != spec::Role::kLighthouse)
      status.trouble = "the lighthouse cannot be asked: " + report.error().sentence();
    if (status.role == spec::Role::kWorker && !status.round_trip) status.trouble = "comes and goes with its pool";
  }
  if (report) out.report = std::move(*report);
  return out;
}

}  // namespace tombolo::cluster
