// tombolo version: what a bug report has to name.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <boost/version.hpp>

#include <ostream>
#include <sstream>
#include <utility>

#include "cli/commands.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string system_name() {
  utsname names{};
  if (uname(&names) != 0) return "unknown";
  return fmt::format("{} {} {}", names.sysname, names.release, names.machine);
}

// Name and version of the libraries this binary was built with (CMake asks pkg-config and passes "name=version ...").
std::vector<std::pair<std::string, std::string>> libraries() {
  std::vector<std::pair<std::string, std::string>> list = {
      {"boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)}};
  std::istringstream words(TOMBOLO_LIBRARIES);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    list.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return list;
}

Result<Exit> run_version(Invocation& call) {
  auto& console = call.console;
  if (console.json) {
    codec::JsonObject built_with;
    for (const auto& [name, version] : libraries()) built_with[name] = version;
    console.print(codec::JsonObject{{"version", TOMBOLO_VERSION},
                                    {"compiler", compiler()},
                                    {"build", TOMBOLO_BUILD_TYPE},
                                    {"system", system_name()},
                                    {"libraries", std::move(built_with)}});
    return Exit::kDone;
  }
  Table table({"", ""});
  table.add({"compiler", compiler()});
  table.add({"build", TOMBOLO_BUILD_TYPE});
  table.add({"system", system_name()});
  for (const auto& [name, version] : libraries()) table.add({name, version});
  console.out << "tombolo " << TOMBOLO_VERSION << '\n' << table.render(2);
  return Exit::kDone;
}

}  // namespace

Command make_version() {
  return {.path = "version",
          .summary = "Print the version of the program and of what it was built with",
          .description = "The first line is \"tombolo\" and the version; the rest is for bug reports.",
          .example = "tombolo version\ntombolo version -o json\n",
          .prints_data = true,
          .run = run_version};
}

}  // namespace tombolo::cli
