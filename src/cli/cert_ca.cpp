// tombolo cert ca: a new certificate authority, with nebula-cert's option names.
#include <fmt/format.h>

#include <charconv>
#include <ostream>

#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "cli/passphrase.hpp"
#include "nebula/authority.hpp"

namespace tombolo::cli {
namespace {

Result<std::uint32_t> number(const Invocation& call, const std::string& option) {
  const auto text = call.args.value(option);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(Code::kBadInput, fmt::format("{} must be a number, not \"{}\"", option, text));
  return value;
}

Result<Secret<std::string>> key_text(const Invocation& call, const nebula::SigningKey& key) {
  if (!call.args.flag("--encrypt")) return key.to_pem();
  const crypto::Argon2Cost cost{.memory_kib = TRY(number(call, "--argon-memory")),
                                .iterations = TRY(number(call, "--argon-iterations")),
                                .parallelism = TRY(number(call, "--argon-parallelism"))};
  const auto passphrase = TRY(ask_passphrase(call, "NEBULA_CA_PASSPHRASE", "the new authority's key", Ask::kTwice));
  return Secret<std::string>(TRY(key.to_encrypted_pem(passphrase, cost)));
}

Result<Exit> run_cert_ca(Invocation& call) {
  const auto certificate_path = call.args.value("--out-crt");
  const auto key_path = call.args.value("--out-key");
  TRY(check_output(certificate_path));
  TRY(check_output(key_path));
  if (call.args.value("--name").empty())
    return fail(Code::kBadInput, "the authority needs a name", "Give it with --name.");
  const nebula::AuthorityRequest request{
      .name = call.args.value("--name"),
      .version = call.args.value("--version") == "2" ? nebula::Version::k2 : nebula::Version::k1,
      .not_before = now(),
      .validity = TRY(parse_duration(call.args.value("--duration"))),
      .networks = TRY(parse_networks(call.args.value("--networks"))),
      .unsafe_networks = TRY(parse_networks(call.args.value("--unsafe-networks"))),
      .groups = split_list(call.args.value("--groups"))};
  const auto authority = TRY(nebula::Authority::create(request, nebula::SigningKey::generate()));
  // The key first: a certificate without its key would be worth nothing.
  TRY(write_output(call, key_path, TRY(key_text(call, authority.key())).expose()));
  TRY(write_output(call, certificate_path, authority.certificate().to_pem()));
  return Exit::kDone;
}

}  // namespace

Command make_cert_ca() {
  return {
      .path = "cert ca",
      .summary = "Make a certificate authority",
      .description =
          "Makes a self-signed Nebula certificate authority: a certificate for every member, and a key that signs "
          "members. "
          "The options are those of nebula-cert. `tombolo up` makes the authorities of a cluster by itself; this "
          "command is for "
          "meshes beside it.\n\n"
          "Whoever has the key can let anybody into the mesh: with --encrypt it is useless without its passphrase, "
          "which is asked "
          "for or taken from NEBULA_CA_PASSPHRASE. Files get mode 0600 and are never overwritten; \"-\" is standard "
          "output.",
      .example =
          "tombolo cert ca --name talos-homelab-mesh --duration 87600h\n"
          "tombolo cert ca --name workers --networks 10.42.2.0/24 --groups kubernetes,gpu-compute --encrypt\n",
      .options = {{.names = "--name", .value = "NAME", .help = "Name of the authority (required)"},
                  {.names = "--duration",
                   .value = "TIME",
                   .help = "How long it is valid (units d, h, m, s)",
                   .fallback = "8760h"},
                  {.names = "--networks,--ips",
                   .value = "CIDRS",
                   .help = "Addresses it may issue, separated by commas; none is no limit"},
                  {.names = "--unsafe-networks,--subnets",
                   .value = "CIDRS",
                   .help = "Networks its members may route to; none is no limit"},
                  {.names = "--groups",
                   .value = "NAMES",
                   .help = "Groups it may issue, separated by commas; none is no limit"},
                  {.names = "--version",
                   .value = "N",
                   .help = "Certificate version; 2 needs Nebula 1.10 on every member",
                   .fallback = "1",
                   .choices = {"1", "2"}},
                  {.names = "--curve",
                   .value = "CURVE",
                   .help = "Kind of key; P256 authorities are read but not made",
                   .fallback = "25519",
                   .choices = {"25519"}},
                  {.names = "--out-crt", .value = "FILE", .help = "Where the certificate goes", .fallback = "ca.crt"},
                  {.names = "--out-key", .value = "FILE", .help = "Where the key goes", .fallback = "ca.key"},
                  {.names = "--encrypt", .value = "", .help = "Protect the key with a passphrase"},
                  {.names = "--argon-memory",
                   .value = "KIB",
                   .help = "Memory to try one passphrase, in KiB",
                   .fallback = "2097152"},
                  {.names = "--argon-iterations", .value = "N", .help = "Passes over that memory", .fallback = "1"},
                  {.names = "--argon-parallelism", .value = "N", .help = "Lanes of that memory", .fallback = "4"}},
      .run = run_cert_ca};
}

}  // namespace tombolo::cli
