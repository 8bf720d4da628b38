// A whole run of the program in this process: the simulated site, virtual time, a state folder of its own, and the places
// where the process may die.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>

#include "base/virtual_clock.hpp"
#include "cluster/operate.hpp"
#include "cluster/receipt.hpp"
#include "sim/machines.hpp"
#include "sim/site.hpp"

namespace tombolo::campaign {

struct Crash : std::runtime_error {
  Crash() : std::runtime_error("the process died here") {}
};

class Lab {
 public:
  explicit Lab(std::uint64_t seed, sim::Options options = {});
  ~Lab();

  VirtualClock& clock() { return clock_; }
  sim::Site& site() { return site_; }
  const std::string& folder() const { return folder_; }
  spec::Cluster cluster;  // the recipe's; may be changed between runs
  bool wait_for_bootstrap = true;
  bool simulated_vault = true;  // the CA key is backed up beside the site; false: where the cluster file says
  std::function<void(const std::string& where)>
      point;  // called at every point where the process may die; may throw Crash
  engine::EventSink events;

  // One run of the program each. Crash passes through.
  Result<cluster::UpReport> up(std::set<engine::Address> recreate = {}, std::stop_token stop = {});
  Result<engine::Plan> plan();
  Result<cluster::Receipt> down(std::stop_token stop = {});
  void lose_journal();
  // As a command by hand has it; not beside a run.
  Result<std::unique_ptr<cluster::Session>> session() { return open(cluster::Access::kLook, "test"); }

  // Nothing when there is exactly one of everything and nothing else; what is wrong otherwise.
  std::string fault_of_up();
  std::string fault_of_down();
  int status_at(const std::string& side, const std::string& path);  // of a GET: 200, 404; 0 when nobody answers
  int status_at_home(const std::string& path) { return status_at("home", path); }
  codec::Json object_at_home(const std::string& path);
  // What `up` would do, by address; what stays as it is is left out. Nothing when there can be no plan.
  std::map<std::string, engine::Action> to_do();

 private:
  class Line;  // what lies between program and site
  class Wire;
  net::Response get(const std::string& side, const std::string& path);
  Result<std::unique_ptr<cluster::Session>> open(cluster::Access access, std::string_view command);

  std::uint64_t seed_;
  VirtualClock clock_;
  sim::Site site_;
  sim::Machines machines_;
  std::string folder_;
  std::unique_ptr<Line> line_;
};

// examples/recipe.yaml, with SSH allowed from the caller.
spec::Cluster recipe();

}  // namespace tombolo::campaign
