#include "cloudinit/host_proof.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "codec/ssh_public.hpp"
#include "crypto/hash.hpp"

namespace tombolo::cloudinit {
namespace {

constexpr std::string_view kProofPrefix = "tombolo-host-proof: ";
constexpr std::string_view kTokenWord = "token";
constexpr std::size_t kProofs = 16;  // lines looked at; a machine has three keys
constexpr std::size_t kConsoleKeys = 16;
constexpr std::string_view kBegin = "-----BEGIN SSH HOST KEY KEYS-----";
constexpr std::string_view kEnd = "-----END SSH HOST KEY KEYS-----";

struct Proof {
  std::string_view about;  // a key's type, or kTokenWord
  std::string_view hex;
};

std::string proof_of(const Secret<std::string>& token, std::string_view what) {
  return to_hex(crypto::hmac_sha256(token.expose(), what));
}

template <class Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    while (line.ends_with('\r')) line.remove_suffix(1);
    use(line);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  }
}

// An operator's notice may stand in the same banner; only whole lines of ours count.
std::vector<Proof> proofs(std::string_view banner) {
  std::vector<Proof> all;
  for_each_line(banner, [&](std::string_view line) {
    if (!line.starts_with(kProofPrefix) || all.size() == kProofs) return;
    line.remove_prefix(kProofPrefix.size());
    const auto space = line.find(' ');
    if (space != line.npos && line.size() - space - 1 == 64)
      all.push_back({line.substr(0, space), line.substr(space + 1)});
  });
  return all;
}

bool proves(const std::vector<Proof>& all, std::string_view about, const std::string& expected) {
  return std::any_of(all.begin(), all.end(), [&](const Proof& p) {
    return p.about == about && crypto::equal_in_constant_time(as_bytes(p.hex), as_bytes(expected));
  });
}

// The key that begins where a type's name begins, after any prefix.
std::string key_in(std::string_view line) {
  for (const std::string_view type : {"ssh-ed25519 ", "ecdsa-sha2-nistp256 ", "ssh-rsa "})
    if (const auto at = line.find(type); at != line.npos)
      if (const auto key = codec::parse_ssh_public(line.substr(at))) return key->line();
  return {};
}

}  // namespace

std::string host_proof_banner(const Secret<std::string>& token, const std::vector<std::string>& keys) {
  std::string banner;
  for (const auto& key : keys)
    banner += fmt::format("{}{} {}\n", kProofPrefix, key.substr(0, key.find(' ')), proof_of(token, key));
  return banner + fmt::format("{}{} {}\n", kProofPrefix, kTokenWord, proof_of(token, kTokenWord));
}

Result<> check_banner(const Secret<std::string>& token, std::string_view key, std::string_view banner) {
  if (token.empty()) return fail(Code::kInternal, "there is no token to check the host key's proof with");
  const auto shown = TRY(codec::parse_ssh_public(key));
  const auto all = proofs(banner);
  if (all.empty())
    return fail(
        Code::kUntrusted, "the SSH server that answers does not prove its host key",
        "It may still be starting with its image's own keys, its user-data may not have run, or another machine "
        "answers at this address. The machine's console shows its host keys: they are compared next.");
  if (proves(all, shown.type, proof_of(token, shown.line()))) return {};
  if (proves(all, kTokenWord, proof_of(token, kTokenWord)))
    return fail(
        Code::kUntrusted, fmt::format("the SSH server shows a host key ({}) that is not the machine's own", shown.type),
        "The banner is our machine's, its proof is for other keys. Somebody stands between this computer and the "
        "machine, or the machine's host keys were replaced after its first start. Nothing was sent to it. Compare with "
        "the machine's console.");
  return fail(
      Code::kUntrusted, "the SSH server proves its host key with another machine's token",
      "Another machine answers at this address (an address that moved, a machine launched by somebody else), or "
      "somebody repeats an old banner. Nothing was sent to it. Look which machine has this address now.");
}

std::vector<std::string> console_host_keys(std::string_view console) {
  std::vector<std::string> whole, current;
  bool inside = false;
  for_each_line(console, [&](std::string_view line) {
    if (line.find(kBegin) != line.npos) {
      inside = true;
      current.clear();
    } else if (inside && line.find(kEnd) != line.npos) {
      inside = false;
      whole = std::move(current);
      current = {};
    } else if (inside && current.size() < kConsoleKeys) {
      if (auto key = key_in(line); !key.empty()) current.push_back(std::move(key));
    }
  });
  return whole;
}

std::string host_proof_script() {
  return fmt::format(R"(#!/usr/bin/env python3
# Shows whoever knows this machine's one-time token that its SSH host keys are its own: sshd's banner. Run before sshd.
import glob, hashlib, hmac, os, sys

token_file, banner, folder = sys.argv[1:] or ["{token}", "{banner}", "/etc/ssh"]
try:
    with open(token_file, "rb") as file:
        token = file.read().strip()
except FileNotFoundError:
    sys.exit(0)  # shown before
keys = []
for path in sorted(glob.glob(glob.escape(folder) + "/ssh_host_*_key.pub")):
    with open(path) as file:
        words = file.read().split()
    if len(words) > 1 and words[0] in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"):
        keys.append(words)
if not keys:
    sys.exit("there are no SSH host keys yet")  # the token is kept for the next start
os.unlink(token_file)

def line(about, text):
    return "{prefix}%s %s\n" % (about, hmac.new(token, text.encode(), hashlib.sha256).hexdigest())

with open(banner + ".new", "w") as file:
    file.writelines(line(words[0], words[0] + " " + words[1]) for words in keys)
    file.write(line("{word}", "{word}"))
    os.fchmod(file.fileno(), 0o644)
os.rename(banner + ".new", banner)
)",
                     fmt::arg("token", kHostProofToken), fmt::arg("banner", kHostProofBanner),
                     fmt::arg("prefix", kProofPrefix), fmt::arg("word", kTokenWord));
}

}  // namespace tombolo::cloudinit
