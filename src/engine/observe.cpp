#include "engine/observe.hpp"

#include <exception>

#include "engine/retry.hpp"

namespace tombolo::engine {

void in_parallel(Clock& clock, const std::vector<std::function<void()>>& tasks) {
  std::mutex mutex;
  std::size_t alive = tasks.size();
  std::exception_ptr escaped;
  std::vector<std::jthread> threads;
  for (const auto& task : tasks)
    threads.push_back(clock.start([&](const std::stop_token&) {
      std::exception_ptr mine;
      try {
        task();
      } catch (...) {
        mine = std::current_exception();
      }
      std::lock_guard guard(mutex);
      if (mine && !escaped) escaped = mine;
      --alive;
      clock.notify();
    }));
  {
    std::unique_lock lock(mutex);
    clock.wait(lock, Time::max(), {}, [&] { return alive == 0; });
  }
  threads.clear();
  if (escaped) std::rethrow_exception(escaped);
}

Result<std::vector<Observed>> observe(const Kinds& kinds, Clock& clock, const std::stop_token& stop) {
  std::vector<Result<std::vector<Observed>>> answers(kinds.size());
  std::vector<std::function<void()>> tasks;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    tasks.push_back([&, i] {
      Backoff backoff(i);
      while (true) {
        answers[i] = kinds[i]->observe(Call{clock, stop});
        if (answers[i]) return;
        const auto delay = backoff.next(answers[i].error().code(), clock.now());
        if (!delay || !clock.sleep_for(*delay, stop)) return;
      }
    });
  in_parallel(clock, tasks);
  std::vector<Observed> world;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    auto some = TRY(context(std::move(answers[i]), "reading " + kinds[i]->name()));
    std::move(some.begin(), some.end(), std::back_inserter(world));
  }
  return world;
}

}  // namespace tombolo::engine
