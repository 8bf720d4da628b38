// A machine's shell, reached by SSH: run a command, stream one, lay a file. The program's third way out, beside Clock and
// Transport, because no request and answer of HTTP stands for it (docs/adr/0009). Production: SshShells (ssh.hpp, libssh).
// --sim, ./try and the crash campaign: the simulated site's machines (sim/machines.hpp).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tombolo::net {

// The public half of an SSH host key, as a known_hosts file and a machine's console have it (RFC 4253 6.6, RFC 5656, RFC 8709).
struct HostKey {
  std::string type;  // "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"
  std::string blob;  // base64, padded
  std::string line() const { return type + " " + blob; }
  std::string fingerprint() const;  // "SHA256:…" without padding, as OpenSSH prints it
  // "ssh-ed25519 AAAA… [comment]". kBadInput for anything else.
  static Result<HostKey> parse(std::string_view line);
  bool operator==(const HostKey&) const = default;
};

// What a server shows before anybody has authenticated.
struct Introduction {
  HostKey key;
  std::string banner;  // RFC 4252 5.4; at most 8 KiB are kept
};

// Who is asked for, and how to know him. `judge` sees the introduction before the client authenticates; an error of its
// refuses the server and becomes open()'s error, unchanged.
struct Login {
  std::string host;  // address or name
  std::uint16_t port = 22;
  std::string user;
  std::string private_key;  // path of an OpenSSH private key without passphrase
  std::vector<std::string> key_types;  // of the host key, in the order of preference; empty: every modern one
  std::function<Result<>(const Introduction&)> judge;  // must be given: nobody is trusted on first use
  Duration patience = std::chrono::seconds(10);  // for connecting, key exchange and authentication together
};

struct RunOptions {
  std::string_view input;  // the command's stdin, then end of file
  Duration patience = std::chrono::seconds(60);
  std::size_t limit = 4u << 20;  // bytes of each of out and err; more is kUnsupported
};

struct Output {
  int status = 0;  // exit status; 128 + n when signal n ended it
  std::string out;
  std::string err;
};

// One authenticated connection. One thread at a time.
class Shell {
 public:
  virtual ~Shell() = default;
  // Errors: kTransient when the connection is lost or `patience` is over (what ran is unknown), kCancelled, kUnsupported (too much output).
  virtual Result<Output> run(const std::string& command, const RunOptions& options, const std::stop_token& stop) = 0;
  // The command's output piece by piece as it comes, without limits in time or size; the exit status. `sink` returns false
  // to end it: the connection is closed, and the remote command hears SIGHUP or a broken pipe.
  using Sink = std::function<bool(std::string_view piece, bool is_error)>;
  virtual Result<int> stream(const std::string& command, const Sink& sink, const std::stop_token& stop) = 0;
};

// The near end of a way through a machine to a port that only it reaches. It serves until it is destroyed, from any thread;
// connections that are open then are cut.
class Tunnel {
 public:
  virtual ~Tunnel() = default;
  virtual std::string near_end() const = 0;  // "127.0.0.1:40123"
  virtual bool alive() const = 0;  // false once the connection to the machine is lost: make another
};

// Opens shells. Called from several threads at once. Errors of open():
//   kUnreachable   no answer within the patience, refused, no route: worth another try while a machine boots
//   kTransient     the connection was cut during key exchange or authentication
//   kUntrusted     judge() refused the host key (its own error comes through unchanged)
//   kPermission    the server refuses our key
//   kBadInput      the private key file is not there or not readable
//   kCancelled
class Shells {
 public:
  virtual ~Shells() = default;
  virtual Result<std::unique_ptr<Shell>> open(const Login& login, const std::stop_token& stop) = 0;
  // What connects to the near end, on loopback only, comes out on the machine and goes on to host:port as the machine
  // resolves it. A connection of its own. Errors: open()'s, and kIo when no port can be had here. That nobody answers
  // behind the machine is seen by whoever connects: he is hung up on.
  virtual Result<std::unique_ptr<Tunnel>> tunnel(const Login& login, const std::string& host, std::uint16_t port,
                                                 const std::stop_token& stop) = 0;
};

}  // namespace tombolo::net
