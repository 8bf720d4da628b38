// RSA key pairs, for the one place that still hands them out: EC2's CreateKeyPair, which the simulated AWS plays.
// Tombolo itself makes Ed25519 keys (ssh_key.hpp).
#pragma once
#include <string>

#include "base/bytes.hpp"
#include "base/secret.hpp"

namespace tombolo::crypto {

struct RsaPair {
  Secret<std::string> private_pem;  // PKCS #1: "BEGIN RSA PRIVATE KEY"
  Secret<Bytes> private_der;        // PKCS #8
  Bytes modulus;                    // big-endian, without leading zeros
  Bytes exponent;
};

// 2,048 bits; takes some tenths of a second.
RsaPair make_rsa_pair();

}  // namespace tombolo::crypto
