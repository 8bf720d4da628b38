// tombolo cert import: takes over a folder that nebula-cert filled, such as the recipe's ~/.nebula-ca.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/files.hpp"
#include "cli/cert_support.hpp"
#include "cli/commands.hpp"
#include "cli/passphrase.hpp"
#include "nebula/import.hpp"
#include "nebula/layout.hpp"
#include "store/lock.hpp"

namespace tombolo::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 4096;
constexpr std::size_t kFileLimit = 1u << 20;

Result<std::vector<nebula::FoundFile>> read_files(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) names.push_back(at->path().filename().string());
    if (names.size() > kMostFiles)
      return fail(Code::kBadInput, fmt::format("{} holds more than {} files", folder, kMostFiles));
  }
  if (error) {
    return fail(error == std::errc::no_such_file_or_directory ? Code::kNotFound : Code::kIo,
                fmt::format("{}: {}", folder, error.message()),
                "Name the folder in which `nebula-cert ca` wrote ca.crt and ca.key.");
  }
  std::ranges::sort(names);  // the same folder is read the same way everywhere
  std::vector<nebula::FoundFile> files;
  for (const auto& name : names) {
    const bool ours = name.ends_with(".crt") || name.ends_with(".key");
    files.push_back(
        {name, Secret<std::string>(ours ? TRY(read_file(folder + "/" + name, kFileLimit)) : std::string())});
  }
  return files;
}

struct Placement {
  std::string what;      // for people
  std::string relative;  // inside the state folder
  Secret<std::string> content;
  bool there = false;    // the same content is there already
};

std::vector<Placement> placements(const nebula::Import& found) {
  const nebula::Layout layout("");
  const auto place = [](std::string what, const std::string& path, std::string content) {
    return Placement{std::move(what), path.substr(1), Secret<std::string>(std::move(content))};
  };
  std::vector<Placement> list;
  list.push_back(place("authority's key", layout.home_ca_key(), found.authority_key_pem.expose()));
  list.push_back(place("authority \"" + found.authority->details().name + "\"", layout.home_ca_certificate(),
                       found.authority_pem));
  for (const auto& member : found.members) {
    if (member.key_pem)
      list.push_back(place("key of " + member.name, layout.member_key(member.name), member.key_pem->expose()));
    list.push_back(place("member " + member.name, layout.member_certificate(member.name), member.certificate_pem));
  }
  return list;
}

// Before anything is written: what is there must be the same, or nothing is taken over.
Result<> compare(const store::StateFolder& state, std::vector<Placement>& list) {
  for (auto& placement : list) {
    const auto path = state.path() + "/" + placement.relative;
    if (!file_exists(path)) continue;
    const Secret<std::string> kept(TRY(read_file(path, kFileLimit)));
    if (kept.expose() != placement.content.expose()) {
      return fail(Code::kConflict, fmt::format("{} holds something else than the folder's {}", path, placement.what),
                  "Nothing was taken over. This cluster has certificates already: import into another state folder "
                  "(--state), or move its nebula/ away.");
    }
    placement.there = true;
  }
  return {};
}

void report(Console& console, const nebula::Import& found, const std::vector<Placement>& list) {
  if (console.json) {
    codec::JsonArray files;
    for (const auto& placement : list) {
      files.push_back(codec::JsonObject{{"what", placement.what},
                                        {"file", placement.relative},
                                        {"result", placement.there ? "unchanged" : "imported"}});
    }
    codec::JsonArray left_out;
    for (const auto& note : found.left_out) left_out.emplace_back(note);
    console.print(codec::JsonObject{{"authority", found.authority->fingerprint().text()},
                                    {"files", std::move(files)},
                                    {"leftOut", std::move(left_out)}});
    return;
  }
  for (const auto& placement : list) {
    console.out << fmt::format("{}  {}  ->  {}\n", placement.there ? "unchanged" : "imported ", placement.what,
                               placement.relative);
  }
  for (const auto& note : found.left_out) console.out << "left out   " << note << '\n';
}

Result<Exit> run_cert_import(Invocation& call) {
  const auto files = TRY(read_files(call.args.argument(0)));
  const auto ask = [&] { return ask_passphrase(call, "NEBULA_CA_PASSPHRASE", "ca.key", Ask::kOnce); };
  const auto found = TRY(nebula::read_folder(files, now(), ask));

  const auto state = TRY(store::StateFolder::make(call.state_dir()));
  const auto lock = TRY(store::ClusterLock::acquire(state, "cert import", now()));
  auto ledger = TRY(read_ledger(state));
  auto list = placements(found);
  TRY(compare(state, list));
  for (const auto& placement : list) {
    if (!placement.there) TRY(state.create(placement.relative, placement.content.expose()));
  }
  ledger.add(*found.authority);
  for (const auto& member : found.members) {
    for (const auto& certificate : member.certificates) ledger.add(certificate);
  }
  TRY(write_ledger(state, ledger));
  report(call.console, found, list);
  return Exit::kDone;
}

}  // namespace

Command make_cert_import() {
  return {
      .path = "cert import",
      .summary = "Take over certificates that nebula-cert made",
      .description =
          "Takes over a folder with ca.crt, ca.key and the members' .crt and .key files, so that `tombolo up` goes on "
          "with the same mesh. "
          "Everything is verified first; a key that belongs to another certificate, a member of another authority or a "
          "second "
          "authority in the state folder stops it with the reason, and nothing is changed. The folder itself is only "
          "read. Running it again "
          "changes nothing. An encrypted authority's key stays encrypted; its passphrase is asked for, or taken from "
          "NEBULA_CA_PASSPHRASE, to check that it fits.",
      .example = "tombolo cert import ~/.nebula-ca\n",
      .arguments = {{.name = "DIR", .help = "The folder that holds ca.crt and ca.key"}},
      .prints_data = true,
      .run = run_cert_import};
}

}  // namespace tombolo::cli
