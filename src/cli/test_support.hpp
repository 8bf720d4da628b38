// For this room's tests only: a console that remembers, a table of commands to parse against, golden files.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace tombolo::cli::testing {

struct Screen {
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in;
  Console console{.out = out, .err = err, .in = in};
};

// The same options and shapes as the real ones, and nothing that changes when a real command does.
inline std::vector<Command> sample_commands() {
  const auto nothing = [](Invocation&) -> Result<Exit> { return Exit::kDone; };
  return {
      {.path = "up",
       .summary = "Make the cloud side what the cluster file says",
       .description =
           "Running it again changes nothing. This line is long enough that it has to be broken somewhere, and that "
           "happens between two words.\n\n    what is indented\n    stays as it is\n",
       .example = "tombolo up --yes\n",
       .options =
           {{.names = "-y,--yes", .help = "Do not ask"},
            {.names = "--recreate", .value = "WHAT", .help = "Tear this down first", .choices = {"lighthouse", "mesh"}},
            {.names = "--no-wait", .help = "End when AWS has everything running"}},
       .run = nothing},
      {.path = "down", .summary = "Remove everything", .example = "tombolo down\n", .run = nothing},
      {.path = "cert sign",
       .summary = "Sign a host certificate",
       .example = "tombolo cert sign --name home\n",
       .options = {{.names = "--networks,--ip", .value = "CIDR", .help = "Addresses of the host", .repeatable = true},
                   {.names = "--name", .value = "NAME", .help = "Name of the host"},
                   {.names = "--duration", .value = "TIME", .help = "How long it is valid", .fallback = "8760h"},
                   {.names = "--out-dir", .value = "DIR", .help = "Where the files go"}},
       .run = nothing},
      {.path = "cert print",
       .summary = "Show certificates",
       .example = "tombolo cert print ca.crt\n",
       .arguments = {{.name = "FILE", .help = "PEM files", .repeatable = true}},
       .prints_data = true,
       .run = nothing},
      {.path = "completion",
       .summary = "Print a completion script",
       .example = "tombolo completion bash\n",
       .arguments = {{.name = "SHELL", .help = "The shell", .choices = {"bash", "zsh"}}},
       .run = nothing},
      {.path = "version", .summary = "Print the version", .example = "tombolo version\n", .run = nothing},
  };
}

inline CommandTable table_of(const std::vector<Command>& commands) {
  CommandTable table;
  for (const auto& command : commands) table.push_back({command.path, [command] { return command; }});
  return table;
}

// Compares with the file (path from the source folder); with TOMBOLO_REWRITE_GOLDEN=1 writes it instead.
inline void expect_golden(const std::string& path, const std::string& text) {
  const auto full = std::filesystem::path(TOMBOLO_SOURCE_DIR) / path;
  if (std::getenv("TOMBOLO_REWRITE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << text;
    return;
  }
  std::ifstream file(full, std::ios::binary);
  std::ostringstream kept;
  kept << file.rdbuf();
  EXPECT_EQ(kept.str(), text) << path << " is not what the program says now. If the new text is right: "
                              << "TOMBOLO_REWRITE_GOLDEN=1 cli_test, and read the diff.";
}

}  // namespace tombolo::cli::testing
