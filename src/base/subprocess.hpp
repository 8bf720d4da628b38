// Other programs: `op`, credential_process, `aws configure export-credentials`. No shell, bounded output, bounded time.
#pragma once
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tombolo {

struct Subprocess {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  std::string input;  // standard input
  std::map<std::string, std::string> environment;  // added to ours
  Duration timeout = std::chrono::seconds(60);
  std::size_t output_limit = 1u << 20;  // bytes of each stream
};

struct SubprocessResult {
  int status = 0;  // exit status; 128 + n after signal n
  std::string out;
  std::string err;
};

// Errors: kNotFound (no such program), kTimeout (ended), kCancelled (ended), kIo (too much output, too). A non-zero status is a value.
// Time is the computer's, not a Clock's. A program is ended by SIGTERM, and by SIGKILL half a second later.
Result<SubprocessResult> run(const Subprocess& command, const std::stop_token& stop);

}  // namespace tombolo
