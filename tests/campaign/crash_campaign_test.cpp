// The promise of the journal: die anywhere, in any weather, run again, and there is one of everything, or none of anything.
// TOMBOLO_CRASH_CASES sets how many cases (1,000 in ./check, 10,000 in bench/README.md), TOMBOLO_CRASH_SEED where they begin.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "campaign/lab.hpp"

namespace tombolo::campaign {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

enum class Scene { kFirstUp, kChange, kRecreate, kDown, kDownOfHalf };

struct Case {
  std::uint64_t seed;
  Scene scene;
  int crash_at;  // which point of the run in question
  int second_crash;  // and of the run after it; -1: none
  bool weather;  // lost answers, errors, slow and stale reads
  bool lose_journal;  // after the crash
};

// A first `up` has about as many points at which it can die.
constexpr int kPoints = 900;

Case draw(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<std::uint64_t>(n)); };
  Case c{seed, static_cast<Scene>(below(5)), below(kPoints), below(3) ? -1 : below(kPoints / 2), below(2) == 0, false};
  // Without its journal a run cannot know what it was about to make while reads are stale: only for clear weather.
  c.lose_journal = !c.weather && below(8) == 0;
  return c;
}

std::string text(const Case& c) {
  return fmt::format(
      "TOMBOLO_CRASH_SEED={} TOMBOLO_CRASH_CASES=1   # scene {}, dies at point {}, then at {}, weather {}, journal {}",
      c.seed, static_cast<int>(c.scene), c.crash_at, c.second_crash, c.weather, c.lose_journal ? "lost" : "kept");
}

void make_weather(Lab& lab, std::uint64_t seed) {
  std::mt19937_64 random(seed * 7 + 1);
  static const std::vector<std::string> kActions{"RunInstances",
                                                 "AllocateAddress",
                                                 "CreateSecurityGroup",
                                                 "ImportKeyPair",
                                                 "AssociateAddress",
                                                 "AuthorizeSecurityGroupIngress",
                                                 "TerminateInstances",
                                                 "ReleaseAddress",
                                                 "DeleteSecurityGroup",
                                                 "DescribeInstances",
                                                 "DescribeAddresses",
                                                 "CreateTags",
                                                 "GetConsoleOutput",
                                                 "patch namespaces",
                                                 "patch daemonsets.apps",
                                                 "patch secrets",
                                                 "patch configmaps",
                                                 "patch deployments.apps",
                                                 "patch customresourcedefinitions.apiextensions.k8s.io",
                                                 "delete namespaces",
                                                 "delete configmaps",
                                                 "list pods"};
  for (int i = 0; i < 6; ++i) {
    sim::Fault fault;
    fault.action = kActions[random() % kActions.size()];
    switch (random() % 5) {
      case 0: fault.kind = sim::Fault::Kind::kCutAfter; break;
      case 1: fault.kind = sim::Fault::Kind::kCutBefore; break;
      case 2: fault.kind = sim::Fault::Kind::kErrorAfter; break;
      case 3: fault.kind = sim::Fault::Kind::kHtml; break;
      default:
        fault.code = "RequestLimitExceeded";
        fault.status = 503;
        break;
    }
    fault.skip = static_cast<int>(random() % 3);
    lab.site().add_fault(fault);
  }
  auto options = lab.site().options();
  options.times.stale_reads = std::chrono::seconds(random() % 60);
  lab.site().set_options(options);
}

// Runs `action`, dying at point `at`. True when it died.
template <class Action>
bool dies(Lab& lab, int at, Action action) {
  int passed = 0;
  bool dead = false;
  lab.point = [&](const std::string&) {
    if (dead || passed++ == at) {
      dead = true;
      throw Crash();
    }
  };
  try {
    action();
  } catch (const Crash&) {}
  lab.point = {};
  return dead;
}

const engine::Address kLighthouse{"aws.instance", "lighthouse"};

// Runs the scene, dies in it, and finishes it. What is wrong in the end; nothing when all is well.
std::string play(const Case& c) {
  Lab lab(c.seed);
  const bool to_nothing = c.scene == Scene::kDown || c.scene == Scene::kDownOfHalf;
  if (c.scene != Scene::kFirstUp && c.scene != Scene::kDownOfHalf)
    if (auto made = lab.up(); !made || !made->applied.ok())
      return "the first up failed: " + (made ? "" : made.error().text());
  if (c.weather) make_weather(lab, c.seed);
  if (c.scene == Scene::kChange) lab.cluster.lighthouse.instance_type = "t3.medium";
  bool first = true;
  const auto once = [&] {
    const bool recreate = c.scene == Scene::kRecreate && std::exchange(first, false);
    if (c.scene == Scene::kDown)
      (void)lab.down();
    else
      (void)lab.up(recreate ? std::set<engine::Address>{kLighthouse} : std::set<engine::Address>{});
  };
  dies(lab, c.crash_at, once);
  if (c.lose_journal) lab.lose_journal();
  if (c.second_crash >= 0)
    dies(lab, c.second_crash, [&] {
      if (to_nothing)
        (void)lab.down();
      else
        (void)lab.up();
    });
  // The weather may defeat one run; it must not defeat the program.
  std::string why;
  for (int attempt = 0; attempt < 4; ++attempt) {
    if (to_nothing) {
      auto receipt = lab.down();
      if (receipt && receipt->zero()) return lab.fault_of_down();
      why = receipt ? "the receipt is not zero: " + codec::to_text(cluster::to_json(*receipt)) : receipt.error().text();
    } else {
      auto report = lab.up();
      if (report && report->applied.ok() && report->left.empty()) {
        if (auto fault = lab.fault_of_up(); !fault.empty()) return fault;
        auto plan = lab.plan();
        return !plan           ? plan.error().text()
               : plan->empty() ? ""
                               : "a further plan is not empty: " + codec::to_text(engine::to_json(*plan));
      }
      why = !report                            ? report.error().text()
            : report->applied.errors().empty() ? "something is left"
                                               : report->applied.errors()[0].text();
    }
    lab.clock().advance(1min);
  }
  return "four runs did not finish it: " + why;
}

TEST(CrashCampaign, DyingAnywhereLeavesOneOfEverythingOrNothing) {
  const auto begin = number_from("TOMBOLO_CRASH_SEED", 1);
  const auto cases = number_from("TOMBOLO_CRASH_CASES", 1000);
  int failures = 0;
  for (std::uint64_t seed = begin; seed < begin + cases && failures < 5; ++seed) {
    const auto c = draw(seed);
    const auto fault = play(c);
    if (fault.empty()) continue;
    ++failures;
    ADD_FAILURE() << fault << "\nto see it again: " << text(c);
  }
  fmt::print("crash campaign: {} cases from seed {}, {} failed\n", cases, begin, failures);
}

}  // namespace
}  // namespace tombolo::campaign
