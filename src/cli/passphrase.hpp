// Asking for a passphrase: from the environment, or typed without echo.
#pragma once
#include <string>

#include "base/secret.hpp"
#include "cli/command.hpp"

namespace tombolo::cli {

enum class Ask { kOnce, kTwice };  // twice when a new one is being chosen

// `variable` of the environment, else typed: "Passphrase of <what>: ". Errors: kBadInput when it is empty, when both
// typings differ, or when nobody can be asked.
Result<Secret<std::string>> ask_passphrase(const Invocation& call, const std::string& variable, const std::string& what,
                                           Ask how);

}  // namespace tombolo::cli
