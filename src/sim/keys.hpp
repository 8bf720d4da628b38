// Key pairs. ImportKeyPair takes OpenSSH's public form; fingerprints are what EC2 shows: MD5 of the DER public key for an
// imported RSA key, the base64 SHA-256 of ssh-keygen for Ed25519 (EC2 user guide, "Verify the fingerprint").
#pragma once
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

Outcome<> create_key_pair(Call& call, XmlOut& out);
Outcome<> import_key_pair(Call& call, XmlOut& out);
Outcome<> delete_key_pair(Call& call, XmlOut& out);
Outcome<> describe_key_pairs(Call& call, XmlOut& out);

}  // namespace tombolo::sim
