// sshd's banner is whatever the server at that address sends: it is never accepted but for the one key it proves.
#include <cstdint>
#include <cstdlib>

#include "cloudinit/host_proof.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdBgOKfCQcDzcBRLYZ2SxYIXImXeRoZgqGf2W+4cU/9";
  const std::string banner(reinterpret_cast<const char*>(data), size);
  const Secret<std::string> token(std::string("the seeds know this one"));
  const bool accepted = cloudinit::check_banner(token, key, banner).has_value();
  const auto proof = cloudinit::host_proof_banner(token, {key});
  if (accepted && banner.find(proof.substr(0, proof.find('\n'))) == banner.npos) std::abort();
  if (!cloudinit::check_banner(token, key, proof + banner)) std::abort();
  const auto shown = cloudinit::check_banner(token, banner, proof);
  if (shown && !banner.starts_with(key)) std::abort();
  return 0;
}
