// Help and the manual, both drawn from the same Command. Pure.
#pragma once
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace tombolo::cli {

// For a terminal, at most 100 columns wide.
std::string help_text(const Command& command);
// The list of commands; of one group ("cert"), or of the program when `group` is "".
std::string help_text(const std::vector<Command>& table, const std::string& group);

// docs/commands/<file name>, the same content as Markdown.
std::string manual_file_name(const Command& command);  // "cert-sign.md"
std::string manual_page(const Command& command);
std::string manual_index(const std::vector<Command>& table);  // docs/commands/README.md

}  // namespace tombolo::cli
