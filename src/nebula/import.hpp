// Taking over a folder that nebula-cert filled by hand (the recipe's ~/.nebula-ca): what is in it, and whether it all
// fits together. Pure: file names and contents in, a checked plan out; nothing is taken over unless everything
// verifies.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nebula/certificate.hpp"
#include "nebula/key_file.hpp"

namespace tombolo::nebula {

struct FoundFile {
  std::string name;  // "lighthouse.crt", without its folder
  Secret<std::string> content;  // may be a private key
};

struct ImportedMember {
  std::string name;  // the certificate's
  std::vector<Certificate> certificates;  // one, or the same member in version 1 and 2
  std::string certificate_pem;
  std::optional<Secret<std::string>> key_pem;  // none: the member made its key itself
};

struct Import {
  std::optional<Certificate> authority;  // always there in what read_folder() returns
  std::string authority_pem;
  Secret<std::string> authority_key_pem;  // as it was found, encrypted or not
  std::vector<ImportedMember> members;
  std::vector<std::string> left_out;  // "notes.txt: neither a certificate nor a key", a sentence for each
};

// `ask` is called when the authority's key is encrypted. Errors: kNotFound without ca.crt and ca.key; kUntrusted for a
// key that belongs to another certificate, a member of another authority, an expired authority; kConflict when two
// files are certificates of one name; kBadInput and kCorrupt for files that are not what their names say. Each names
// the file. Expired members are left out.
Result<Import> read_folder(const std::vector<FoundFile>& files, Seconds now,
                           const std::function<Result<Passphrase>()>& ask);

}  // namespace tombolo::nebula
