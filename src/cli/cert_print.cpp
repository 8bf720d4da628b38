// tombolo cert print: what is in a certificate file.
#include <ostream>

#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "nebula/print.hpp"

namespace tombolo::cli {
namespace {

Result<Exit> run_cert_print(Invocation& call) {
  auto path = call.args.value("--path");
  if (path.empty()) path = call.args.argument(0);
  if (path.empty()) return fail(Code::kBadInput, "which certificate?", "Name its file: tombolo cert print host.crt");
  const auto certificates = TRY(context(nebula::parse_certificates(TRY(read_input(call, path))), "reading " + path));
  if (call.console.json || call.args.flag("--json")) {
    call.console.print(nebula::to_json(certificates));
    return Exit::kDone;
  }
  for (const auto& certificate : certificates) call.console.out << nebula::to_text(certificate);
  return Exit::kDone;
}

}  // namespace

Command make_cert_print() {
  return {.path = "cert print",
          .summary = "Show what is in a certificate file",
          .description =
              "Prints every certificate of a file, of version 1 or 2 and of either curve, with its fingerprint. It "
              "does not say whether "
              "anybody believes it: that is `tombolo cert verify`.",
          .example = "tombolo cert print ca.crt\ntombolo cert print -o json host.crt\n",
          .options = {{.names = "--path",
                       .value = "FILE",
                       .help = "The file, as nebula-cert names it; \"-\" is standard input"},
                      {.names = "--json", .value = "", .help = "The same as -o json"}},
          .arguments = {{.name = "FILE", .help = "The certificate file", .required = false}},
          .prints_data = true,
          .run = run_cert_print};
}

}  // namespace tombolo::cli
