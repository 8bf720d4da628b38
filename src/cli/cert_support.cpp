#include "cli/cert_support.hpp"

#include <fmt/format.h>

#include <charconv>
#include <istream>
#include <ostream>

#include "base/clock.hpp"
#include "base/files.hpp"
#include "cli/passphrase.hpp"
#include "nebula/layout.hpp"

namespace tombolo::cli {
namespace {

constexpr std::string_view kStandardStream = "-";
constexpr std::size_t kInputLimit = 1u << 20;
constexpr std::int64_t kMostHours = 24 * 365 * 200;

}  // namespace

Result<std::string> read_input(const Invocation& call, const std::string& path) {
  if (path != kStandardStream) return read_file(path, kInputLimit);
  std::string text;
  char buffer[4096];
  while (call.console.in.read(buffer, sizeof buffer) || call.console.in.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(call.console.in.gcount()));
    if (text.size() > kInputLimit)
      return fail(Code::kBadInput, "standard input is larger than a certificate or key can be");
  }
  return text;
}

Result<> check_output(const std::string& path) {
  if (path == kStandardStream || !file_exists(path)) return {};
  return fail(Code::kDuplicate,
              fmt::format("{} is there already, and certificates and keys are never overwritten", path),
              "Move it away, or name another file.");
}

Result<> write_output(const Invocation& call, const std::string& path, std::string_view text) {
  if (path != kStandardStream) {
    TRY(check_output(path));
    return create_file(path, text, kPrivateFile);
  }
  call.console.out << text << std::flush;
  if (!call.console.out) return fail(Code::kIo, "standard output does not take what is written to it");
  return {};
}

std::vector<std::string> split_list(std::string_view commas) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string> items;
  while (!commas.empty()) {
    const auto comma = commas.find(',');
    auto item = commas.substr(0, comma);
    commas = comma == std::string_view::npos ? std::string_view{} : commas.substr(comma + 1);
    const auto first = item.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) continue;
    items.emplace_back(item.substr(first, item.find_last_not_of(kBlanks) - first + 1));
  }
  return items;
}

Result<std::vector<codec::Cidr>> parse_networks(std::string_view commas) {
  std::vector<codec::Cidr> networks;
  for (const auto& item : split_list(commas)) networks.push_back(TRY(codec::Cidr::parse(item)));
  return networks;
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Code::kBadInput, fmt::format("\"{}\" is not a duration: {}", text, why),
                "Write it like 8760h, 90m, or 3650d.");
  };
  std::chrono::seconds total{0};
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc() || count < 0 || count > kMostHours * 3600)
      return wrong("a number is missing, negative or too large");
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty()) return wrong("its unit is missing");
    switch (rest.front()) {
      case 'd': total += std::chrono::hours(24 * count); break;
      case 'h': total += std::chrono::hours(count); break;
      case 'm': total += std::chrono::minutes(count); break;
      case 's': total += std::chrono::seconds(count); break;
      default: return wrong("its units are d, h, m and s");
    }
    if (total > std::chrono::hours(kMostHours)) return wrong("it is longer than 200 years");
    rest.remove_prefix(1);
  }
  if (total <= std::chrono::seconds(0)) return wrong("it must be longer than nothing");
  return total;
}

nebula::Seconds now() { return std::chrono::floor<std::chrono::seconds>(RealClock().now()); }

Result<nebula::SigningKey> read_signing_key(const Invocation& call, const std::string& path) {
  const Secret<std::string> text(TRY(read_input(call, path)));
  auto key = TRY(context(nebula::parse_signing_key(text.expose()), "reading " + path));
  if (const auto* encrypted = std::get_if<nebula::EncryptedKey>(&key)) {
    const auto passphrase = TRY(ask_passphrase(call, "NEBULA_CA_PASSPHRASE", path, Ask::kOnce));
    return context(encrypted->unlock(passphrase), "unlocking " + path);
  }
  return std::get<nebula::SigningKey>(std::move(key));
}

Result<nebula::Ledger> read_ledger(const store::StateFolder& state) {
  const auto path = nebula::Layout(state.path()).ledger();
  if (!file_exists(path)) return nebula::Ledger();
  return context(nebula::Ledger::parse(TRY(read_file(path))), "reading " + path);
}

Result<> write_ledger(const store::StateFolder& state, const nebula::Ledger& ledger) {
  return write_file(nebula::Layout(state.path()).ledger(), ledger.to_text(), kPrivateFile);
}

}  // namespace tombolo::cli
