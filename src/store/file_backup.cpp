// The CA key in a file under a passphrase: secret_backup.hpp.
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "base/files.hpp"
#include "crypto/hash.hpp"
#include "store/secret_backup.hpp"

namespace tombolo::store {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;

class FileBackup final : public SecretBackup {
 public:
  FileBackup(std::string path, AskPassphrase ask, crypto::Argon2Cost cost)
      : path_(std::move(path)), ask_(std::move(ask)), cost_(cost) {}

  std::string place(const std::string&) const override { return fmt::format("the encrypted file {}", path_); }

  Result<> store(const std::string& name, const Secret<Bytes>& value, const std::stop_token&) override {
    const auto short_name = std::filesystem::path(name).filename().string();
    const auto sealed =
        TRY(seal_envelope(short_name.empty() ? kCaKeyBackupName : short_name, value, TRY(ask(true)), cost_));
    return write_file(path_, as_text(sealed), kPrivateFile);
  }

  Result<Secret<Bytes>> fetch(const std::string&, const std::stop_token&) override {
    const auto file = TRY(read_file(path_, kLargestFile));
    TRY(context(parse_envelope(as_bytes(file)), path_));  // before a passphrase is asked for in vain
    auto opened = context(open_envelope(as_bytes(file), TRY(ask(false))), path_);
    if (!opened) known_.reset();
    return opened;
  }

  Result<bool> exists(const std::string&, const std::stop_token&) override { return file_exists(path_); }

 private:
  // Once for the life of this object: what was just stored is read back without another question.
  Result<Secret<std::string>> ask(bool confirm) {
    if (known_) return *known_;
    if (!ask_)
      return fail(Code::kBadInput, fmt::format("{} needs a passphrase, and nobody can be asked for it", path_),
                  "Set TOMBOLO_BACKUP_PASSPHRASE.");
    known_ = TRY(ask_(confirm));
    return *known_;
  }

  std::string path_;
  AskPassphrase ask_;
  crypto::Argon2Cost cost_;
  std::optional<Secret<std::string>> known_;
};

ByteView without_line_end(ByteView text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text = text.first(text.size() - 1);
  return text;
}

}  // namespace

std::unique_ptr<SecretBackup> make_file_backup(std::string path, AskPassphrase ask, crypto::Argon2Cost cost) {
  return std::make_unique<FileBackup>(std::move(path), std::move(ask), cost);
}

bool same_key_text(const Secret<Bytes>& a, const Secret<Bytes>& b) {
  return crypto::equal_in_constant_time(without_line_end(a.expose()), without_line_end(b.expose()));
}

}  // namespace tombolo::store
