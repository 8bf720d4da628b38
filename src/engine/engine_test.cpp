#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.hpp"
#include "base/virtual_clock.hpp"
#include "engine/shop.hpp"

namespace tombolo::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Address kGroup{"group", "g"}, kKey{"key", "k"}, kMachine{"machine", "m"}, kLink{"link", "l"};

class Engine : public testing::Test {
 protected:
  Engine() : folder_(std::filesystem::temp_directory_path() / ("tombolo-engine-" + random_id(8))) {
    std::filesystem::create_directories(folder_);
    kinds_ = {std::make_shared<ThingKind>(shop_, "group", false, std::vector<std::string>{}),
              std::make_shared<ThingKind>(shop_, "key", false, std::vector<std::string>{}),
              std::make_shared<ThingKind>(shop_, "machine", true, std::vector<std::string>{"group", "key"}),
              std::make_shared<ThingKind>(shop_, "link", false, std::vector<std::string>{"machine"})};
  }
  ~Engine() override { std::filesystem::remove_all(folder_); }

  static std::vector<Wish> wishes(const std::string& colour = "red", const std::string& size = "small") {
    return {{kGroup, {{"colour", colour}}, {}},
            {kKey, {{"colour", "blue"}}, {}},
            {kMachine, {{"size", size}, {"group", reference(kGroup, "id")}}, {kGroup, kKey}},
            {kLink, {{"machine", reference(kMachine, "id")}}, {kMachine}}};
  }

  // One run of the program: reads, plans, applies. Throws Crash when the process dies in it.
  ApplyReport run(const std::vector<Wish>& wished, PlanOptions options = {}, std::stop_token stop = {}) {
    auto journal = store::Journal::open((folder_ / "journal.db").string());
    EXPECT_TRUE(journal) << journal.error().text();
    if (on_write_) (*journal)->on_write(on_write_);
    State state = *load_state(**journal);
    options.now = clock_.now();
    auto world = observe(kinds_, clock_, {});
    EXPECT_TRUE(world);
    plan_ = *make_plan(wished, *world, state, kinds_, options);
    return apply(plan_, {kinds_, **journal, state, clock_, [&](const Event& e) { events_.push_back(e); }, "run"}, stop,
                 {4, 1});
  }

  std::filesystem::path folder_;
  VirtualClock clock_{Time(std::chrono::seconds(1'800'000'000))};
  Shop shop_{clock_};
  Kinds kinds_;
  Plan plan_;
  std::vector<Event> events_;
  std::function<void(store::Moment, const store::Entry&)> on_write_;
};

TEST_F(Engine, MakesNeedsFirstAndThenHasNothingToDo) {
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_THAT(shop_.things, SizeIs(4));
  EXPECT_EQ(shop_.log.back(), "create link/l");
  EXPECT_EQ(shop_.log[2], "create machine/m");
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_TRUE(plan_.empty());
  EXPECT_EQ(plan_.count(Action::kNone), 4);
}

TEST_F(Engine, IndependentThingsAreMadeAtTheSameTime) {
  const auto begun = clock_.now();
  EXPECT_TRUE(run(wishes()).ok());
  // observe 0.1 s, then three stages of create 0.1 s, wait 1 s, update 0.1 s.
  EXPECT_LT(clock_.now() - begun, 3800ms);
}

TEST_F(Engine, ChangesInPlaceWhatCanBeAndReplacesWhatCannot) {
  run(wishes());
  EXPECT_TRUE(run(wishes("green", "large")).ok());
  EXPECT_EQ(plan_.count(Action::kUpdate), 1);
  EXPECT_EQ(plan_.count(Action::kReplace), 2);  // the machine, and the link that points to it
  EXPECT_THAT(shop_.things, SizeIs(4));
  run(wishes("green", "large"));
  EXPECT_TRUE(plan_.empty());
}

TEST_F(Engine, LostAnswerOfACallWithoutTokenMakesOneThing) {
  shop_.lost_answers["create"] = 3;
  shop_.staleness = 20s;
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_THAT(shop_.things, SizeIs(4));
}

TEST_F(Engine, CapacityRefusalTriesTheNextVariant) {
  shop_.refusals["m"] = Code::kCapacity;
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_EQ(shop_.things[2].token, "machine/m1-1");
}

TEST_F(Engine, FailureSkipsOnlyWhatNeedsIt) {
  shop_.refusals["k"] = Code::kPermission;
  const auto report = run(wishes());
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(report.errors(), SizeIs(1));
  EXPECT_THAT(report.errors()[0].text(), HasSubstr("create key/k"));
  EXPECT_THAT(shop_.things, SizeIs(1));  // the group
  shop_.refusals.clear();
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_THAT(shop_.things, SizeIs(4));
}

TEST_F(Engine, RemovesDependentsFirst) {
  run(wishes());
  shop_.log.clear();
  EXPECT_TRUE(run({}, {{}, true}).ok());
  EXPECT_THAT(shop_.things, IsEmpty());
  EXPECT_EQ(shop_.log[0], "remove link/l");
  EXPECT_EQ(shop_.log[1], "remove machine/m");
}

TEST_F(Engine, WithoutItsJournalItAdopts) {
  run(wishes());
  std::filesystem::remove(folder_ / "journal.db");
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_EQ(plan_.count(Action::kAdopt), 4);
  EXPECT_THAT(shop_.things, SizeIs(4));
}

TEST_F(Engine, NeverUsesAGenerationTwice) {
  run(wishes());
  run({}, {{}, true});
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_EQ(shop_.things[2].generation, 2);
}

TEST_F(Engine, StopFinishesCallsInFlightAndTheNextRunGoesOn) {
  std::stop_source stop;
  shop_.after_call = [&](const std::string& what) {
    if (what == "create") stop.request_stop();
  };
  EXPECT_TRUE(run(wishes(), {}, stop.get_token()).cancelled);
  shop_.after_call = [](auto&) {};
  EXPECT_TRUE(run(wishes()).ok());
  EXPECT_THAT(shop_.things, SizeIs(4));
}

// The property the whole design is for: die anywhere, run again, and there is one of each.
TEST_F(Engine, DyingAtAnyPointAndRunningAgainGivesOneOfEach) {
  shop_.staleness = 30s;
  for (int point = 0;; ++point) {
    int passed = 0;
    bool died = false;
    const auto maybe_die = [&] {
      if (died || passed++ == point) {
        died = true;
        throw Crash();
      }
    };
    shop_.things.clear();
    std::filesystem::remove(folder_ / "journal.db");
    shop_.before_call = shop_.after_call = [&](const std::string& what) {
      if (what != "observe") maybe_die();
    };
    on_write_ = [&](store::Moment, const store::Entry&) { maybe_die(); };
    const bool removing = point % 2;
    try {
      run(wishes());
    } catch (const Crash&) {}
    const bool whole_run_survived = !died;
    shop_.before_call = shop_.after_call = [](auto&) {};
    on_write_ = {};
    const auto report = removing ? run({}, {{}, true}) : run(wishes());
    ASSERT_TRUE(report.ok()) << "died at point " << point << ": "
                             << (report.errors().empty() ? "" : report.errors()[0].text());
    ASSERT_EQ(shop_.things.size(), removing ? 0u : 4u) << "died at point " << point;
    if (whole_run_survived) {
      EXPECT_GT(point, 30);
      break;
    }
  }
}

TEST(Plan, TenThousandMachinesAreLinear) {
  VirtualClock clock{Time{}};
  Shop shop(clock);
  Kinds kinds{std::make_shared<ThingKind>(shop, "machine", true, std::vector<std::string>{})};
  std::vector<Wish> wishes;
  for (int i = 0; i < 10'000; ++i) wishes.push_back({{"machine", "m" + std::to_string(i)}, {{"size", "small"}}, {}});
  const auto plan = make_plan(wishes, {}, {}, kinds);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->count(Action::kCreate), 10'000);
}

TEST(Plan, ACircleOfNeedsIsRefused) {
  const auto plan =
      make_plan({{kGroup, Json(codec::JsonObject{}), {kKey}}, {kKey, Json(codec::JsonObject{}), {kGroup}}}, {}, {}, {});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code(), Code::kInternal);
}

}  // namespace
}  // namespace tombolo::engine
