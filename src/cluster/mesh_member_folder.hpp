// What a stock Nebula host needs to be a member of the mesh.
#pragma once
#include <string>

#include "base/secret.hpp"
#include "cluster/session.hpp"
#include "nebula/config.hpp"

namespace tombolo::cluster {

struct FolderRequest {
  std::string member;
  nebula::PkiPaths pki{};            // where the member has its files
  std::string lighthouse{};          // its address on the Internet; "": from the journal
  std::string public_key_pem{};      // of a key the member made; "": one is made here, or was
};

struct MemberFolder {
  std::string config;       // config.yml
  std::string authorities;  // ca.crt
  std::string certificate;  // host.crt
  Secret<std::string> key;  // host.key; empty when the key is elsewhere
};

nebula::PkiPaths pki_in(const std::string& folder);  // ca.crt, host.crt and host.key side by side

// The lighthouse's address on the Internet from the journal. kNotFound before `up` has made it.
Result<std::string> lighthouse_address(const Session& session);

// The member's config.yml, with its files at these paths. `lighthouse`: its address on the Internet. Errors: kNotFound without
// authorities.
Result<std::string> member_config(const Session& session, const spec::Member& member, const std::string& lighthouse,
                                  const nebula::PkiPaths& pki);

// Issues the certificate when it is missing, ends soon, or is for another key. Errors: kBadInput for a member that is not in
// the file, or is not one of those that join this way; kNotFound without authorities or without an address.
Result<MemberFolder> member_folder(Session& session, const FolderRequest& request);

}  // namespace tombolo::cluster
