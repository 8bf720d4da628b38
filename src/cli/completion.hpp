// Completion scripts of the shells, drawn from a table of commands. Pure.
#pragma once
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace tombolo::cli {

std::string bash_completion(const std::vector<Command>& table);
std::string zsh_completion(const std::vector<Command>& table);
std::string fish_completion(const std::vector<Command>& table);

}  // namespace tombolo::cli
