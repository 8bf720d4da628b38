#include "sim/site.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/url.hpp"
#include "sim/instance_changes.hpp"
#include "sim/kube_clusters.hpp"
#include "sim/kubernetes.hpp"
#include "sim/machine_view.hpp"
#include "sim/service.hpp"
#include "sim/weather.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {
namespace {

// "ec2.us-east-1.amazonaws.com" names a region, "sts.amazonaws.com" does not; another region's name does not resolve.
bool resolves(const std::string& host) {
  constexpr std::string_view kDomain = ".amazonaws.com";
  if (!host.ends_with(kDomain)) return false;
  auto name = std::string_view(host).substr(0, host.size() - kDomain.size());
  auto dot = name.find('.');
  return dot == std::string_view::npos || known_region(name.substr(dot + 1));
}

// The machines' own side, beside AWS's.
constexpr std::string_view kMachineHost = "machines.simulated";
constexpr std::string_view kHomeNodes = "home-nodes";  // a path there

// The same list of every region, one after the other, as it is at the present time.
template <class T>
std::vector<T> everywhere(World& world, std::vector<T> Region::* list) {
  std::lock_guard guard(world.mutex);
  std::vector<T> all;
  auto now = world.clock.now();
  for (auto& [name, region] : world.regions) {
    let_time_pass(world, region, now);
    const auto& here = region.*list;
    all.insert(all.end(), here.begin(), here.end());
  }
  return all;
}

Instance* find_anywhere(World& world, const std::string& id) {
  for (auto& [name, region] : world.regions) {
    let_time_pass(world, region, world.clock.now());
    if (auto* instance = by_id(region.instances, id)) return instance;
  }
  return nullptr;
}

}  // namespace

Lifetimes Lifetimes::faster(double factor) const {
  Lifetimes out = *this;
  auto shrink = [&](Duration& d) { d = Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) / factor)); };
  for (auto* span : {&out.pending, &out.shutting_down, &out.stopping, &out.group_release, &out.quota_release}) {
    shrink(span->least);
    shrink(span->most);
  }
  for (auto* d : {&out.forgotten, &out.status_checks, &out.console_latest, &out.console_posted, &out.boot, &out.phase,
                  &out.pod_start, &out.pod_stop, &out.quota_decision, &out.stale_reads}) {
    shrink(*d);
  }
  return out;
}

Lifetimes Lifetimes::instant() {
  Lifetimes out = Lifetimes{}.faster(1e18);
  out.forgotten = 1h;  // a terminated machine can still be seen
  return out;
}

Site::Site(Clock& clock, Options options) : world_(std::make_unique<World>(clock, std::move(options))) {}
Site::~Site() = default;

Result<net::Response> Site::send(const net::Request& request, const std::stop_token& stop) {
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped before the request was sent");
  auto url = codec::parse_url(request.url);
  if (!url) return fail(url.error());
  auto& world = *world_;
  if (is_kube(request)) return send_kube(world, request, stop);
  auto in = read_request(request);
  Duration latency;
  {
    std::lock_guard guard(world.mutex);
    const auto& endpoint = world.options.endpoint;
    bool ours = resolves(url->host) || (!endpoint.empty() && request.url.starts_with(endpoint));
    if (!ours)
      return fail(Code::kUnreachable, fmt::format("cannot resolve {}", url->host),
                  "the simulated site has *.amazonaws.com, home.simulated and cloud.simulated");
    latency = latency_of(world, in.action);
  }
  auto there = std::min(latency / 2, request.timeout);
  if (!world.clock.sleep_for(there, stop))
    return fail(Code::kCancelled, fmt::format("stopped while asking {}", url->host));
  if (latency / 2 >= request.timeout)
    return fail(Code::kTransient, fmt::format("{} did not answer in {}", url->host, format_duration(request.timeout)));
  Reply reply;
  {
    std::lock_guard guard(world.mutex);
    reply = serve(world, request, in);
  }
  auto back = std::min(latency - there + reply.latency, request.timeout - there);
  if (!world.clock.sleep_for(back, stop))
    return fail(Code::kCancelled, fmt::format("stopped while waiting for {}", url->host));
  if (latency + reply.latency > request.timeout)
    return fail(Code::kTransient, fmt::format("{} did not answer in {}", url->host, format_duration(request.timeout)));
  if (reply.cut) return fail(Code::kTransient, fmt::format("{} closed the connection without an answer", url->host));
  return reply.response;
}

Reply Site::answer(const net::Request& request) {
  if (request.url.starts_with("http://" + std::string(kMachineHost) + "/")) return take_delivery(request);
  if (is_kube(request)) {
    std::lock_guard guard(world_->mutex);
    return serve_kube(*world_, request).value_or(Reply{{}, {}, true});
  }
  auto in = read_request(request);
  std::lock_guard guard(world_->mutex);
  auto reply = serve(*world_, request, in);
  reply.latency += latency_of(*world_, in.action);
  return reply;
}

Reply Site::take_delivery(const net::Request& request) {
  auto& world = *world_;
  std::lock_guard guard(world.mutex);
  if (world.witness) world.witness(world.clock.now(), request);
  const auto json = codec::parse_json(request.body);
  if (json && request.url.ends_with("/" + std::string(kHomeNodes))) {
    const auto* names = codec::find(*json, "nodes");
    for (const auto& name : names ? names->as_array() : codec::JsonArray())
      world.home_nodes.emplace_back(std::string_view(name.as_string()));
    return {{200, {}, ""}, {}, false};
  }
  auto* instance = find_anywhere(world, request.url.substr(request.url.rfind('/') + 1));
  if (!json || !instance) return {{404, {}, ""}, {}, false};
  instance->deliveries.push_back(
      {world.clock.now(), codec::text_at(*json, "script"), codec::text_at(*json, "certificate")});
  return {{200, {}, ""}, {}, false};
}

void Site::on_call(std::function<void(Time, const net::Request&)> witness) {
  std::lock_guard guard(world_->mutex);
  world_->witness = std::move(witness);
}

void Site::add_fault(Fault fault) {
  std::lock_guard guard(world_->mutex);
  world_->faults.push_back(std::move(fault));
}
void Site::clear_faults() {
  std::lock_guard guard(world_->mutex);
  world_->faults.clear();
}
void Site::refuse(const std::string& action, const std::string& code, int status, int times) {
  Fault fault;
  fault.action = action;
  fault.code = code;
  fault.status = status;
  fault.times = times;
  add_fault(fault);
}
void Site::lose_answer(const std::string& action, int times) {
  Fault fault;
  fault.action = action;
  fault.kind = Fault::Kind::kCutAfter;
  fault.times = times;
  add_fault(fault);
}
void Site::cut(const std::string& action, int times) {
  Fault fault;
  fault.action = action;
  fault.kind = Fault::Kind::kCutBefore;
  fault.times = times;
  add_fault(fault);
}
void Site::set_options(const Options& options) {
  std::lock_guard guard(world_->mutex);
  auto seed = world_->options.seed;
  world_->options = options;
  world_->options.seed = seed;
  ++world_->settings;
}
Options Site::options() const {
  std::lock_guard guard(world_->mutex);
  return world_->options;
}
void Site::add_shortage(Shortage shortage) {
  std::lock_guard guard(world_->mutex);
  world_->shortages.push_back(std::move(shortage));
}
void Site::clear_shortages() {
  std::lock_guard guard(world_->mutex);
  world_->shortages.clear();
}
void Site::doom_launches(Doom doom) {
  std::lock_guard guard(world_->mutex);
  world_->dooms.push_back(std::move(doom));
}

void Site::add_access_key(AccessKey key) {
  std::lock_guard guard(world_->mutex);
  world_->keys.insert_or_assign(key.id, key);
}
void Site::remove_access_key(const std::string& id) {
  std::lock_guard guard(world_->mutex);
  world_->keys.erase(id);
}
void Site::deny(const std::string& action) {
  std::lock_guard guard(world_->mutex);
  world_->denied.insert(action);
}
void Site::allow(const std::string& action) {
  std::lock_guard guard(world_->mutex);
  world_->denied.erase(action);
}
void Site::set_quota(const std::string& region, const std::string& code, double value) {
  std::lock_guard guard(world_->mutex);
  world_->region(region).quotas[code] = value;
}
void Site::remove_default_vpc(const std::string& name) {
  std::lock_guard guard(world_->mutex);
  auto& region = world_->region(name);
  auto gone = [&](const std::string& id) {
    return std::any_of(region.vpcs.begin(), region.vpcs.end(),
                       [&](const Vpc& vpc) { return vpc.is_default && vpc.id == id; });
  };
  std::erase_if(region.subnets, [&](const Subnet& subnet) { return gone(subnet.vpc_id); });
  std::erase_if(region.groups, [&](const SecurityGroup& group) { return gone(group.vpc_id); });
  std::erase_if(region.vpcs, [](const Vpc& vpc) { return vpc.is_default; });
}
void Site::remove_images(const std::string& name) {
  std::lock_guard guard(world_->mutex);
  auto& region = world_->region(name);
  region.images.clear();
  std::erase_if(region.parameters, [](const auto& each) { return each.first.starts_with("/aws/service/"); });
}
void Site::set_parameter(const std::string& region, const std::string& name, const std::string& value) {
  std::lock_guard guard(world_->mutex);
  world_->region(region).parameters[name].value = value;
}

void Site::set_user_data(const std::string& instance_id, const std::string& text) {
  std::lock_guard guard(world_->mutex);
  if (auto* instance = find_anywhere(*world_, instance_id)) instance->user_data = text;
}
void Site::set_console(const std::string& instance_id, const std::string& text) {
  std::lock_guard guard(world_->mutex);
  if (auto* instance = find_anywhere(*world_, instance_id)) instance->console = text;
}
// Told to the witness as a request to a host that is nobody's: memory.hpp plays it again like a call to AWS.
void Site::tell_machines(const std::string& path, const codec::Json& what) {
  net::Request request;
  request.method = "POST";
  request.url = "http://" + std::string(kMachineHost) + "/" + path;
  request.body = codec::to_text(what);
  answer(request);
}
void Site::deliver(const std::string& instance_id, const std::string& script, const std::string& certificate_pem) {
  tell_machines(instance_id, {{"script", script}, {"certificate", certificate_pem}});
}
void Site::set_home_nodes(const std::vector<std::string>& names) {
  {
    std::lock_guard guard(world_->mutex);
    if (world_->home_nodes == names || world_->kube.contains("home")) return;
  }
  tell_machines(std::string(kHomeNodes), {{"nodes", codec::JsonArray(names.begin(), names.end())}});
}
bool Site::answers_in_mesh(const std::string& public_address, const std::string& mesh_address) const {
  std::lock_guard guard(world_->mutex);
  return home_answers(*world_, public_address, mesh_address, world_->clock.now());
}

std::optional<MachineView> Site::machine_at(const std::string& public_address) const {
  auto& world = *world_;
  std::lock_guard guard(world.mutex);
  const auto now = world.clock.now();
  for (auto& [name, region] : world.regions) {
    let_time_pass(world, region, now);
    std::string id;
    for (const auto& address : region.addresses)
      if (address.public_ip == public_address) id = address.instance_id;
    for (const auto& instance : region.instances) {
      if (id.empty() ? instance.auto_public_ip != public_address : instance.id != id) continue;
      return view_machine(world, region, instance, now);
    }
  }
  return std::nullopt;
}
void Site::interrupt_spot(const std::string& instance_id) {
  std::lock_guard guard(world_->mutex);
  auto* instance = find_anywhere(*world_, instance_id);
  if (!instance || instance->spot_request_id.empty() || is_over(*instance)) return;
  begin_end(*world_, *instance, world_->clock.now(), "Server.SpotInstanceTermination",
            "Server.SpotInstanceTermination: Spot instance termination");
}
std::string Site::add_foreign_interface(const std::string& name, const std::string& group_id) {
  std::lock_guard guard(world_->mutex);
  auto& region = world_->region(name);
  Interface interface;
  interface.id = world_->random.id("eni-");
  interface.description = "ELB app/somebody-elses/0123456789abcdef";
  interface.requester = "amazon-elb";
  interface.groups = {group_id};
  interface.created = world_->clock.now();
  if (!region.subnets.empty()) {
    interface.subnet_id = region.subnets.front().id;
    interface.vpc_id = region.subnets.front().vpc_id;
    interface.zone = region.subnets.front().zone;
    interface.private_ip = "172.31.0.9";
  }
  region.interfaces.push_back(interface);
  return interface.id;
}
void Site::remove_interface(const std::string& region, const std::string& interface_id) {
  std::lock_guard guard(world_->mutex);
  std::erase_if(world_->region(region).interfaces, [&](const Interface& each) { return each.id == interface_id; });
}

std::vector<Instance> Site::instances() const { return everywhere(*world_, &Region::instances); }
std::vector<Instance> Site::live_instances() const {
  auto all = instances();
  std::erase_if(all, is_over);
  return all;
}
std::vector<ElasticAddress> Site::addresses() const { return everywhere(*world_, &Region::addresses); }
std::vector<SecurityGroup> Site::security_groups() const {
  auto all = everywhere(*world_, &Region::groups);
  std::erase_if(all, [](const SecurityGroup& group) { return group.name == "default"; });
  return all;
}
std::vector<KeyPair> Site::key_pairs() const { return everywhere(*world_, &Region::keys); }
std::vector<Volume> Site::volumes() const { return everywhere(*world_, &Region::volumes); }
std::vector<Interface> Site::interfaces() const { return everywhere(*world_, &Region::interfaces); }

std::vector<Billable> Site::billable() const {
  std::lock_guard guard(world_->mutex);
  std::vector<Billable> all;
  auto now = world_->clock.now();
  for (auto& [name, region] : world_->regions) {
    let_time_pass(*world_, region, now);
    for (const auto& each : region.instances) {
      if (!is_over(each)) all.push_back({name, "instance", each.id, each.tags});
    }
    for (const auto& each : region.addresses) all.push_back({name, "address", each.allocation_id, each.tags});
    for (const auto& each : region.volumes) all.push_back({name, "volume", each.id, each.tags});
  }
  return all;
}

std::vector<CallRecord> Site::calls() const {
  std::lock_guard guard(world_->mutex);
  return world_->calls;
}
void Site::clear_calls() {
  std::lock_guard guard(world_->mutex);
  world_->calls.clear();
}
void Site::reset() {
  std::lock_guard guard(world_->mutex);
  world_->clear();
}

}  // namespace tombolo::sim
