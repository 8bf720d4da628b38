#include "cloudinit/artefacts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombolo::cloudinit {
namespace {

struct Pin {
  std::string_view name;
  std::string_view version;
  Architecture architecture;
  std::string_view sha256;
};

constexpr auto kAmd64 = Architecture::kAmd64;
constexpr auto kArm64 = Architecture::kArm64;

// Sources: the vendors' checksum files (SHASUM256.txt, sha256sum-<arch>.txt, *.sha256sum) as other projects pinned them.
constexpr Pin kPins[] = {
    {"nebula", "1.11.2", kAmd64, "6140d33f2ec21ce7f6b655b5bc820e93a684d97e51d0ddcf907324b5b28aac1e"},
    {"nebula", "1.11.2", kArm64, "85d10e7bc2d121193c1392a1a919172ded7c413f46e602138281cfa9fa1b0231"},
    {"nebula", "1.10.3", kAmd64, "99ac335caeb69d02a6b6b00a3d4b5d0a36ec3971df480a1cc50e6db378342955"},
    {"nebula", "1.9.5", kAmd64, "af57ded8f3370f0486bb24011942924b361d77fa34e3478995b196a5441dbf71"},
    {"k3s", "v1.36.5+k3s1", kAmd64, "d73847bcd3c5fccef0115b372e2f9a91f3032dc84bbf71518a4617565294d313"},
    {"k3s", "v1.36.4+k3s1", kAmd64, "835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f"},
    {"k3s", "v1.36.4+k3s1", kArm64, "c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb"},
    {"k3s", "v1.36.2+k3s1", kAmd64, "65a55ec56c24eab44383086166ec620a491952b7e23941a49ddca6e8a4c4b4de"},
    {"k3s", "v1.36.2+k3s1", kArm64, "1dc5fc17f15c28fa0a3f011cee28ad613f918c3d967a426e5a05d43ddb239817"},
    {"k3s", "v1.35.8+k3s1", kAmd64, "12f81c9bb5b71e098a4f7a2d187e350902a9339a6c3d5e56c20a03f7a417e07f"},
    {"k3s", "v1.35.8+k3s1", kArm64, "898476e008704289382377ef19946f23b511cf2678042cb5c8aef991e64f840a"},
    {"k3s-airgap", "v1.36.4+k3s1", kAmd64, "9024613e2d468c51ba0e5ba21898604c41339354449fb3338cc6a7931189eb6a"},
    {"k3s-airgap", "v1.36.4+k3s1", kArm64, "9d3c4c2197bcf857ca17633aa393bad683cc982ddd408620f93036a3cca953b5"},
    {"helm", "4.3.0", kAmd64, "86584a54def73570558f66f5111cc53dfed56689637ae32c1201205d494f54fb"},
    {"helm", "4.3.0", kArm64, "31c5794dd55c66a51e6b7d2e2ac7a114ae8b1de41ff1d9ba51748ac973b06a08"},
    {"helm", "3.22.0", kAmd64, "1e4ab49e429626cf6c6958d914248b78c9730803c2751b87627e171dc800e7bb"},
    {"helm", "3.22.0", kArm64, "f14e804dfee240f55525b667488fe9adca349e63e00c9af634c0beb1421ac310"},
};

// The vendor's address of a file; "" for a name we do not know.
std::string vendor_url(std::string_view name, std::string_view version, Architecture architecture) {
  const auto arch = cloudinit::name(architecture);
  if (name == "nebula")
    return fmt::format("https://github.com/slackhq/nebula/releases/download/v{}/nebula-linux-{}.tar.gz", version, arch);
  if (name == "k3s")
    return fmt::format("https://github.com/k3s-io/k3s/releases/download/{}/{}", version,
                       architecture == kAmd64 ? "k3s" : "k3s-arm64");
  if (name == "k3s-airgap")
    return fmt::format("https://github.com/k3s-io/k3s/releases/download/{}/k3s-airgap-images-{}.tar.zst", version,
                       arch);
  if (name == "helm") return fmt::format("https://get.helm.sh/helm-v{}-linux-{}.tar.gz", version, arch);
  if (name == "liqo") return fmt::format("https://helm.liqo.io/charts/liqo-{}.tgz", version);
  return "";
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Versions become part of a URL and of a script.
bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".+-_").find(c) != std::string_view::npos;
  });
}

std::string pinned_versions(std::string_view name, Architecture architecture) {
  std::string list;
  for (const auto& pin : kPins)
    if (pin.name == name && pin.architecture == architecture)
      list += (list.empty() ? "" : ", ") + std::string(pin.version);
  return list;
}

}  // namespace

Result<Architecture> parse_architecture(std::string_view text) {
  if (text == "x86_64" || text == "amd64") return kAmd64;
  if (text == "arm64" || text == "aarch64") return kArm64;
  return fail(Code::kBadInput, fmt::format("no architecture is called {}", text), "Write x86_64 or arm64.");
}

std::string_view name(Architecture architecture) { return architecture == kAmd64 ? "amd64" : "arm64"; }

const std::vector<Artefact>& pinned_artefacts() {
  static const std::vector<Artefact> table = [] {
    std::vector<Artefact> all;
    for (const auto& pin : kPins)
      all.push_back({std::string(pin.name), std::string(pin.version), pin.architecture,
                     vendor_url(pin.name, pin.version, pin.architecture), std::string(pin.sha256)});
    return all;
  }();
  return table;
}

Result<Artefact> find_artefact(std::string_view name, std::string_view version, Architecture architecture,
                               const ArtefactSource& source) {
  Artefact found{std::string(name), std::string(version), architecture, vendor_url(name, version, architecture), ""};
  if (found.url.empty()) return fail(Code::kBadInput, fmt::format("no artefact is called {}", name));
  if (!is_version(version))
    return fail(Code::kBadInput, fmt::format("\"{}\" is no version of {}", version, name),
                fmt::format("Take one of {}.", pinned_versions(name, architecture)));
  if (const auto given = source.sha256.find(found.name); given != source.sha256.end()) {
    if (!is_sha256(given->second))
      return fail(Code::kBadInput, fmt::format("the checksum given for {} is no SHA-256: {}", name, given->second),
                  "It has 64 characters of 0-9 and a-f, as sha256sum prints it.");
    found.sha256 = given->second;
  } else {
    const auto pin = std::find_if(std::begin(kPins), std::end(kPins), [&](const Pin& p) {
      return p.name == name && p.version == version && p.architecture == architecture;
    });
    if (pin == std::end(kPins))
      return fail(Code::kBadInput,
                  fmt::format("the checksum of {} {} for {} is not known to this program", name, version,
                              cloudinit::name(architecture)),
                  fmt::format("Take one of {}; nothing unchecked is downloaded.", pinned_versions(name, architecture)));
    found.sha256 = pin->sha256;
  }
  if (!source.mirror.empty()) found.url = TRY(mirrored(found.url, source.mirror));
  return found;
}

Result<std::string> mirrored(std::string_view url, std::string_view mirror) {
  const bool known = mirror.starts_with("https://") || mirror.starts_with("http://") || mirror.starts_with("file:///");
  // Spaces, quotes and other shell characters have no place in a base URL; refusing them keeps the script plain.
  const bool plain =
      mirror.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]%@+=") ==
      std::string_view::npos;
  if (!known || !plain || mirror.size() > 512)
    return fail(Code::kBadInput, fmt::format("bootstrap.mirror is no base URL: {}", mirror),
                "Write something like http://mirror.lan:8080/files, without a query.");
  while (mirror.ends_with('/')) mirror.remove_suffix(1);
  const auto host = url.find("://") + 3;
  return std::string(mirror) + std::string(url.substr(url.find('/', host)));
}

}  // namespace tombolo::cloudinit
