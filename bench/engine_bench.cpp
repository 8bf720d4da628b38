// Planning: how it grows with the number of workers, for a fresh cluster and for one where nothing changes.
// PeakRSS is that of the whole process, wishes and world included.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "cluster/kinds.hpp"
#include "engine/plan.hpp"

namespace {

using namespace tombolo;

// Of the process so far, in bytes.
double peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

std::vector<engine::Wish> workers(int count) {
  std::vector<engine::Wish> out;
  out.push_back({{"aws.security_group", "workers"}, {{"name", "homelab-workers"}}, {}});
  for (int i = 0; i < count; ++i)
    out.push_back({{"aws.instance", fmt::format("worker-{}", i)},
                   {{"type", "g6.xlarge"},
                    {"image", "ami-0123456789abcdef0"},
                    {"zones", codec::JsonArray{"us-west-2a", "us-west-2b"}},
                    {"group", engine::reference({"aws.security_group", "workers"}, "id")},
                    {"metadataTokens", "required"},
                    {"diskGiB", 100}},
                   {{"aws.security_group", "workers"}}});
  return out;
}

std::vector<engine::Observed> world_of(const std::vector<engine::Wish>& wishes) {
  std::vector<engine::Observed> out;
  for (const auto& w : wishes)
    out.push_back({w.address,
                   "i-" + w.address.name,
                   1,
                   "us-west-2",
                   engine::Status::kReady,
                   "",
                   engine::resolve(w.inputs,
                                   [](const auto&) -> const engine::Json* {
                                     static const engine::Json group{{"id", "i-workers"}};
                                     return &group;
                                   }),
                   {{"id", "i-" + w.address.name}}});
  return out;
}

class InstanceLike final : public engine::Kind {
 public:
  explicit InstanceLike(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool repeatable() const override { return true; }
  Result<std::vector<engine::Observed>> observe(const engine::Call&) override {
    return std::vector<engine::Observed>{};
  }
  Result<std::optional<engine::Json>> prepare(const engine::Wish&, std::int64_t, int) const override {
    return std::nullopt;
  }
  engine::Step create(const engine::Intent&, const engine::Call&) override { return engine::Done{}; }
  engine::Step converge(const engine::Wish&, const engine::Current&, const engine::Call&) override {
    return engine::Done{};
  }
  engine::Step remove(const engine::Current&, const engine::Call&) override { return engine::Done{}; }

 private:
  std::string name_;
};

const engine::Kinds kKinds{std::make_shared<InstanceLike>("aws.security_group"),
                           std::make_shared<InstanceLike>("aws.instance")};

void plan_of_fresh(benchmark::State& state) {
  const auto wishes = workers(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    auto plan = engine::make_plan(wishes, {}, {}, kKinds);
    benchmark::DoNotOptimize(plan);
  }
  state.counters["PeakRSS"] =
      benchmark::Counter(peak_resident_bytes(), benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
  state.SetComplexityN(state.range(0));
}

void plan_of_unchanged(benchmark::State& state) {
  const auto wishes = workers(static_cast<int>(state.range(0)));
  const auto world = world_of(wishes);
  for (auto _ : state) {
    auto plan = engine::make_plan(wishes, world, {}, kKinds);
    if (!plan || !plan->empty()) state.SkipWithError("the plan is not empty");
  }
  state.counters["PeakRSS"] =
      benchmark::Counter(peak_resident_bytes(), benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
  state.SetComplexityN(state.range(0));
}

BENCHMARK(plan_of_fresh)
    ->RangeMultiplier(10)
    ->Range(100, 10'000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);
BENCHMARK(plan_of_unchanged)
    ->RangeMultiplier(10)
    ->Range(100, 10'000)
    ->Unit(benchmark::kMillisecond)
    ->Complexity(benchmark::oN);

}  // namespace
