// The main() of a fuzz target in a build without libFuzzer: every file of the folders given goes through it once,
// whole, cut in half, and with one byte changed, so that a seed is worth more than one case.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size() / 2);
  std::size_t cases = 2;
  const std::size_t stride = bytes.size() / 64 + 1;
  for (std::size_t at = 0; at < bytes.size(); at += stride, ++cases) {
    auto changed = bytes;
    changed[at] ^= static_cast<std::uint8_t>(1u << (at % 8));
    LLVMFuzzerTestOneInput(changed.data(), changed.size());
  }
  return cases;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  std::size_t cases = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      std::cerr << "no corpus at " << argv[i] << "\n";
      return 1;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      cases += replay(entry.path());
      ++files;
    }
  }
  std::cout << files << " seeds, " << cases << " cases\n";
  return files > 0 ? 0 : 1;
}
