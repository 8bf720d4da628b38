// How long a fresh `up` takes in virtual time with realistic latencies, beside its critical path: the least any order of the
// same work could take, because each piece of it needs the one before. The recipe's own order is printed for comparison:
// one call after the other, and waiters that look every 15 seconds, as the aws CLI's do.
//
//   critical path = looking (as measured: every lookup at once, the slowest chain counts)
//                 + quota + CreateSecurityGroup + reading it + its rules
//                 + RunInstances + the machine's own time from launch to its Nebula key
//                 + asking for the key and sending the certificate + the machine's own time until it is through
//                 + asking once more + a packet over the mesh + reading the console once
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "campaign/lab.hpp"
#include "cloudinit/report.hpp"

namespace {

using namespace tombolo;
using Seconds = std::chrono::duration<double>;

struct Timed {
  std::string action;
  Time begun, ended;
  Duration took() const { return ended - begun; }
};

// Asking takes as long as delivering, but for the second that a machine at work may keep the one who asks.
const std::string kDeliver(cloudinit::kDeliverCommand);

// Every call with its beginning and end, through the lab's own hook.
struct Log {
  std::map<std::string, std::vector<Time>> open;
  std::vector<Timed> calls;
  void note(const std::string& where, Time now) {
    const auto blank = where.find(' ');
    const auto action = where.substr(blank + 1);
    if (where.starts_with("before "))
      open[action].push_back(now);
    else if (where.starts_with("after ") && !open[action].empty()) {
      calls.push_back({action, open[action].front(), now});
      open[action].erase(open[action].begin());
    }
  }
  // The first call of that action that begins at `from` or later.
  const Timed* first(const std::string& action, Time from) const {
    const Timed* best = nullptr;
    for (const auto& c : calls)
      if ((c.action == action || c.action == "Action=" + action) && c.begun >= from && (!best || c.begun < best->begun))
        best = &c;
    return best;
  }
};

struct Measured {
  Duration up{}, critical{}, recipe{};
};

Duration took(const Timed* call) { return call ? call->took() : Duration{}; }

Measured measure(std::uint64_t seed) {
  campaign::Lab lab(seed);
  // As far as the mesh: what follows is judged on real clusters (tests/e2e).
  lab.cluster.kubernetes.distribution = spec::Distribution::kNone;
  Log log;
  lab.point = [&](const std::string& where) {
    if (where.find("writing") == std::string::npos) log.note(where, lab.clock().now());
  };
  const auto begun = lab.clock().now();
  const auto report = lab.up();
  if (!report || !report->applied.ok()) throw std::runtime_error("the up failed");
  // The last plan of `up`, which proves that nothing is left, looks at the world once more: it is part of neither figure.
  Time done = begun;
  for (const auto& c : log.calls)
    if (!c.action.starts_with("Action=Describe") && c.action.starts_with("Action=")) done = std::max(done, c.ended);
  Measured out;
  out.up = done - begun;
  const auto* group = log.first("CreateSecurityGroup", begun);
  const auto* run = log.first("RunInstances", begun);
  const auto* quota = log.first("AllocateAddress", begun);
  const Duration looking = std::min(group->begun, quota->begun) - begun;  // the quota's call is the last of it
  // The machine's own time, from the simulated site's settings: four phases to its key, all seven with the certificate.
  const auto machine = lab.site().live_instances()[0];
  const auto times = lab.site().options().times;
  const Duration machine_time = machine.running_since + times.boot + 11 * times.phase - run->ended;
  const auto shell = [&](const std::string& command) { return took(log.first(command, run->ended)); };
  out.critical = looking + group->took() + took(log.first("DescribeSecurityGroups", group->ended)) +
                 took(log.first("AuthorizeSecurityGroupIngress", group->ended)) + run->took() + machine_time +
                 4 * shell(kDeliver) + took(log.first("GetConsoleOutput", run->ended));
  // The recipe: the same calls one after the other; running and ssh are looked for every 15 s.
  Duration calls{};
  for (const auto& name :
       {"DescribeVpcs", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupIngress",
        "ImportKeyPair", "DescribeImages", "RunInstances", "AllocateAddress", "AssociateAddress"})
    calls += took(log.first(name, begun));
  const auto waited = std::chrono::ceil<std::chrono::seconds>(Seconds(machine_time) / 15.0).count() * 15s;
  out.recipe = calls + waited;
  return out;
}

}  // namespace

int main() {
  fmt::print("{:>5}  {:>9}  {:>13}  {:>6}  {:>9}\n", "seed", "up", "critical path", "ratio", "recipe");
  double worst = 0, sum = 0;
  constexpr int kRuns = 20;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const auto m = measure(seed);
    const double ratio = Seconds(m.up) / Seconds(m.critical);
    worst = std::max(worst, ratio);
    sum += ratio;
    fmt::print("{:>5}  {:>7.1f} s  {:>11.1f} s  {:>6.3f}  {:>7.1f} s\n", seed, Seconds(m.up).count(),
               Seconds(m.critical).count(), ratio, Seconds(m.recipe).count());
  }
  fmt::print("mean ratio {:.3f}, worst {:.3f}\n", sum / kRuns, worst);
  return worst <= 1.05 ? 0 : 1;
}
