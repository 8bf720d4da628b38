// What a machine downloads at bootstrap: one table of version, architecture, URL and SHA-256. Nothing that is not in it,
// or given with an explicit hash, is ever fetched. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tombolo::cloudinit {

enum class Architecture { kAmd64, kArm64 };

// "x86_64" or "amd64"; "arm64" or "aarch64". kBadInput for others.
Result<Architecture> parse_architecture(std::string_view text);
std::string_view name(Architecture architecture);  // "amd64", "arm64": as the vendors' file names have it

struct Artefact {
  std::string name;  // "nebula", "k3s", "k3s-airgap", "helm", "liqo"
  std::string version;  // as the vendor's tag has it, without Nebula's and Helm's "v": "1.11.2", "v1.36.4+k3s1"
  Architecture architecture = Architecture::kAmd64;
  std::string url;
  std::string sha256;  // of the file at the URL, 64 lower-case hex characters
};

// The whole table. Only hashes that two or more independent published sources agree on.
const std::vector<Artefact>& pinned_artefacts();

// Where a site's artefacts come from when it is not the vendors' servers as pinned.
struct ArtefactSource {
  std::string mirror;  // "": the vendors. Else this base replaces scheme and host; the path stays
  std::map<std::string, std::string> sha256;  // by name: hash of another version, or of a mirror's own build
};

// Errors: kBadInput for a version without a pin and without an explicit hash (the hint names the pinned versions),
// for an unknown name, a hash that is no SHA-256, a mirror that is no URL.
Result<Artefact> find_artefact(std::string_view name, std::string_view version, Architecture architecture,
                               const ArtefactSource& source = {});

// "https://github.com/a/b.tar.gz" with mirror "http://10.0.0.9:8080/files" -> "http://10.0.0.9:8080/files/a/b.tar.gz".
// Mirrors may be http, https or file: what comes from them is checked. kBadInput for others.
Result<std::string> mirrored(std::string_view url, std::string_view mirror);

}  // namespace tombolo::cloudinit
