// Prints the lighthouse's script from files: for test_bootstrap.py, which runs it.
//   make_user_data CA.crt config.yml MIRROR SHA256 [host.crt host.key]
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "cloudinit/lighthouse.hpp"

namespace {

std::string read(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tombolo;
  if (argc != 5 && argc != 7) {
    std::cerr << "usage: make_user_data CA.crt config.yml MIRROR SHA256 [host.crt host.key]\n";
    return 2;
  }
  auto nebula =
      cloudinit::find_artefact("nebula", "1.11.2", cloudinit::Architecture::kAmd64, {argv[3], {{"nebula", argv[4]}}});
  if (!nebula) {
    std::cerr << nebula.error().text() << "\n";
    return 1;
  }
  cloudinit::LighthouseBootstrap bootstrap{"talos-homelab",
                                           "lighthouse",
                                           codec::Cidr(codec::Address::v4(0x0A2A0001), 16),
                                           read(argv[1]),
                                           read(argv[2]),
                                           4242,
                                           *nebula,
                                           {},
                                           {}};
  if (argc == 7) bootstrap.embedded = cloudinit::EmbeddedIdentity{read(argv[5]), Secret<std::string>(read(argv[6]))};
  const auto script = cloudinit::lighthouse_script(bootstrap);
  if (!script) {
    std::cerr << script.error().text() << "\n";
    return 1;
  }
  std::cout << *script;
}
