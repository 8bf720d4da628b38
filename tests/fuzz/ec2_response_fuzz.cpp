// Answers of a broken or hostile service: every typed call ends, and makes up nothing that it must not.
#include <cstdint>
#include <cstdlib>

#include "aws/ec2.hpp"
#include "aws/quotas.hpp"
#include "aws/ssm.hpp"
#include "aws/sts.hpp"
#include "base/virtual_clock.hpp"

namespace {

using namespace tombolo;

// Says the same to every request.
class Parrot final : public net::Transport {
 public:
  explicit Parrot(std::string body) : body_(std::move(body)) {}
  Result<net::Response> send(const net::Request&, const std::stop_token&) override {
    return net::Response{200, {}, body_};
  }

 private:
  std::string body_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  VirtualClock clock{Time{}};
  Parrot parrot(std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  aws::ClientConfig config;
  config.environment = {};
  config.region = "us-west-2";
  config.retry.attempts = 1;
  const aws::Credentials keys{"A", Secret<std::string>("s"), {}, {}, ""};
  aws::Client client(clock, parrot, aws::CredentialStore::fixed(clock, keys), config);
  aws::Ec2 ec2(client);
  const aws::CallOptions options;
  switch (data[0] % 16) {
    case 0: (void)ec2.vpcs({}, options); break;
    case 1: (void)ec2.subnets({}, options); break;
    case 2: (void)ec2.zones(options); break;
    case 3: (void)ec2.interfaces({}, options); break;
    case 4: (void)ec2.security_groups({}, options); break;
    case 5: (void)ec2.instances({}, options); break;
    case 6: (void)ec2.volumes({}, options); break;
    case 7: (void)ec2.addresses({}, options); break;
    case 8: (void)ec2.key_pairs({}, options); break;
    case 9: (void)ec2.images({"amazon"}, {}, options); break;
    case 10: (void)ec2.console_output(aws::InstanceId("i-1"), true, options); break;
    case 11: (void)ec2.instance_types({"t3.small"}, options); break;
    case 12: {
      const auto started = ec2.run_instances({}, "", options);
      if (started && started->id.empty()) std::abort();
      break;
    }
    case 13: {
      const auto address = ec2.allocate_address({}, options);
      if (address && (address->id.empty() || address->ip.empty())) std::abort();
      break;
    }
    case 14: (void)aws::service_quota(client, "L-1", options); break;
    default: (void)aws::get_parameter(client, "/x", options); break;
  }
  return 0;
}
