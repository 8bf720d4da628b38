#include "cli/commands.hpp"

namespace tombolo::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      make_completion(),
      make_version(),
  };
  return table;
}

}  // namespace tombolo::cli
