// What the `cert` commands share: files or "-", lists, durations, keys, the ledger.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "nebula/certificate.hpp"
#include "nebula/key_file.hpp"
#include "nebula/ledger.hpp"
#include "store/state_folder.hpp"

namespace tombolo::cli {

// The file's content, or standard input for "-".
Result<std::string> read_input(const Invocation& call, const std::string& path);
// Standard output for "-"; else a new file with mode 0600. kDuplicate: what is there is never overwritten.
Result<> write_output(const Invocation& call, const std::string& path, std::string_view text);
// kDuplicate when write_output() would refuse; so that a pair is written whole or not at all.
Result<> check_output(const std::string& path);

std::vector<std::string> split_list(std::string_view commas);  // trimmed, empty items left out
Result<std::vector<codec::Cidr>> parse_networks(std::string_view commas);
// As Go writes it: "87600h", "1h30m", "90s"; whole units, and "d" for 24 hours. Longer than zero.
Result<std::chrono::seconds> parse_duration(std::string_view text);

nebula::Seconds now();

// Asks for the passphrase when the key is encrypted (NEBULA_CA_PASSPHRASE, or the terminal).
Result<nebula::SigningKey> read_signing_key(const Invocation& call, const std::string& path);

Result<nebula::Ledger> read_ledger(const store::StateFolder& state);
Result<> write_ledger(const store::StateFolder& state, const nebula::Ledger& ledger);

}  // namespace tombolo::cli
