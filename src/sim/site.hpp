// The simulated site: an AWS and two Kubernetes clusters in this process, strict where the real ones are strict and slow where
// they are slow.
//
// Mount it as a net::Transport beside a VirtualClock (a whole `up` in milliseconds), or behind an HTTP server
// (cli/sim_serve.cpp) for programs that are not ours. Both go through answer(): request and time in, reply out.
// Signatures are checked; the keys are kAccessKeyId and kSecretAccessKey of settings.hpp unless others are added.
// Not simulated: S3, Pricing, IAM, packets, and what a machine does beyond its bootstrap (machines.hpp).
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "codec/json.hpp"
#include "net/transport.hpp"
#include "sim/settings.hpp"
#include "sim/state.hpp"

namespace tombolo::sim {

struct World;
struct MachineView;

// An answer and how it travels.
struct Reply {
  net::Response response;
  Duration latency{};  // from request to answer
  bool cut = false;  // the connection breaks instead; the response is not sent
};

// One thing that costs money while it exists.
struct Billable {
  std::string region;
  std::string kind;  // "instance", "address", "volume", "spot request"
  std::string id;
  Tags tags;
};

class Site final : public net::Transport {
 public:
  explicit Site(Clock& clock, Options options = {});
  ~Site() override;

  // The in-process mount. Hosts: *.amazonaws.com and Options::endpoint, home.simulated and cloud.simulated (kubernetes.hpp);
  // another one is kUnreachable, and so is the cloud's API server until a lighthouse has brought it up.
  // Sleeps on the clock for half the latency before and half after the call is carried out.
  Result<net::Response> send(const net::Request& request, const std::stop_token& stop) override;

  // The core: carries the call out at the clock's present time; sleeps never. Any host but the two clusters' is taken for AWS.
  Reply answer(const net::Request& request);
  net::Response handle(const net::Request& request) { return answer(request).response; }

  // Told of every call before it is carried out, one at a time: memory.hpp keeps them to play them again. Reads of the clusters
  // change nothing, and are not told.
  void on_call(std::function<void(Time, const net::Request&)> witness);

  // Weather.
  void add_fault(Fault fault);
  void clear_faults();
  void refuse(const std::string& action, const std::string& code, int status, int times = 1);
  void lose_answer(const std::string& action, int times = 1);  // carried out, then the connection is cut
  void cut(const std::string& action, int times = 1);  // cut before it is carried out
  void set_options(const Options& options);  // all but the seed take effect at once
  Options options() const;
  void add_shortage(Shortage shortage);
  void clear_shortages();
  void doom_launches(Doom doom);

  // The account.
  void add_access_key(AccessKey key);
  void remove_access_key(const std::string& id);
  void deny(const std::string& action);  // UnauthorizedOperation with an encoded message
  void allow(const std::string& action);
  void set_quota(const std::string& region, const std::string& code, double value);  // "L-1216C47A"
  void remove_default_vpc(const std::string& region);
  void remove_images(const std::string& region);
  void set_parameter(const std::string& region, const std::string& name, const std::string& value);  // SSM

  // The machines and the neighbours.
  void set_user_data(const std::string& instance_id, const std::string& text);  // as if it had been launched with it
  void set_console(const std::string& instance_id, const std::string& text);
  // Files laid on a machine over SSH ("": none of that kind), after which its bootstrap runs again.
  void deliver(const std::string& instance_id, const std::string& script, const std::string& certificate_pem);
  // What machines.hpp sees of a machine, at the clock's present time; nothing when nobody has that public address.
  std::optional<MachineView> machine_at(const std::string& public_address) const;
  // Whether the machine with that public address gets an answer from a member at home.
  bool answers_in_mesh(const std::string& public_address, const std::string& mesh_address) const;
  // Names of the home cluster's nodes, before anybody has asked it anything.
  void set_home_nodes(const std::vector<std::string>& names);
  void interrupt_spot(const std::string& instance_id);
  // Somebody else's network interface in this group: it cannot be deleted while that lives. Returns its id.
  std::string add_foreign_interface(const std::string& region, const std::string& group_id);
  void remove_interface(const std::string& region, const std::string& interface_id);

  // What there is now, over all regions, in order of creation within each.
  std::vector<Instance> instances() const;  // terminated ones too, until they are forgotten
  std::vector<Instance> live_instances() const;  // not terminated, not shutting down
  std::vector<ElasticAddress> addresses() const;
  std::vector<SecurityGroup> security_groups() const;  // without the VPC's own "default" groups
  std::vector<KeyPair> key_pairs() const;
  std::vector<Volume> volumes() const;
  std::vector<Interface> interfaces() const;
  std::vector<Billable> billable() const;
  std::vector<CallRecord> calls() const;
  void clear_calls();
  void reset();  // everything as it was constructed

 private:
  Reply take_delivery(const net::Request& request);
  void tell_machines(const std::string& path, const codec::Json& what);

  std::unique_ptr<World> world_;
};

}  // namespace tombolo::sim
