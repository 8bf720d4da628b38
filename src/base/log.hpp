// What the program tells its developer, on stderr, off unless --verbose. What it tells its user goes through events.
#pragma once
#include <string_view>

namespace tombolo::log {

void enable(bool on);
bool enabled();
void debug(std::string_view line);  // never give it a secret

}  // namespace tombolo::log
