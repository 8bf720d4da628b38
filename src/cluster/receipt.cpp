#include "cluster/receipt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/files.hpp"
#include "engine/observe.hpp"
#include "kube/objects.hpp"
#include "liqo/names.hpp"

namespace tombolo::cluster {

namespace {

// The records of one region: what lives elsewhere is not missing here.
engine::State records_in(const engine::State& state, const std::string& region) {
  engine::State out;
  for (const auto& [address, record] : state)
    if (record.region == region) out.emplace(address, record);
  return out;
}

constexpr auto kNamespacePatience = 90s;  // pods in it have half a minute to end
constexpr std::string_view kHome = "home";  // stands for a region in plans and receipts

// Records of what is in the home cluster.
engine::State records_at_home(const engine::State& state) {
  engine::State out;
  for (const auto& [address, record] : state)
    if ((address.name == kHome && (address.kind == kHomeNebulaKind || address.kind == kLiqoKind)) ||
        address.kind == kPeeringKind || address.kind == kOffloadingKind)
      out.emplace(address, record);
  return out;
}

// What is ours in the home cluster. One that cannot be asked matters only when something of ours is in it, as far as we know.
Result<engine::Plan> plan_home(Session& session, const std::stop_token& stop) {
  const auto kinds = session.home_kinds();
  const auto records = records_at_home(session.state());
  std::vector<engine::Observed> world;
  for (auto& o : TRY(engine::observe(kinds, session.clock(), stop)))
    if (o.attributes.is_object() || (records.contains(o.address) && o.status == engine::Status::kPending))
      world.push_back(std::move(o));
  return engine::make_plan({}, world, records, kinds, {{}, true, session.clock().now()});
}

// Whether anything of ours may be in the home cluster.
bool may_be_at_home(const Session& session) {
  for (const auto& [address, record] : records_at_home(session.state()))
    if (!record.id.empty() || record.creating || record.deleting) return true;
  return false;
}

// First, while the mesh still carries what home and the cloud have to say to each other.
Result<> clear_home(Session& session, Receipt& receipt, const std::stop_token& stop) {
  if (!session.has_clusters()) return {};
  const bool expected = may_be_at_home(session);
  const auto plan = plan_home(session, stop);
  if (!plan && !expected) return {};
  if (!plan) return fail(plan.error());
  receipt.home_searched = true;
  auto records = records_at_home(session.state());
  const auto report =
      engine::apply(*plan, session.surroundings(session.home_kinds(), records), stop, {8, session.options().seed});
  for (const auto& [address, record] : records) session.state()[address] = record;
  for (const auto& o : report.operations) {
    if (o.done && !o.id.empty() && o.action != "forget")
      receipt.removed.push_back({std::string(kHome), o.address.text(), o.id});
    if (o.error)
      receipt.left.push_back({std::string(kHome), o.address.text(), o.id, false,
                              o.error->text() + (o.error->hint().empty() ? "" : ". " + o.error->hint())});
  }
  receipt.cancelled = receipt.cancelled || report.cancelled || stop.stop_requested();
  return {};
}

// Of ours at home, on its way out or not; namespaces take their time.
Result<std::vector<Left>> left_at_home(Session& session, const std::stop_token& stop) {
  auto* home = TRY(session.kubernetes().home(stop));
  const auto& cluster = session.cluster();
  std::vector<Left> out;
  std::vector<std::string> marks{
      fmt::format("{}={},{}", liqo::kRemoteClusterId, cloud_cluster_id(cluster), liqo::kTenantNamespace)};
  // With GitOps the namespaces that carry our mark are GitOps' to remove.
  if (cluster.home.manage == spec::Manage::kApply) marks.push_back(fmt::format("{}={}", kClusterLabel, cluster.name));
  for (const auto& labels : marks)
    for (const auto& name_space : TRY(kube::list(*home, {{kube::kNamespaces, "", ""}, labels, "", 100}, stop))) {
      std::string why = kube::is_being_deleted(name_space) ? "on its way out" : "nobody has told it to go";
      for (const auto& c : kube::conditions_of(name_space))
        if (c.holds() && !c.message.empty()) why += "; " + c.message;
      out.push_back({std::string(kHome), "Namespace", kube::name_of(name_space), false, std::move(why)});
    }
  return out;
}

// `expected`: something of ours was there when `down` began; a home that nobody can ask matters only then.
void sweep_home(Session& session, bool expected, Receipt& receipt, const std::stop_token& stop) {
  const auto begun = session.clock().now();
  while (true) {
    auto left = left_at_home(session, stop);
    if (!left && !expected) return;
    if (!left) {
      receipt.left.push_back(
          {std::string(kHome), "Namespaces", "", false, "not looked for: " + left.error().sentence()});
      return;
    }
    if (!left->empty() && session.clock().now() - begun < kNamespacePatience && session.clock().sleep_for(200ms, stop))
      continue;
    std::move(left->begin(), left->end(), std::back_inserter(receipt.left));
    return;
  }
}

Result<engine::Plan> plan_region(Session& session, const std::string& name, const std::stop_token& stop) {
  auto& region = session.region(name);
  const auto world = TRY(engine::observe(region.kinds, session.clock(), stop));
  return engine::make_plan({}, world, records_in(session.state(), name), region.kinds,
                           {{}, true, session.clock().now()});
}

bool is_billable(std::string_view kind) { return kind == kInstanceKind || kind == kAddressKind || kind == kVolumeKind; }

// What is still there by our tags, attached disks included.
Result<std::vector<Left>> sweep(Session& session, const std::string& name, const std::stop_token& stop) {
  auto& region = session.region(name);
  std::vector<Left> out;
  for (const auto& o : TRY(engine::observe(region.kinds, session.clock(), stop)))
    out.push_back({name, o.address.text(), o.id, is_billable(o.address.kind), o.status_detail});
  for (const auto& v : TRY(region.cloud->ec2.volumes(ours(session.cluster().name), {stop, {}})))
    if (v.state != "available" && v.state != "deleting")
      out.push_back({name, "aws.volume/" + v.id.text(), v.id.text(), true, "a disk that is " + v.state});
  for (const auto& i : TRY(region.cloud->ec2.interfaces(ours(session.cluster().name), {stop, {}})))
    out.push_back({name, "network interface", i.id.text(), false, i.description});
  return out;
}

// Reads may show for a while what is gone already; what is left after AWS's consistency window is really left.
Result<std::vector<Left>> sweep_until_zero(Session& session, const std::string& region, const std::stop_token& stop) {
  const auto begun = session.clock().now();
  while (true) {
    auto left = TRY(sweep(session, region, stop));
    if (left.empty() || session.clock().now() - begun > engine::kConsistencyWindow) return left;
    if (!session.clock().sleep_for(2s, stop)) return left;
  }
}

void explain(std::vector<Left>& left, const engine::ApplyReport& report) {
  for (const auto& operation : report.operations) {
    if (!operation.error) continue;
    const auto same = [&](const Left& l) { return l.what == operation.address.text(); };
    if (auto it = std::find_if(left.begin(), left.end(), same); it != left.end())
      it->reason = operation.error->text() + (operation.error->hint().empty() ? "" : ". " + operation.error->hint());
  }
}

}  // namespace

int Receipt::billable() const {
  return static_cast<int>(std::count_if(left.begin(), left.end(), [](const Left& l) { return l.billable; }));
}

Result<std::map<std::string, engine::Plan>> plan_down(Session& session, const std::stop_token& stop) {
  std::map<std::string, engine::Plan> out;
  if (session.has_clusters()) out[std::string(kHome)] = TRY(plan_home(session, stop));
  for (const auto& region : TRY(session.regions_ever_used())) out[region] = TRY(plan_region(session, region, stop));
  return out;
}

Result<Receipt> down(Session& session, const std::stop_token& stop) {
  Receipt receipt;
  receipt.searched = {"instances", "disks", "elastic addresses", "network interfaces", "security groups", "key pairs"};
  const bool expected = may_be_at_home(session);
  TRY(clear_home(session, receipt, stop));
  for (const auto& name : TRY(session.regions_ever_used())) {
    if (receipt.cancelled) break;
    receipt.regions.push_back(name);
    auto& region = session.region(name);
    auto records = records_in(session.state(), name);
    const auto plan = TRY(plan_region(session, name, stop));
    auto report = engine::apply(plan, session.surroundings(region.kinds, records), stop, {8, session.options().seed});
    for (const auto& [address, record] : records) session.state()[address] = record;
    for (const auto& o : report.operations)
      if (o.done && !o.id.empty()) receipt.removed.push_back({name, o.address.text(), o.id});
    receipt.cancelled = receipt.cancelled || report.cancelled || stop.stop_requested();
    auto left =
        report.ok() && !receipt.cancelled ? TRY(sweep_until_zero(session, name, stop)) : TRY(sweep(session, name, {}));
    explain(left, report);
    std::move(left.begin(), left.end(), std::back_inserter(receipt.left));
    // What failed without leaving anything behind that our tags show (a settle that could not look) is not proven gone.
    for (const auto& o : report.operations)
      if (o.error && std::none_of(receipt.left.begin(), receipt.left.end(),
                                  [&](const Left& l) { return l.what == o.address.text(); }))
        receipt.left.push_back({name, o.address.text(), o.id, is_billable(o.address.kind), o.error->text()});
    if (receipt.cancelled) break;
  }
  if (receipt.home_searched && !receipt.cancelled) sweep_home(session, expected, receipt, stop);
  // The machine is gone: nobody shall be sent to its address any more.
  if (receipt.billable() == 0 && !receipt.cancelled) {
    if (session.has_clusters()) TRY(session.kubernetes().forget_cloud());
    TRY(session.lighthouse()->forget());
  }
  for (const auto* file : {"nebula", "ssh"})
    if (file_exists(session.folder().path() + "/" + file)) receipt.kept.push_back(session.folder().path() + "/" + file);
  TRY(session.write_down("receipt", to_json(receipt)));
  return receipt;
}

engine::Json to_json(const Receipt& receipt) {
  codec::JsonArray regions(receipt.regions.begin(), receipt.regions.end()),
      searched(receipt.searched.begin(), receipt.searched.end()), kept(receipt.kept.begin(), receipt.kept.end()),
      removed, left;
  for (const auto& r : receipt.removed) removed.push_back({{"region", r.region}, {"address", r.address}, {"id", r.id}});
  for (const auto& l : receipt.left)
    left.push_back(
        {{"region", l.region}, {"what", l.what}, {"id", l.id}, {"billable", l.billable}, {"reason", l.reason}});
  return {{"regions", std::move(regions)},  {"searched", std::move(searched)}, {"removed", std::move(removed)},
          {"left", std::move(left)},        {"kept", std::move(kept)},         {"homeSearched", receipt.home_searched},
          {"billable", receipt.billable()}, {"zero", receipt.zero()}};
}

}  // namespace tombolo::cluster
