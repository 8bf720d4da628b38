// The whole program but for its process: words in, exit code out. main.cpp gives it the real console.
#pragma once
#include <stop_token>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace tombolo::cli {

// Parses, runs the command or prints help, reports failures. Exceptions that escape a command are a bug of ours: they
// are reported as such with what to send us.
Exit run(const std::vector<std::string>& words, const CommandTable& table, Console& console, const Environment& env,
         const std::stop_token& stop);

// run() with the process's console, environment and signals. The value is the process's exit status.
int run_process(int argc, char** argv);

}  // namespace tombolo::cli
