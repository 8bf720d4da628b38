// tombolo cert sign: a member's certificate, with nebula-cert's option names.
#include <fmt/format.h>

#include <optional>
#include <ostream>

#include "base/files.hpp"
#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "nebula/authority.hpp"
#include "nebula/layout.hpp"
#include "store/lock.hpp"

namespace tombolo::cli {
namespace {

struct AuthorityFiles {
  std::string certificate;
  std::string key;
  bool of_this_cluster = false;  // then what it issues goes into the ledger
};

// What the user named; else ca.crt and ca.key here, as nebula-cert; else the cluster's home authority.
AuthorityFiles choose_authority(const Invocation& call) {
  const nebula::Layout layout(call.state_dir());
  const bool named = call.args.given("--ca-crt") || call.args.given("--ca-key");
  if (!named && !file_exists("ca.crt") && file_exists(layout.home_ca_certificate())) {
    return {layout.home_ca_certificate(), layout.home_ca_key(), true};
  }
  return {call.args.value("--ca-crt"), call.args.value("--ca-key"), false};
}

Result<nebula::Authority> open_authority(const Invocation& call, const AuthorityFiles& files) {
  const auto text = read_input(call, files.certificate);
  if (!text && text.error().code() == Code::kNotFound) {
    return fail(Code::kNotFound,
                fmt::format("there is no authority: neither {} nor one in {}", files.certificate, call.state_dir()),
                "Name it with --ca-crt and --ca-key, make one with `tombolo cert ca`, or run `tombolo up`.");
  }
  auto certificate = TRY(context(nebula::parse_certificate(TRY(text)), "reading " + files.certificate));
  auto key = TRY(read_signing_key(call, files.key));
  return context(nebula::Authority::open(std::move(certificate), std::move(key)),
                 fmt::format("checking {} and {}", files.certificate, files.key));
}

Result<nebula::MemberRequest> read_request(const Invocation& call, const nebula::PublicKey& key) {
  nebula::MemberRequest request;
  request.name = call.args.value("--name");
  if (request.name.empty()) return fail(Code::kBadInput, "the member needs a name", "Give it with --name.");
  request.public_key = key;
  request.networks = TRY(parse_networks(call.args.value("--networks")));
  if (request.networks.empty())
    return fail(Code::kBadInput, "the member needs an address in the mesh",
                "Give it with --networks, like 10.42.1.1/16.");
  request.unsafe_networks = TRY(parse_networks(call.args.value("--unsafe-networks")));
  request.groups = split_list(call.args.value("--groups"));
  request.not_before = now();
  if (call.args.given("--duration"))
    request.not_after = request.not_before + TRY(parse_duration(call.args.value("--duration")));
  if (call.args.given("--version"))
    request.version = call.args.value("--version") == "2" ? nebula::Version::k2 : nebula::Version::k1;
  return request;
}

std::string or_default(std::string given, const std::string& name, const char* ending) {
  return given.empty() ? name + ending : given;
}

Result<Exit> run_cert_sign(Invocation& call) {
  const auto name = call.args.value("--name");
  const bool their_key = call.args.given("--in-pub");
  if (their_key && call.args.given("--out-key")) {
    return fail(Code::kBadInput,
                "--in-pub and --out-key exclude each other: whoever made the public key has the private one");
  }
  if (name.find('/') != std::string::npos &&
      (!call.args.given("--out-crt") || (!their_key && !call.args.given("--out-key")))) {
    return fail(Code::kBadInput, "this name cannot be a file's name",
                "Say where the files go with --out-crt and --out-key.");
  }
  const auto certificate_path = or_default(call.args.value("--out-crt"), name, ".crt");
  const auto key_path = or_default(call.args.value("--out-key"), name, ".key");
  TRY(check_output(certificate_path));
  if (!their_key) TRY(check_output(key_path));

  const auto files = choose_authority(call);
  const auto authority = TRY(open_authority(call, files));
  if (!their_key && authority.certificate().details().public_key.curve == nebula::Curve::kP256) {
    return fail(Code::kUnsupported, "this authority is of curve P256, and Tombolo makes no keys of that curve",
                "Let `nebula-cert keygen -curve P256` make the member's key, and name its public half with --in-pub.");
  }
  std::optional<nebula::MemberKey> key;
  nebula::PublicKey public_key;
  if (their_key) {
    public_key = TRY(context(nebula::parse_public_key(TRY(read_input(call, call.args.value("--in-pub")))),
                             "reading " + call.args.value("--in-pub")));
  } else {
    key = nebula::MemberKey::generate();
    public_key = key->public_key();
  }
  const auto certificate = TRY(authority.issue(TRY(read_request(call, public_key))));

  std::optional<store::ClusterLock> lock;
  const store::StateFolder state(call.state_dir());
  if (files.of_this_cluster) {  // into the ledger first: what is issued must be known
    lock = TRY(store::ClusterLock::acquire(state, "cert sign", now()));
    auto ledger = TRY(read_ledger(state));
    ledger.add(authority.certificate());
    ledger.add(certificate);
    TRY(write_ledger(state, ledger));
  }
  if (key) TRY(write_output(call, key_path, key->to_pem().expose()));
  TRY(write_output(call, certificate_path, certificate.to_pem()));
  return Exit::kDone;
}

}  // namespace

Command make_cert_sign() {
  return {
      .path = "cert sign",
      .summary = "Issue a member's certificate",
      .description =
          "Signs a certificate for a member of the mesh and makes its key, or takes a public key that the member made "
          "itself "
          "(--in-pub). The options are those of nebula-cert.\n\n"
          "The authority is the one named, else ca.crt and ca.key of this folder, else the home authority of the "
          "cluster's state "
          "folder; what the last one issues is entered in the cluster's ledger. What Nebula or the authority's own "
          "limits forbid is "
          "refused with the reason. Files get mode 0600 and are never overwritten; \"-\" is standard input or output.",
      .example =
          "tombolo cert sign --name laptop --networks 10.42.9.1/16 --groups ops\n"
          "tombolo cert sign --name phone --networks 10.42.9.2/16 --in-pub phone.pub --out-crt -\n",
      .options =
          {{.names = "--name", .value = "NAME", .help = "Name of the member (required)"},
           {.names = "--networks,--ip",
            .value = "CIDRS",
            .help = "Its address with the mesh's prefix length, like 10.42.1.1/16 (required); version 2: several, "
                    "separated by commas"},
           {.names = "--groups", .value = "NAMES", .help = "Its groups, separated by commas"},
           {.names = "--duration",
            .value = "TIME",
            .help = "How long it is valid (units d, h, m, s); by default until one second before its authority ends"},
           {.names = "--unsafe-networks,--subnets",
            .value = "CIDRS",
            .help = "Networks behind it that it routes to, separated by commas"},
           {.names = "--version",
            .value = "N",
            .help = "Certificate version; by default its authority's",
            .choices = {"1", "2"}},
           {.names = "--ca-crt", .value = "FILE", .help = "The authority's certificate", .fallback = "ca.crt"},
           {.names = "--ca-key", .value = "FILE", .help = "The authority's key", .fallback = "ca.key"},
           {.names = "--in-pub", .value = "FILE", .help = "The member's public key; then no key is made"},
           {.names = "--out-crt", .value = "FILE", .help = "Where the certificate goes; by default NAME.crt"},
           {.names = "--out-key", .value = "FILE", .help = "Where the key goes; by default NAME.key"}},
      .run = run_cert_sign};
}

}  // namespace tombolo::cli
