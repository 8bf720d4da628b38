#include "net/ssh.hpp"

#include <fmt/format.h>

#include <libssh/server.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/files.hpp"
#include "base/secret.hpp"
#include "codec/base64.hpp"
#include "codec/ssh_public.hpp"
#include "net/ssh_session.hpp"

namespace tombolo::net {
namespace {

constexpr std::size_t kBannerLimit = 8192;   // bytes kept
constexpr std::size_t kKeyFileLimit = 65536;  // bytes of a private key file

// What OpenSSH 8 and newer offer (Debian 12, Amazon Linux 2023) without SHA-1, CBC, NIST's larger curves and finite fields.
constexpr const char* kKeyExchanges = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256";
constexpr const char* kCiphers =
    "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr";
constexpr const char* kMacs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256";
constexpr const char* kSignatures =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
const std::vector<std::string> kHostKeyTypes = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"};

struct FreeKey {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
using Key = std::unique_ptr<ssh_key_struct, FreeKey>;

struct FreeText {
  void operator()(char* text) const { ssh_string_free_char(text); }
};
using Text = std::unique_ptr<char, FreeText>;

Result<Key> read_private_key(const std::string& path) {
  auto text = read_file(path, kKeyFileLimit);
  if (!text)
    return fail(Code::kBadInput, fmt::format("the SSH key {} cannot be read: {}", path, text.error().sentence()));
  const Secret<std::string> content(std::move(*text));
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(content.expose().c_str(), nullptr, nullptr, nullptr, &key) != SSH_OK)
    return fail(Code::kBadInput, fmt::format("{} is no SSH private key, or it has a passphrase", path),
                "Give a key in OpenSSH's format without a passphrase.");
  return Key(key);
}

// A host key of type ssh-rsa signs with SHA-2 (RFC 8332).
std::string host_key_algorithms(const std::vector<std::string>& types) {
  std::string list;
  for (const auto& type : types.empty() ? kHostKeyTypes : types)
    list += (list.empty() ? "" : ",") + (type == "ssh-rsa" ? std::string("rsa-sha2-512,rsa-sha2-256") : type);
  return list;
}

Result<> configure(ssh_session session, const Login& login) {
  const int no = 0;
  const unsigned port = login.port;
  const int smallest_rsa = 2048;
  const auto algorithms = host_key_algorithms(login.key_types);
  const std::array<std::pair<ssh_options_e, const void*>, 17> options{{
      {SSH_OPTIONS_PROCESS_CONFIG, &no},  // first: nothing of the user's own
      {SSH_OPTIONS_HOST, login.host.c_str()},
      {SSH_OPTIONS_PORT, &port},
      {SSH_OPTIONS_USER, login.user.c_str()},
      {SSH_OPTIONS_SSH_DIR, "/nonexistent"},
      {SSH_OPTIONS_KNOWNHOSTS, "/dev/null"},  // the library would reorder algorithms by it
      {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
      {SSH_OPTIONS_KEY_EXCHANGE, kKeyExchanges},
      {SSH_OPTIONS_HOSTKEYS, algorithms.c_str()},
      {SSH_OPTIONS_CIPHERS_C_S, kCiphers},
      {SSH_OPTIONS_CIPHERS_S_C, kCiphers},
      {SSH_OPTIONS_HMAC_C_S, kMacs},
      {SSH_OPTIONS_HMAC_S_C, kMacs},
      {SSH_OPTIONS_COMPRESSION, "no"},
      {SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, kSignatures},
      {SSH_OPTIONS_RSA_MIN_SIZE, &smallest_rsa},
      {SSH_OPTIONS_GSSAPI_AUTH, &no},
  }};
  for (const auto& [option, value] : options)
    if (ssh_options_set(session, option, value) != SSH_OK)
      return fail(Code::kBadInput, fmt::format("SSH does not accept its option {}: {}", static_cast<int>(option),
                                               ssh_get_error(session)));
  return {};
}

Result<Introduction> introduction(ssh_session session) {
  ssh_key shown = nullptr;
  if (ssh_get_server_publickey(session, &shown) != SSH_OK)
    return fail(Code::kUntrusted, "the server showed no host key");
  const Key key(shown);
  char* blob = nullptr;
  if (ssh_pki_export_pubkey_base64(shown, &blob) != SSH_OK)
    return fail(Code::kUntrusted, "the server's host key cannot be read");
  const Text base64(blob);
  auto parsed = TRY(codec::parse_ssh_public_blob(TRY(codec::decode_base64(blob))));
  Introduction shows{{std::move(parsed.type), std::move(parsed.blob)}, {}};
  if (const Text banner{ssh_get_issue_banner(session)})
    shows.banner = std::string_view(banner.get()).substr(0, kBannerLimit);
  return shows;
}

class SshShells final : public Shells {
 public:
  explicit SshShells(Clock& clock) : clock_(clock) {}
  Result<std::unique_ptr<Shell>> open(const Login& login, const std::stop_token& stop) override {
    auto session = TRY(enter(login, stop));
    return make_ssh_shell(std::move(session), where(login), clock_);
  }
  Result<std::unique_ptr<Tunnel>> tunnel(const Login& login, const std::string& host, std::uint16_t port,
                                         const std::stop_token& stop) override {
    return make_ssh_tunnel(TRY(enter(login, stop)), host, port, clock_);
  }

 private:
  static std::string where(const Login& login) { return fmt::format("{} port {}", login.host, login.port); }
  Result<std::unique_ptr<SshSession>> enter(const Login& login, const std::stop_token& stop);

  Clock& clock_;
};

// One way in: every step within the same patience, every failure in the same words.
struct Entry {
  const Login& login;
  const Clock& clock;
  const std::stop_token& stop;
  Time until;
  std::string where;
  SshSession& session;

  template <std::invocable Call>
  Result<int> step(Call call, int again, std::string_view doing) const {
    const auto answer = session.finish(call, again, clock, until, stop);
    if (answer) return *answer;
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while connecting");
    return fail(
        Code::kUnreachable, fmt::format("{} took the connection, but did not finish {} in time", where, doing),
        "A machine that is starting or out of memory does that for a while; a port that is not SSH's does it always.");
  }

  tl::unexpected<Error> cut(std::string_view doing) const {
    return fail(Code::kTransient,
                fmt::format("{} ended the connection during {}: {}", where, doing, session.complaint()),
                "sshd does that while it starts, or when too many connections wait; it is worth another try.");
  }

  Result<> exchange_keys() const {
    if (TRY(step([&] { return ssh_connect(session.get()); }, SSH_AGAIN, "the key exchange")) == SSH_OK) return {};
    const auto said = session.complaint();
    if (said.find("no match for method server host key") != said.npos)
      return fail(Code::kUntrusted, fmt::format("{} has no host key of a type that could be proven: {}", where, said),
                  "Another machine may answer at this address, or its host keys were replaced.");
    if (said.find("no match for method") != said.npos)
      return fail(Code::kUnsupported, fmt::format("{} shares no way of encryption with us: {}", where, said),
                  "Its sshd is very old or restricted by its configuration.");
    return cut("the key exchange");
  }

  Result<> authenticate(ssh_key key) {
    const int none =
        TRY(step([&] { return ssh_userauth_none(session.get(), nullptr); }, SSH_AUTH_AGAIN, "its introduction"));
    if (none == SSH_AUTH_ERROR) return cut("its introduction");
    const auto shows = TRY(introduction(session.get()));
    const Time asked = clock.now();
    TRY(login.judge(shows));
    until += clock.now() - asked;  // the judge's time is not the server's
    if (none == SSH_AUTH_SUCCESS) return {};
    const int answer = TRY(step([&] { return ssh_userauth_publickey(session.get(), nullptr, key); }, SSH_AUTH_AGAIN,
                                "the authentication"));
    if (answer == SSH_AUTH_SUCCESS) return {};
    if (answer == SSH_AUTH_ERROR) return cut("the authentication");
    return fail(
        Code::kPermission, fmt::format("{} does not let {} in with the key {}", where, login.user, login.private_key),
        "The public half must be in that user's authorized_keys: it is the key pair the machine was launched with. "
        "cloud-init lays it some seconds after sshd starts.");
  }
};

Result<std::unique_ptr<SshSession>> SshShells::enter(const Login& login, const std::stop_token& stop) {
  if (!login.judge) return fail(Code::kInternal, "nobody says whom to trust");
  const Key key = TRY(read_private_key(login.private_key));
  const Time until = clock_.now() + login.patience;
  auto session = std::make_unique<SshSession>(TRY(dial(login.host, login.port, clock_, until, stop)));
  TRY(configure(session->get(), login));
  Entry entry{login, clock_, stop, until, where(login), *session};
  TRY(entry.exchange_keys());
  TRY(entry.authenticate(key.get()));
  return session;
}

}  // namespace

SshSession::SshSession(Descriptor socket) : socket_(std::move(socket)), session_(ssh_new()) {
  if (!session_) std::abort();  // out of memory
  const int fd = socket_.get();
  ssh_options_set(session_, SSH_OPTIONS_FD, &fd);
  ssh_set_counters(session_, &traffic_, &unused_);
  ssh_set_blocking(session_, 0);
}

SshSession::~SshSession() {
  ssh_disconnect(session_);
  ssh_free(session_);
}

bool Pulse::beats(Time now) {
  // libssh sends only at every second call: the other one takes the answer.
  constexpr Duration kAskAfter = std::chrono::seconds(4);
  constexpr Duration kDeadAfter = std::chrono::seconds(13);
  if (const auto bytes = session_.bytes_received(); bytes != received_) {
    received_ = bytes;
    heard_ = now;
  } else if (now - heard_ >= kDeadAfter) {
    return false;
  } else if (now - std::max(heard_, asked_) >= kAskAfter) {
    ssh_send_keepalive(session_.get());
    asked_ = now;
  }
  return true;
}

std::unique_ptr<Shells> make_ssh_shells(Clock& clock) { return std::make_unique<SshShells>(clock); }

}  // namespace tombolo::net
