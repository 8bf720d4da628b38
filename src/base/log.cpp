#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace tombolo::log {
namespace {

std::atomic<bool> is_on{false};

// Made when the first line is written: a run without --verbose pays nothing for it.
spdlog::logger& logger() {
  static const auto made = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto one = std::make_unique<spdlog::logger>("tombolo", std::move(sink));
    one->set_level(spdlog::level::debug);
    one->set_pattern("%H:%M:%S.%e [%t] %v");
    one->flush_on(spdlog::level::debug);
    return one;
  }();
  return *made;
}

}  // namespace

void enable(bool on) { is_on = on; }
bool enabled() { return is_on; }

void debug(std::string_view line) {
  if (is_on) logger().debug("{}", line);
}

}  // namespace tombolo::log
