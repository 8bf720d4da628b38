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
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(t))));
}

Result<Time> parse_time(std::string_view text) {
  // Fractions are accepted and dropped: AWS writes ".000Z". Only UTC ("Z") is written by what we read.
  static constexpr std::string_view kShape = "0000-00-00T00:00:00";
  const auto wrong = [&] {
    return fail(Code::kBadInput, fmt::format("\"{}\" is not a time like 2026-11-26T01:10:52Z", text));
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() <= kShape.size()) return wrong();
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] == '0' ? !digit(text[i]) : kShape[i] != text[i]) return wrong();
  auto zone = text.substr(kShape.size());
  if (zone.front() == '.') {
    const auto end = zone.find_first_not_of("0123456789", 1);
    if (end == 1 || end == zone.npos) return wrong();
    zone.remove_prefix(end);
  }
  if (zone != "Z" && zone != "+00:00") return wrong();

  const auto number = [&](std::size_t at, std::size_t length) {
    return std::stoi(std::string(text.substr(at, length)));
  };
  const std::chrono::year_month_day day(std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (!day.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 60) return wrong();
  const auto seconds = std::chrono::sys_seconds(std::chrono::sys_days(day)) + std::chrono::hours(number(11, 2)) +
                       std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
  // Time counts nanoseconds in 64 bits, 1677 to 2262; "9999-12-31" means never and "0001-01-01" is Go's zero.
  if (seconds >= std::chrono::floor<std::chrono::seconds>(Time::max())) return Time::max();
  if (seconds <= std::chrono::ceil<std::chrono::seconds>(Time::min())) return Time::min();
  return Time(seconds);
}

std::string format_duration(Duration d) {
  if (d < Duration::zero()) return "-" + format_duration(d == Duration::min() ? Duration::max() : -d);
  const double seconds = std::chrono::duration<double>(d).count();
  if (seconds < 0.1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace tombolo
