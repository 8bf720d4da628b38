// tombolo cert verify: whether a mesh would let this certificate in.
#include <fmt/format.h>

#include <ostream>

#include "base/clock.hpp"
#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "nebula/layout.hpp"
#include "nebula/trust.hpp"

namespace tombolo::cli {
namespace {

Result<> check_key(const Invocation& call, const std::vector<nebula::Certificate>& certificates) {
  if (!call.args.given("--key")) return {};
  const auto path = call.args.value("--key");
  const Secret<std::string> text(TRY(read_input(call, path)));
  const auto key = TRY(context(nebula::parse_member_key(text.expose()), "reading " + path));
  for (const auto& certificate : certificates) TRY(nebula::check_pair(certificate, key.public_key()));
  return {};
}

Result<nebula::Trust> read_trust(const Invocation& call) {
  if (call.args.given("--ca")) {
    return context(nebula::Trust::from_pem(TRY(read_input(call, call.args.value("--ca")))),
                   "reading " + call.args.value("--ca"));
  }
  const nebula::Layout layout(call.state_dir());
  auto trust = TRY(context(nebula::Trust::from_pem(TRY(read_input(call, layout.home_ca_certificate()))),
                           "reading the home authority"));
  for (const auto& fingerprint : TRY(read_ledger(store::StateFolder(call.state_dir()))).revoked())
    trust.block(fingerprint);
  const auto workers = read_input(call, layout.worker_ca_certificate());
  if (workers) TRY(trust.add(TRY(nebula::parse_certificate(*workers))));
  return trust;
}

Result<Exit> run_cert_verify(Invocation& call) {
  const auto path = call.args.given("--crt") ? call.args.value("--crt") : call.args.argument(0);
  if (path.empty())
    return fail(Code::kBadInput, "which certificate?", "Name its file: tombolo cert verify --ca ca.crt host.crt");
  const auto trust = TRY(read_trust(call));
  const auto certificates = TRY(context(nebula::parse_certificates(TRY(read_input(call, path))), "reading " + path));
  codec::JsonArray verdicts;
  for (const auto& certificate : certificates) {
    TRY(context(trust.verify(certificate, now()), fmt::format("verifying \"{}\"", certificate.details().name)));
    verdicts.push_back(codec::JsonObject{{"name", certificate.details().name},
                                         {"fingerprint", certificate.fingerprint().text()},
                                         {"valid", true},
                                         {"notAfter", format_time(certificate.details().not_after)}});
  }
  TRY(check_key(call, certificates));
  if (call.console.json) {
    call.console.print(verdicts);
    return Exit::kDone;
  }
  for (const auto& certificate : certificates) {
    call.console.out << fmt::format("valid until {}\n", format_time(certificate.details().not_after));
  }
  return Exit::kDone;
}

}  // namespace

Command make_cert_verify() {
  return {
      .path = "cert verify",
      .summary = "Check whether the mesh would let a certificate in",
      .description =
          "Checks a certificate as a running Nebula does: issuer, validity, signature, and the limits of its "
          "authority. Without --ca the "
          "cluster's own authorities decide, and what its ledger has revoked is refused. Exit code 0 means valid; the "
          "reason is "
          "printed otherwise.",
      .example =
          "tombolo cert verify --ca ca.crt --crt host.crt\ntombolo cert verify --ca ca.crt host.crt --key host.key\n",
      .options = {{.names = "--ca",
                   .value = "FILE",
                   .help = "The authorities that are believed; by default the cluster's"},
                  {.names = "--crt",
                   .value = "FILE",
                   .help = "The certificate, as nebula-cert names it; \"-\" is standard input"},
                  {.names = "--key", .value = "FILE", .help = "Also check that this private key belongs to it"}},
      .arguments = {{.name = "FILE", .help = "The certificate", .required = false}},
      .prints_data = true,
      .run = run_cert_verify};
}

}  // namespace tombolo::cli
