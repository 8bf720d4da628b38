#include "cluster/operate.hpp"

#include <fmt/format.h>

#include "cluster/home_gate.hpp"
#include "engine/observe.hpp"

namespace tombolo::cluster {

namespace {

using engine::Action;
using engine::Observed;

// AWS as the journal last saw it.
std::vector<Observed> remembered(const engine::State& state, const engine::Kinds& local) {
  std::vector<Observed> out;
  for (const auto& [address, record] : state)
    if (!record.id.empty() && !engine::find(local, address.kind))
      out.push_back({address, record.id, record.generation, record.region, engine::Status::kReady, "", record.inputs,
                     record.outputs});
  return out;
}

Result<> check_region(const Session& session) {
  for (const auto& [address, record] : session.state())
    if (!record.region.empty() && record.region != session.cluster().region && (!record.id.empty() || record.creating))
      return fail(Code::kConflict,
                  fmt::format("the cluster file says region {}, but {} lives in {}", session.cluster().region,
                              address.text(), record.region),
                  "Run `tombolo down` first: it searches both regions. Then run `tombolo up` in the new one.");
  return {};
}

struct Looked {
  std::optional<Facts> facts;
  engine::Kinds kinds;
  std::vector<Observed> world;
};

Result<Looked> look(Session& session, bool offline, const std::stop_token& stop) {
  TRY(check_region(session));
  const auto local = session.local_kinds();
  auto& region = session.region(session.cluster().region);
  Looked out;
  out.kinds = local;
  out.kinds.insert(out.kinds.end(), region.kinds.begin(), region.kinds.end());
  if (session.options().wait_for_bootstrap) {
    const auto machines = session.machine_kinds();
    out.kinds.insert(out.kinds.end(), machines.begin(), machines.end());
    const auto clusters = session.cluster_kinds();
    out.kinds.insert(out.kinds.end(), clusters.begin(), clusters.end());
  }
  if (offline) {
    out.world = TRY(engine::observe(local, session.clock(), stop));
    const auto memory = remembered(session.state(), local);
    out.world.insert(out.world.end(), memory.begin(), memory.end());
    return out;
  }
  Result<Facts> facts = fail(Code::kInternal, "not asked");
  Result<std::vector<Observed>> world = fail(Code::kInternal, "not asked");
  engine::in_parallel(
      session.clock(),
      {[&] { facts = look_up(session.cluster(), *region.cloud, session.options().transport, session.clock(), stop); },
       [&] { world = engine::observe(out.kinds, session.clock(), stop); }});
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while looking; nothing was changed");
  out.facts = TRY(std::move(facts));
  out.world = TRY(std::move(world));
  return out;
}

bool launches(const engine::Plan& plan) {
  for (const auto& c : plan.changes)
    if (c.address.kind == kInstanceKind && (c.action == Action::kCreate || c.action == Action::kReplace)) return true;
  return false;
}

}  // namespace

Result<Planned> make_plan(Session& session, const PlanRequest& request, const std::stop_token& stop) {
  auto looked = TRY(look(session, request.offline, stop));
  const auto wishes = desired(session.cluster(), looked.facts,
                              {session.options().wait_for_bootstrap, session.has_clusters(), session.peers()});
  auto plan = TRY(engine::make_plan(wishes, looked.world, session.state(), looked.kinds,
                                    {request.recreate, false, session.clock().now()}));
  if (request.asks_home && !request.offline && session.has_clusters() && session.options().wait_for_bootstrap)
    if (auto trouble = home_trouble(session.cluster_desk(), home_work(plan), stop))
      plan.refusals.push_back(std::move(*trouble));
  return Planned{std::move(looked.facts), std::move(looked.kinds), std::move(plan)};
}

Result<UpReport> up(Session& session, Planned next, const std::stop_token& stop) {
  UpReport report;
  for (int round = 0; round < 3; ++round) {
    if (!next.plan.refusals.empty()) return fail(next.plan.refusals.front());
    if (launches(next.plan)) TRY(check_quota(session.cluster(), *session.region(session.cluster().region).cloud, stop));
    const bool changes = !next.plan.empty();
    report.changed = report.changed || changes;
    if (!changes && next.plan.count(Action::kAdopt) == 0) return report;
    auto applied =
        engine::apply(next.plan, session.surroundings(next.kinds, session.state()), stop, {8, session.options().seed});
    report.applied.cancelled = applied.cancelled;
    std::move(applied.operations.begin(), applied.operations.end(), std::back_inserter(report.applied.operations));
    if (!report.applied.ok() || report.applied.cancelled || !changes) {
      report.left = std::move(next.plan);
      if (!changes) report.left = {};
      return report;
    }
    next = TRY(make_plan(session, {.asks_home = false}, stop));
  }
  report.left = std::move(next.plan);
  return report;
}

Result<StatusReport> status(Session& session, const std::stop_token& stop) {
  auto looked = TRY(look(session, false, stop));
  const auto wishes = desired(session.cluster(), looked.facts,
                              {session.options().wait_for_bootstrap, session.has_clusters(), session.peers()});
  auto plan =
      TRY(engine::make_plan(wishes, looked.world, session.state(), looked.kinds, {{}, false, session.clock().now()}));
  return StatusReport{std::move(*looked.facts), std::move(plan), std::move(looked.world)};
}

}  // namespace tombolo::cluster
