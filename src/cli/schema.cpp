// tombolo schema: the JSON Schema of the cluster file, for editors.
#include "spec/schema.hpp"

#include <ostream>

#include "cli/commands.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_schema(Invocation& call) {
  call.console.out << spec::schema_text();
  return Exit::kDone;
}

}  // namespace

Command make_schema() {
  return {.path = "schema",
          .summary = "Print the JSON Schema of the cluster file",
          .description =
              "Editors that know the YAML language server complete and check the cluster file with it. `tombolo init` "
              "puts the "
              "schema beside the file and names it in the file's first line:\n\n    # yaml-language-server: "
              "$schema=tombolo.schema.json",
          .example = "tombolo schema > tombolo.schema.json\n",
          .prints_data = true,
          .run = run_schema};
}

}  // namespace tombolo::cli
