#include "cluster/ssm_backup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombolo::cluster {
namespace {

class SsmBackup final : public store::SecretBackup {
 public:
  SsmBackup(aws::Client& client, aws::Tags tags) : client_(client), tags_(std::move(tags)) {}

  std::string place(const std::string& name) const override { return fmt::format("the SSM parameter {}", name); }

  Result<> store(const std::string& name, const Secret<Bytes>& value, const std::stop_token& stop) override {
    const auto text = as_text(value.expose());
    if (!std::ranges::all_of(text, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r'; }))
      return fail(Code::kBadInput, "only text can be kept in an SSM parameter");
    const Secret<std::string> kept{std::string(text)};
    const aws::CallOptions options{stop, {}};
    // Tags only go with a new parameter.
    auto made = aws::put_secret_parameter(client_, name, kept, tags_, false, options);
    if (made || made.error().code() != Code::kDuplicate) return made;
    return aws::put_secret_parameter(client_, name, kept, {}, true, options);
  }

  Result<Secret<Bytes>> fetch(const std::string& name, const std::stop_token& stop) override {
    return Secret<Bytes>(to_bytes(TRY(aws::get_secret_parameter(client_, name, {stop, {}})).expose()));
  }

  Result<bool> exists(const std::string& name, const std::stop_token& stop) override {
    const auto found = aws::get_parameter(client_, name, {stop, {}});  // without decryption: the value stays sealed
    if (!found && found.error().code() == Code::kNotFound) return false;
    if (!found) return fail(found.error());
    return true;
  }

 private:
  aws::Client& client_;
  aws::Tags tags_;
};

}  // namespace

std::unique_ptr<store::SecretBackup> make_ssm_backup(aws::Client& client, aws::Tags tags) {
  return std::make_unique<SsmBackup>(client, std::move(tags));
}

}  // namespace tombolo::cluster
