// Whom a TLS connection trusts and as whom it comes, with everything in memory: credentials need not lie in files.
// Certificates and keys are PEM texts.
#pragma once
#include <string>

#include "base/secret.hpp"

namespace tombolo::net {

struct TlsOptions {
  std::string authorities;      // these and no others; "": the system's
  std::string certificate;      // ours, with its chain; "": we come without one
  Secret<std::string> key;      // of `certificate`
  std::string server_name;      // what to ask for and to verify; "": the host of the URL
  bool verify = true;           // false: whoever answers is believed
  bool operator==(const TlsOptions& other) const {
    return authorities == other.authorities && certificate == other.certificate && key.expose() == other.key.expose() &&
           server_name == other.server_name && verify == other.verify;
  }
};

}  // namespace tombolo::net
