#include "sim/vault.hpp"

#include "base/files.hpp"
#include "codec/url.hpp"

namespace tombolo::sim {

namespace {

class Vault final : public store::SecretBackup {
 public:
  explicit Vault(std::string folder) : folder_(std::move(folder)) {}
  std::string place(const std::string& name) const override { return "the simulated vault, as " + name; }
  Result<> store(const std::string& name, const Secret<Bytes>& value, const std::stop_token&) override {
    TRY(make_private_folder(folder_));
    return write_file(path(name), as_text(value.expose()), kPrivateFile);
  }
  Result<Secret<Bytes>> fetch(const std::string& name, const std::stop_token&) override {
    const Secret<std::string> text(TRY(read_file(path(name))));
    return Secret<Bytes>(to_bytes(text.expose()));
  }
  Result<bool> exists(const std::string& name, const std::stop_token&) override { return file_exists(path(name)); }

 private:
  // A name may be a path of the real place; here it is one file.
  std::string path(const std::string& name) const { return folder_ + "/" + codec::percent_encode(name); }
  std::string folder_;
};

}  // namespace

std::unique_ptr<store::SecretBackup> make_vault(std::string folder) {
  return std::make_unique<Vault>(std::move(folder));
}

}  // namespace tombolo::sim
