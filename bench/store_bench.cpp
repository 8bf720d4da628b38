// The journal: what one append costs, what opening costs when it is long. On a disk an append is one fsync; these figures
// are from memory (/dev/shm), which is what the crash campaign feels.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "base/temp_folder.hpp"
#include "store/journal.hpp"

namespace {

using namespace tombolo;
using store::Journal;

constexpr int kRecords = 50;

codec::Json body(std::int64_t n) {
  return {{"token", "0123456789abcdef0123456789abcdef"},
          {"generation", n},
          {"request", {{"InstanceType", "t3.small"}, {"ImageId", "ami-0123456789abcdef0"}}}};
}

std::unique_ptr<Journal> open(const std::string& path) {
  auto journal = Journal::open(path);
  if (!journal) std::abort();
  return std::move(*journal);
}

void append(Journal& journal, std::int64_t n) {
  const auto address = "aws.instance/worker-" + std::to_string(n % kRecords);
  if (!journal.append({0, Time{}, "run", address, "intent", body(n)}, {{address, body(n)}})) std::abort();
}

void Append(benchmark::State& state) {
  const TempFolder temp;
  auto journal = open(temp / "journal.db");
  std::int64_t n = 0;
  for (auto _ : state) append(*journal, n++);
}
BENCHMARK(Append);

void MakeAndAppendOnce(benchmark::State& state) {
  const TempFolder temp;
  std::int64_t n = 0;
  for (auto _ : state) append(*open(temp / ("journal-" + std::to_string(n++))), 1);
}
BENCHMARK(MakeAndAppendOnce);

// Argument: entries in the journal. What every run does first.
void OpenAndReadRecords(benchmark::State& state) {
  const TempFolder temp;
  {
    auto journal = open(temp / "journal.db");
    for (std::int64_t n = 0; n < state.range(0); ++n) append(*journal, n);
  }
  for (auto _ : state)
    if (open(temp / "journal.db")->records()->size() !=
        static_cast<std::size_t>(std::min<std::int64_t>(state.range(0), kRecords)))
      std::abort();
}
BENCHMARK(OpenAndReadRecords)->Arg(100)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
