// Walks through every call of our AWS client against whatever AWS the environment names, as a user's machine would: real
// clock, libcurl, the credentials chain. Prints one JSON line with what it saw; test_aws_client.py reads it.
// Never connects to a machine it launches: fakes hand out addresses of strangers.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "aws/image.hpp"
#include "aws/quotas.hpp"
#include "aws/ssm.hpp"
#include "aws/sts.hpp"
#include "net/curl_transport.hpp"

namespace {

using namespace tombolo;

// Waits until `done` says so, at the pace of the engine's own polls.
template <class Done>
Result<> wait_until(Clock& clock, const char* what, Done done) {
  for (int i = 0; i < 100; ++i) {
    if (TRY(done())) return {};
    clock.sleep_for(std::chrono::milliseconds(50), {});
  }
  return fail(Code::kTimeout, what);
}

Result<codec::Json> walk(aws::Client& client, Clock& clock, const std::string& public_key) {
  const aws::CallOptions fresh{{}, std::chrono::seconds(1)};
  aws::Ec2 ec2(client);
  codec::JsonObject seen;
  const aws::Tags tags{{"tombolo:cluster", "probe"}, {"odd", "a b&c=d+\xc3\xa9<>\"'"}};
  const aws::Filters ours{{"tag:tombolo:cluster", {"probe"}}};

  seen["account"] = TRY(aws::caller_identity(client, fresh)).account;
  const auto vpcs = TRY(ec2.vpcs({{"is-default", {"true"}}}, fresh));
  if (vpcs.empty()) return fail(Code::kNotFound, "no default VPC");
  const auto image = TRY(aws::amazon_linux_image(ec2, "x86_64", fresh));
  seen["image"] = image.name;
  seen["searched"] = TRY(ec2.images({"amazon"}, {{"name", {"al2023-ami-2023*-kernel-6.1-x86_64"}}}, fresh)).size();
  const auto offered = TRY(ec2.type_offerings({"t3.small"}, fresh));
  if (offered.empty()) return fail(Code::kNotFound, "t3.small is not offered");
  seen["zones"] = offered.size();
  seen["vcpus"] = TRY(ec2.instance_types({"t3.small"}, fresh)).at(0).vcpus;
  seen["subnets"] = TRY(ec2.subnets({{"vpc-id", {vpcs[0].id.text()}}}, fresh)).size();

  const auto group = TRY(ec2.create_security_group("probe", "a probe", vpcs[0].id, tags, fresh));
  const std::vector<aws::Rule> rules{{"udp", 4242, 4242, "0.0.0.0/0", "Nebula"},
                                     {"tcp", 22, 22, "192.0.2.1/32", "SSH"}};
  TRY(ec2.authorize_ingress(group, rules, fresh));
  const auto twice = ec2.authorize_ingress(group, {rules[0]}, fresh);
  seen["rule_twice"] = twice ? "" : std::string(name(twice.error().code()));
  const auto again = ec2.create_security_group("probe", "a probe", vpcs[0].id, tags, fresh);
  seen["group_twice"] = again ? "" : std::string(name(again.error().code()));
  auto described = TRY(ec2.security_groups({{"group-id", {group.text()}}}, fresh)).at(0);
  std::ranges::sort(described.ingress);
  auto wanted = rules;
  std::ranges::sort(wanted);
  seen["rules_as_written"] = described.ingress == wanted;
  seen["tags_as_written"] = described.tags == tags;

  const auto key = TRY(ec2.import_key_pair("probe", public_key, tags, fresh));
  seen["fingerprint"] = key.fingerprint;
  const auto address = TRY(ec2.allocate_address(tags, fresh));

  aws::Launch launch;
  launch.image = image.id;
  launch.type = "t3.small";
  launch.zone = offered.front().zone;
  launch.groups = {group};
  launch.key_name = "probe";
  launch.token = aws::ClientToken("probe-token-1");
  launch.root_device = image.root_device;
  launch.tags = tags;
  const auto parameters = aws::run_instances_parameters(launch);
  const std::string user_data = "#!/bin/sh\n" + std::string(16000, '#');
  seen["may_run"] = ec2.may_run_instances(parameters, user_data, fresh).has_value();
  const auto first = TRY(ec2.run_instances(parameters, user_data, fresh));
  seen["same_machine"] = TRY(ec2.run_instances(parameters, user_data, fresh)).id == first.id;
  launch.disk_gib = 30;
  const auto mismatch = ec2.run_instances(aws::run_instances_parameters(launch), user_data, fresh);
  seen["other_parameters"] = mismatch ? "" : std::string(name(mismatch.error().code()));
  const aws::Filters this_one{{"instance-id", {first.id.text()}}};
  TRY(wait_until(clock, "running", [&]() -> Result<bool> {
    const auto found = TRY(ec2.instances(this_one, fresh));
    return !found.empty() && found[0].state == "running";
  }));
  const auto association = TRY(ec2.associate_address(address.id, first.id, fresh));
  const auto running = TRY(ec2.instances(this_one, fresh)).at(0);
  seen["http_tokens"] = running.http_tokens;
  seen["groups_as_written"] = running.groups == launch.groups;
  seen["user_data_as_written"] = TRY(ec2.user_data(first.id, fresh)) == user_data;
  const auto volume = TRY(ec2.volumes({{"volume-id", {running.root_volume.text()}}}, fresh)).at(0);
  seen["volume"] = fmt::format("{} {} {}", volume.type, volume.size_gib, volume.encrypted);
  seen["console"] = ec2.console_output(first.id, true, fresh).has_value();
  const auto busy = ec2.delete_security_group(group, fresh);
  seen["group_in_use"] = busy ? "" : std::string(name(busy.error().code()));
  seen["quota"] = TRY(aws::service_quota(client, "L-1216C47A", fresh));
  TRY(aws::put_secret_parameter(client, "/tombolo/probe", Secret<std::string>("a secret"), tags, false, fresh));
  seen["parameter"] = TRY(aws::get_secret_parameter(client, "/tombolo/probe", fresh)).expose();
  TRY(aws::delete_parameter(client, "/tombolo/probe", fresh));

  const aws::CallOptions later;
  (void)TRY(ec2.terminate_instances({first.id}, later));
  TRY(wait_until(clock, "terminated", [&]() -> Result<bool> {
    const auto found = TRY(ec2.instances(this_one, later));
    return found.empty() || found[0].state == "terminated";
  }));
  const auto spent = ec2.run_instances(parameters, user_data, later);
  seen["token_spent"] = spent ? "" : std::string(name(spent.error().code()));
  if (const auto freed = ec2.disassociate_address(association, later);
      !freed && freed.error().code() != Code::kNotFound)
    return fail(freed.error());
  TRY(ec2.release_address(address.id, later));
  TRY(ec2.delete_key_pair("probe", later));
  TRY(wait_until(clock, "the group's end", [&]() -> Result<bool> {
    const auto gone = ec2.delete_security_group(group, later);
    if (!gone && gone.error().code() != Code::kDependency && gone.error().code() != Code::kNotFound)
      return fail(gone.error());
    return gone || gone.error().code() == Code::kNotFound;
  }));
  const auto missing = ec2.delete_security_group(group, later);
  seen["group_gone"] = missing ? "" : std::string(name(missing.error().code()));
  std::size_t left = TRY(ec2.addresses(ours, later)).size() + TRY(ec2.key_pairs(ours, later)).size() +
                     TRY(ec2.security_groups(ours, later)).size();
  for (const auto& instance : TRY(ec2.instances(ours, later))) left += !instance.gone();
  seen["left"] = left;
  return codec::Json(std::move(seen));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: aws_probe REGION OPENSSH-PUBLIC-KEY\n", stderr), 2;
  RealClock clock;
  net::CurlTransport transport(net::curl_options_from_environment());
  aws::ClientConfig config;
  config.region = argv[1];
  aws::ChainOptions chain;
  chain.environment = config.environment;
  aws::Client client(clock, transport, aws::CredentialStore::chain(clock, transport, chain), config);
  auto seen = walk(client, clock, argv[2]);
  if (!seen) return std::fprintf(stderr, "%s\n", seen.error().text().c_str()), 1;
  auto& object = seen->as_object();
  object["calls"] = client.statistics().calls;
  object["retries"] = client.statistics().retries;
  object["connections"] = transport.connections_opened();
  std::puts(codec::to_text(*seen).c_str());
  return 0;
}
