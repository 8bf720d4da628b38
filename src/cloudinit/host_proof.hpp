// Is the SSH server that answers the machine we launched? Two proofs, both pure text here. The banner: the user-data
// carries a one-time random token, the machine signs its host keys with it and shows that in sshd's banner, before anybody
// authenticates. The console: cloud-init prints the host keys there, and EC2 shows the console to the account's owner.
//
// The banner's lines, one for each host key and one for the token itself (it tells a foreign banner from a foreign key):
//   tombolo-host-proof: <ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa> <64 hex: HMAC-SHA256(token, "type blob")>
//   tombolo-host-proof: token <64 hex: HMAC-SHA256(token, "token")>
// The HMAC's key is the token's text as it stands in the file, without white space around it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace tombolo::cloudinit {

// On the machine. cloud-init's bootcmd lays script and token (0600 root) and a drop-in for sshd's unit:
//   ExecStartPre=-/usr/local/sbin/tombolo-host-proof     after the keys are made, before sshd answers
// and sshd's configuration gets: Banner <kHostProofBanner>.
inline constexpr std::string_view kHostProofScript = "/usr/local/sbin/tombolo-host-proof";
inline constexpr std::string_view kHostProofToken = "/run/tombolo/host-proof-token";
inline constexpr std::string_view kHostProofBanner = "/etc/ssh/tombolo-host-proof";

// The script's text (Python 3, which cloud-init brings; the paths above are its defaults, others may be given:
// TOKEN BANNER FOLDER-OF-HOST-KEYS). Without a token it does nothing, so sshd may start it as often as it likes.
// With one it forgets the token and writes the banner (0644). The token is on no command line and in no environment.
std::string host_proof_script();

// What such a machine shows: for the simulated site. `keys` are lines "type blob".
std::string host_proof_banner(const Secret<std::string>& token, const std::vector<std::string>& keys);

// Does `banner` prove the shown host key, "type blob"? kUntrusted, each with its own sentence and hint, when the banner
// holds no proof; when it was made with our token, but for other keys (somebody in the middle, or a replaced key); and when
// it was made with another token (another machine answers, or an old banner is replayed).
Result<> check_banner(const Secret<std::string>& token, std::string_view key, std::string_view banner);

// The host keys on a machine's console, as lines "type blob": the newest whole block between
// "-----BEGIN SSH HOST KEY KEYS-----" and its END, whatever stands before the lines (kernel times, "ci-info: ", CR) and
// between them. A block that is cut is no block; a line that is no whole key is none. Empty: not printed (yet).
std::vector<std::string> console_host_keys(std::string_view console);

}  // namespace tombolo::cloudinit
