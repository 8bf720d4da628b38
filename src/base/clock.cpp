#include "base/clock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>

namespace tombolo {

bool Clock::sleep_until(Time until, const std::stop_token& stop) {
  std::mutex nobody;
  std::unique_lock lock(nobody);
  wait(lock, until, stop, [] { return false; });
  return !stop.stop_requested();
}

bool RealClock::wait(std::unique_lock<std::mutex>& lock, Time until, const std::stop_token& stop,
                     const std::function<bool()>& ready) {
  return changed_.wait_until(lock, stop, until, ready);
}

void RealClock::notify() { changed_.notify_all(); }

std::jthread RealClock::start(std::function<void(std::stop_token)> body) { return std::jthread(std::move(body)); }

std::string format_time(Time t) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(t))));
}

Result<Time> parse_time(std::string_view text) {
  // Fractions are accepted and dropped: AWS writes ".000Z". Only UTC ("Z") is written by what we read.
  std::tm tm{};
  std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (rest && *rest == '.') while (*++rest >= '0' && *rest <= '9') {}
  if (!rest || (std::string_view(rest) != "Z" && std::string_view(rest) != "+00:00"))
    return fail(Code::kBadInput, fmt::format("\"{}\" is not a time like 2026-11-26T01:10:52Z", copy));
  return std::chrono::system_clock::from_time_t(timegm(&tm));
}

std::string format_duration(Duration d) {
  const double seconds = std::chrono::duration<double>(d).count();
  if (seconds < 0.1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace tombolo
