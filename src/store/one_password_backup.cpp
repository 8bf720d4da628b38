// The CA key as a document in 1Password: secret_backup.hpp. Source: 1Password CLI 2 reference, "document"; the texts of
// its refusals are those that version 2 prints.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/subprocess.hpp"
#include "codec/json.hpp"
#include "store/secret_backup.hpp"

namespace tombolo::store {
namespace {

constexpr auto kPatience = std::chrono::minutes(2);  // `op` may wait for a fingerprint or for a click in its app

constexpr const char* kSignIn =
    "Sign in with `eval $(op signin)`, or turn on the app's command line integration (Settings, Developer), or set "
    "OP_SERVICE_ACCOUNT_TOKEN; then run the same command again.";

struct Refusal {
  std::string_view said;  // in lower case
  Code code;
  std::string_view sentence;
  std::string_view hint;
};

// In this order: the text about a vault also speaks of items.
constexpr std::array kRefusals{
    Refusal{"not currently signed in", Code::kCredentials, "1Password is not signed in", kSignIn},
    Refusal{"no accounts configured", Code::kCredentials, "no 1Password account is set up on this machine", kSignIn},
    Refusal{"no account found", Code::kCredentials, "no 1Password account is set up on this machine", kSignIn},
    Refusal{"session expired", Code::kCredentials, "the 1Password session has expired", kSignIn},
    Refusal{"authorization prompt dismissed", Code::kCredentials, "1Password's question was dismissed", kSignIn},
    Refusal{"authorization timeout", Code::kCredentials, "1Password's question was not answered", kSignIn},
    Refusal{"isn't a vault", Code::kBadInput, "1Password has no vault of that name in this account",
            "`op vault list` shows the vaults; correct secrets.vault in the cluster file, or sign in to the account "
            "that has it."},
    Refusal{"more than one item matches", Code::kConflict, "1Password has several items of that name",
            "Rename or archive all but the right one, or name its vault in secrets.vault."},
    Refusal{"isn't an item", Code::kNotFound, "1Password has no such document",
            "`op document list` shows what is there; `tombolo secrets backup` puts the key there."},
    Refusal{"isn't a document", Code::kConflict, "1Password has an item of that name that is no document",
            "Rename that item, or choose another secrets.target."},
    Refusal{"unknown command", Code::kUnsupported, "this `op` is of version 1",
            "Install version 2 of the 1Password command line program."},
};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// "[ERROR] 2026/11/26 01:10:52 words" -> "words"
std::string_view words_of(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view kPrefix = "[ERROR] ";
  constexpr std::size_t kDate = std::string_view("2026/11/26 01:10:52 ").size();
  if (!text.starts_with(kPrefix)) return text;
  text.remove_prefix(kPrefix.size());
  return text.size() > kDate && text[4] == '/' && text[13] == ':' ? text.substr(kDate) : text;
}

Error refusal_of(const std::string& program, const SubprocessResult& result) {
  const auto said = lower_case(result.err);
  const auto words = std::string(words_of(result.err));
  for (const auto& known : kRefusals)
    if (said.find(known.said) != std::string::npos)
      return Error(known.code, fmt::format("{} (op: {})", known.sentence, words)).hint(std::string(known.hint));
  return Error(Code::kIo, words.empty()
                              ? fmt::format("{} ended with status {} and said nothing", program, result.status)
                              : fmt::format("op: {}", words))
      .hint("Try the same by hand with `op document list`, then run the command again.");
}

class OnePasswordBackup final : public SecretBackup {
 public:
  explicit OnePasswordBackup(OnePasswordPlace place) : place_(std::move(place)) {}

  std::string place(const std::string& name) const override {
    return place_.vault.empty() ? fmt::format("the 1Password document {}", name)
                                : fmt::format("the 1Password document {} in the vault {}", name, place_.vault);
  }

  Result<> store(const std::string& name, const Secret<Bytes>& value, const std::stop_token& stop) override {
    const auto ids = TRY(documents(name, stop));
    if (ids.size() > 1)
      return fail(Code::kConflict, fmt::format("1Password has {} documents named {}", ids.size(), name),
                  "Rename or archive all but the right one.");
    if (ids.empty())
      TRY(op({"document", "create", "-", "--title", name, "--file-name", name + ".key"}, &value, stop));
    else
      TRY(op({"document", "edit", ids.front(), "-"}, &value, stop));
    return {};
  }

  Result<Secret<Bytes>> fetch(const std::string& name, const std::stop_token& stop) override {
    auto printed = TRY(op({"document", "get", name}, nullptr, stop));
    Secret<Bytes> value(to_bytes(printed));
    wipe(printed.data(), printed.size());
    if (value.empty())
      return fail(Code::kCorrupt, fmt::format("{} is empty", place(name)),
                  "Look at it in 1Password, and at its earlier versions.");
    return value;
  }

  Result<bool> exists(const std::string& name, const std::stop_token& stop) override {
    return !TRY(documents(name, stop)).empty();
  }

 private:
  Result<std::vector<std::string>> documents(const std::string& name, const std::stop_token& stop) {
    const auto text = TRY(op({"document", "list", "--format", "json"}, nullptr, stop));
    const auto list = TRY(context(codec::parse_json(text), "reading the list of 1Password documents"));
    std::vector<std::string> ids;
    if (!list.is_array()) return ids;
    for (const auto& document : list.get_array())
      if (codec::text_at(document, "title") == name) ids.push_back(codec::text_at(document, "id"));
    return ids;
  }

  Result<std::string> op(std::vector<std::string> arguments, const Secret<Bytes>* input, const std::stop_token& stop) {
    Subprocess command;
    command.argv = {place_.program};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    if (!place_.vault.empty()) command.argv.insert(command.argv.end(), {"--vault", place_.vault});
    command.timeout = kPatience;
    if (input) command.input = as_text(input->expose());
    auto result = run(command, stop);
    wipe(command.input.data(), command.input.size());
    if (!result && result.error().code() == Code::kNotFound)
      return fail(Code::kUnsupported,
                  fmt::format("the 1Password command line program `{}` is not installed", place_.program),
                  "Install it (version 2) from 1Password, or choose another secrets.backup: file or ssm.");
    if (!result) return fail(std::move(result.error()));
    if (result->status != 0) return fail(refusal_of(place_.program, *result));
    return std::move(result->out);
  }

  OnePasswordPlace place_;
};

}  // namespace

std::unique_ptr<SecretBackup> make_one_password_backup(OnePasswordPlace place) {
  return std::make_unique<OnePasswordBackup>(std::move(place));
}

}  // namespace tombolo::store
