// What commands ask of their command line and environment (command.hpp).
#include <filesystem>

#include "cli/command.hpp"

namespace tombolo::cli {

bool Arguments::flag(const std::string& name) const { return given(name); }

std::string Arguments::value(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() || found->second.empty() ? "" : found->second.front();
}

std::vector<std::string> Arguments::values(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>{} : found->second;
}

bool Arguments::given(const std::string& name) const {
  const auto found = said.find(name);
  return found != said.end() && found->second;
}

std::string Arguments::argument(std::size_t index) const { return index < positional.size() ? positional[index] : ""; }

std::vector<std::string> Arguments::arguments() const { return positional; }

std::string Environment::get(const std::string& name, const std::string& fallback) const {
  const auto found = variables.find(name);
  return found == variables.end() ? fallback : found->second;
}

std::string Invocation::file() const {
  const auto name = args.value("--file");
  return name.empty() ? "tombolo.yaml" : name;
}

std::string Invocation::state_dir() const {
  const auto folder = args.value("--state");
  if (!folder.empty()) return folder;
  return (std::filesystem::path(file()).parent_path() / (simulated() ? ".tombolo-sim" : ".tombolo")).string();
}

bool Invocation::simulated() const { return args.flag("--sim"); }

}  // namespace tombolo::cli
