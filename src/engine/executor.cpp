#include "engine/executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <queue>
#include <unordered_map>

namespace tombolo::engine {

bool ApplyReport::ok() const {
  return std::all_of(operations.begin(), operations.end(), [](const auto& o) { return o.done; });
}

std::vector<Error> ApplyReport::errors() const {
  std::vector<Error> out;
  for (const auto& o : operations)
    if (o.error) out.push_back(*o.error);
  return out;
}

namespace {

struct Node {
  std::unique_ptr<Operation> operation;
  std::vector<std::size_t> dependents;
  std::size_t open = 0;            // how many nodes it still waits for
  bool begun = false;
  Time begun_at{};
  std::string phase;
  OperationResult result;
};

struct Due {
  Time when;
  std::size_t node;
  bool operator>(const Due& other) const { return std::tie(when, node) > std::tie(other.when, other.node); }
};

class Executor {
 public:
  Executor(const Plan& plan, Surroundings& around, const std::stop_token& stop, const ApplyOptions& options)
      : around_(around),
        stop_(stop),
        options_(options),
        ledger_(around.journal, around.state, around.run, around.clock) {
    build(plan);
  }

  ApplyReport run() {
    left_ = nodes_.size();
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (!nodes_[i].open) due_.push({around_.clock.now(), i});
    const int threads = std::min<int>(options_.threads, static_cast<int>(nodes_.size()));
    std::vector<std::jthread> crew;
    alive_ = threads;
    for (int i = 0; i < threads; ++i) crew.push_back(around_.clock.start([this](const std::stop_token&) { work(); }));
    {
      std::unique_lock lock(mutex_);
      around_.clock.wait(lock, Time::max(), {}, [&] { return alive_ == 0; });
    }
    crew.clear();
    if (escaped_) std::rethrow_exception(escaped_);
    ApplyReport report;
    report.cancelled = stop_.stop_requested() && left_ > 0;
    for (auto& node : nodes_) {
      report.cancelled = report.cancelled || (node.result.error && node.result.error->code() == Code::kCancelled);
      if (!node.result.done && !node.result.error) node.result.skipped = true;
      report.operations.push_back(std::move(node.result));
    }
    return report;
  }

 private:
  // --- the graph ---

  std::size_t add(const Change& change, Work work) {
    Kind* kind = find(around_.kinds, change.address.kind);
    Node node;
    node.result.address = change.address;
    if (kind) node.operation = std::make_unique<Operation>(change, work, *kind, options_.seed + nodes_.size());
    node.result.action = node.operation ? std::string(node.operation->action()) : std::string(name(change.action));
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  void after(std::size_t first, std::size_t second) {
    nodes_[first].dependents.push_back(second);
    ++nodes_[second].open;
  }

  void build(const Plan& plan) {
    std::unordered_map<std::string, std::size_t> maker;  // address -> the node that makes it ready
    std::unordered_map<std::string, std::vector<std::size_t>> removals;  // kind -> nodes that remove
    for (const auto& change : plan.changes) {
      const auto text = change.address.text();
      std::optional<std::size_t> node;
      switch (change.action) {
        case Action::kNone: break;
        case Action::kAdopt: node = add(change, Work::kAdopt); break;
        case Action::kCreate: node = add(change, Work::kMake); break;
        case Action::kUpdate:
        case Action::kWait: node = add(change, Work::kMend); break;
        case Action::kReplace: {
          const auto removal = add(change, Work::kRemove);
          removals[change.address.kind].push_back(removal);
          node = add(change, Work::kMake);
          after(removal, *node);
          break;
        }
        case Action::kDelete: removals[change.address.kind].push_back(add(change, Work::kRemove)); break;
        case Action::kSettle: removals[change.address.kind].push_back(add(change, Work::kSettle)); break;
        case Action::kForget: removals[change.address.kind].push_back(add(change, Work::kForget)); break;
      }
      const bool stays = change.observed && change.action != Action::kReplace && change.wish;
      if (stays) ledger_.set_outputs(change.address, change.observed->outputs);
      if (!change.wish) continue;
      if (node) maker[text] = *node;
      for (const auto& need : change.wish->needs) {
        const auto found = maker.find(need.text());
        if (node && found != maker.end()) after(found->second, *node);
      }
    }
    // What needs a kind goes before that kind goes.
    for (const auto& kind : around_.kinds)
      for (const auto& needed : kind->needs())
        for (auto first : removals[kind->name()])
          for (auto second : removals[needed]) after(first, second);
  }

  // --- the crew ---

  void work() {
    try {
      while (auto node = next()) step(*node);
    } catch (...) {
      std::lock_guard guard(mutex_);
      if (!escaped_) escaped_ = std::current_exception();
      over_ = true;
    }
    std::lock_guard guard(mutex_);
    --alive_;
    around_.clock.notify();
  }

  // The next node that is due; waits for one. Nothing when the run is over.
  std::optional<std::size_t> next() {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto version = version_;
      if (over_ || left_ == 0) return std::nullopt;
      if (stop_.stop_requested()) {
        if (in_hand_ == 0) {
          over_ = true;
          around_.clock.notify();
          return std::nullopt;
        }
      } else if (!due_.empty() && due_.top().when <= around_.clock.now()) {
        const auto node = due_.top().node;
        due_.pop();
        ++in_hand_;
        return node;
      }
      const Time until = due_.empty() || stop_.stop_requested() ? Time::max() : due_.top().when;
      // The stop token only wakes us: once it is requested we wait for the calls in flight instead.
      const auto wake = stop_.stop_requested() ? std::stop_token{} : stop_;
      around_.clock.wait(lock, until, wake, [&] { return over_ || left_ == 0 || version_ != version; });
    }
  }

  void step(std::size_t index) {
    Node& node = nodes_[index];
    if (!node.begun) {
      node.begun = true;
      node.begun_at = around_.clock.now();
      tell(EventType::kStepBegun, node, "", "");
    }
    Call call{around_.clock, stop_, {}, 0, [&](std::string phase, std::string detail) { say(node, phase, detail); }};
    Step step = node.operation ? node.operation->advance(ledger_, call)
                               : Step(Failed{Error(Code::kUnsupported, fmt::format("this version knows no kind {}",
                                                                                   node.result.address.kind))});
    std::lock_guard guard(mutex_);
    --in_hand_;
    ++version_;
    if (auto* again = std::get_if<RetryAfter>(&step)) {
      if (!again->why.empty()) tell_locked(EventType::kStepRetry, node, "", again->why);
      due_.push({around_.clock.now() + again->wait, index});
    } else {
      finish(index, step);
    }
    around_.clock.notify();
  }

  void finish(std::size_t index, Step& step) {
    Node& node = nodes_[index];
    --left_;
    node.result.took = around_.clock.now() - node.begun_at;
    if (auto* done = std::get_if<Done>(&step)) {
      node.result.done = true;
      node.result.id = done->id;
      tell_locked(EventType::kStepDone, node, "", "");
      for (auto d : node.dependents)
        if (--nodes_[d].open == 0) due_.push({around_.clock.now(), d});
      return;
    }
    Error error = std::get<Failed>(std::move(step)).error;
    tell_locked(EventType::kStepFailed, node, "", error.text());
    node.result.error = std::move(error).context(fmt::format("{} {}", node.result.action, node.result.address.text()));
    skip_dependents(index);
  }

  void skip_dependents(std::size_t index) {
    for (auto d : nodes_[index].dependents) {
      Node& dependent = nodes_[d];
      if (dependent.result.skipped) continue;
      dependent.result.skipped = true;
      --left_;
      tell_locked(EventType::kStepSkipped, dependent, "",
                  fmt::format("not tried: needs {}", nodes_[index].result.address.text()));
      skip_dependents(d);
    }
  }

  // --- telling ---

  void say(Node& node, const std::string& phase, const std::string& detail) {
    std::lock_guard guard(mutex_);
    if (node.phase == phase + "\n" + detail) return;
    node.phase = phase + "\n" + detail;
    tell_locked(EventType::kStepPhase, node, phase, detail);
  }
  void tell(EventType type, const Node& node, std::string phase, std::string detail) {
    std::lock_guard guard(mutex_);
    tell_locked(type, node, std::move(phase), std::move(detail));
  }
  void tell_locked(EventType type, const Node& node, std::string phase, std::string detail) {
    if (around_.events)
      around_.events({around_.clock.now(), type, node.result.address.text(), node.result.action, std::move(phase),
                      std::move(detail)});
  }

  Surroundings& around_;
  std::stop_token stop_;
  ApplyOptions options_;
  Ledger ledger_;
  std::vector<Node> nodes_;

  std::mutex mutex_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::size_t left_ = 0;
  int in_hand_ = 0;  // nodes being stepped now
  int alive_ = 0;  // threads
  std::uint64_t version_ = 0;  // changes whenever something was finished or queued
  bool over_ = false;
  std::exception_ptr escaped_;
};

}  // namespace

ApplyReport apply(const Plan& plan, Surroundings around, const std::stop_token& stop, const ApplyOptions& options) {
  return Executor(plan, around, stop, options).run();
}

}  // namespace tombolo::engine
