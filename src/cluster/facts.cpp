#include "cluster/facts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aws/prices.hpp"
#include "aws/quotas.hpp"
#include "aws/sts.hpp"
#include "engine/observe.hpp"
#include "spec/address_plan.hpp"

namespace tombolo::cluster {

namespace {

constexpr std::string_view kCheckIp = "https://checkip.amazonaws.com/";

Result<aws::Vpc> default_vpc(Cloud& cloud, const aws::CallOptions& options) {
  auto found = TRY(cloud.ec2.vpcs({{"isDefault", {"true"}}}, options));
  if (!found.empty()) return found.front();
  return fail(Code::kNotFound, fmt::format("the account has no default VPC in {}", cloud.client.region()),
              fmt::format("Make one with `aws ec2 create-default-vpc --region {}`, or choose another region.",
                          cloud.client.region()));
}

Result<std::vector<aws::Zone>> zones(const spec::Cluster& cluster, Cloud& cloud, const aws::CallOptions& options) {
  const auto& type = cluster.lighthouse.instance_type;
  std::vector<aws::Zone> offered;
  for (const auto& o : TRY(cloud.ec2.type_offerings({type}, options))) offered.push_back(o.zone);
  std::sort(offered.begin(), offered.end());
  if (cluster.lighthouse.zones.empty()) {
    if (!offered.empty()) return offered;
    return fail(Code::kNotFound, fmt::format("no zone of {} offers the instance type {}", cluster.region, type),
                "Correct lighthouse.instanceType, or choose another region.");
  }
  std::vector<aws::Zone> out;
  for (const auto& wanted : cluster.lighthouse.zones)
    if (std::find(offered.begin(), offered.end(), aws::Zone(wanted)) != offered.end()) out.emplace_back(wanted);
  if (!out.empty()) return out;
  return fail(Code::kNotFound, fmt::format("none of lighthouse.zones offers the instance type {}", type),
              offered.empty() ? "Choose another lighthouse.instanceType or region."
                              : fmt::format("Zones that do: {}.", fmt::join(offered, ", ")));
}

}  // namespace

Result<std::string> caller_address(net::Transport& transport, const std::stop_token& stop) {
  const auto hint = "Write your public address into lighthouse.sshAllowedFrom, such as 198.51.100.7/32.";
  net::Request request;
  request.url = std::string(kCheckIp);
  request.timeout = 10s;
  auto answer = transport.send(request, stop);
  if (!answer)
    return fail(
        Error(answer.error()).context("asking checkip.amazonaws.com for this machine's public address").hint(hint));
  auto text = answer->body;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  const auto address = codec::Address::parse(text);
  if (answer->status != 200 || !address)
    return fail(Code::kNotFound, "checkip.amazonaws.com did not tell this machine's public address", hint);
  return address->text();
}

Result<Facts> look_up(const spec::Cluster& cluster, Cloud& cloud, net::Transport& transport, Clock& clock,
                      const std::stop_token& stop) {
  const aws::CallOptions options{stop, {}};
  Result<aws::CallerIdentity> caller = fail(Code::kInternal, "not asked");
  Result<aws::Vpc> vpc = fail(Code::kInternal, "not asked");
  Result<aws::Image> image = fail(Code::kInternal, "not asked");
  Result<std::vector<aws::Zone>> offered = fail(Code::kInternal, "not asked");
  Result<std::string> address = std::string();
  std::vector<std::function<void()>> tasks{
      [&] { caller = aws::caller_identity(cloud.client, options); }, [&] { vpc = default_vpc(cloud, options); },
      [&] {
        image = cluster.lighthouse.image.empty()
                    ? aws::amazon_linux_image(cloud.ec2, cluster.lighthouse.architecture, options)
                    : aws::image_by_id(cloud.ec2, aws::ImageId(cluster.lighthouse.image), options);
      },
      [&] { offered = zones(cluster, cloud, options); }};
  if (cluster.lighthouse.ssh_allowed_from == "caller")
    tasks.push_back([&] { address = caller_address(transport, stop); });
  engine::in_parallel(clock, tasks);
  // Who we are comes first: without credentials every other failure is only noise.
  const auto who = TRY(context(std::move(caller), "asking AWS who we are"));
  Facts facts{who.account,
              who.arn,
              TRY(std::move(vpc)),
              TRY(std::move(image)),
              TRY(std::move(offered)),
              TRY(std::move(address))};
  if (auto cidr = codec::Cidr::parse(facts.vpc.cidr)) TRY(spec::check_vpc(cluster, *cidr));
  return facts;
}

Result<> check_quota(const spec::Cluster& cluster, Cloud& cloud, const std::stop_token& stop) {
  const auto& type = cluster.lighthouse.instance_type;
  const auto* facts = aws::type_facts(type);
  const auto code = aws::vcpu_quota_code(type, false);
  if (!facts || code.empty()) return {};
  const auto value = aws::service_quota(cloud.client, std::string(code), {stop, {}});
  if (!value || *value >= facts->vcpus) return {};
  return fail(Code::kQuota,
              fmt::format("the account may run {:g} vCPUs of \"{}\" in {}, and {} needs {}", *value,
                          aws::quota_name(code), cluster.region, type, facts->vcpus),
              fmt::format("Ask for more: {}", aws::quota_command(code, facts->vcpus, cluster.region)));
}

}  // namespace tombolo::cluster
