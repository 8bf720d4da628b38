// What a command is. One command = one .cpp in this folder, which defines one Command, and one page under docs/commands/
// which is generated from it. Parsing, --help and the completion scripts come out of the same description.
#pragma once
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "codec/json.hpp"

namespace tombolo::cli {

// What the shell sees.
enum class Exit { kDone = 0, kFailed = 1, kChangesPending = 2, kBadInput = 3, kCancelled = 4 };

struct Option {
  std::string names = {};  // "--networks,--ip": long form first, aliases after it; "-y,--yes" for a short form
  std::string value = {};  // placeholder such as "CIDR"; "" makes it a flag. FILE and DIR are completed as such
  std::string help = {};  // one sentence without a final stop
  std::string fallback = {};  // shown as the default and given when the user says nothing; "" for none
  std::vector<std::string> choices = {};  // when not empty, nothing else is accepted
  bool repeatable = false;
};

struct Argument {
  std::string name = {};  // "FILE"
  std::string help = {};
  bool required = true;
  bool repeatable = false;  // the last argument only
  std::vector<std::string> choices = {};  // when not empty, nothing else is accepted
};

// What the user wrote, by the first long name of the option ("--networks").
class Arguments {
 public:
  bool flag(const std::string& name) const;
  std::string value(const std::string& name) const;  // "" when not given and without a fallback
  std::vector<std::string> values(const std::string& name) const;  // of a repeatable option
  bool given(const std::string& name) const;  // said by the user, not a fallback
  std::string argument(std::size_t index) const;  // "" past the end
  std::vector<std::string> arguments() const;

  std::map<std::string, std::vector<std::string>> options;
  std::map<std::string, bool> said;
  std::vector<std::string> positional;
};

// Where a command prints. Everything a command says goes through here.
struct Console {
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  bool json = false;  // -o json
  bool terminal = false;  // out is a terminal: live lines allowed
  bool colour = false;  // terminal, and NO_COLOR is not set
  bool interactive = false;  // in is a terminal: questions allowed
  bool error_colour = false;  // the same as colour, for err
  int columns = 100;  // width of the terminal

  void print(const codec::Json& value);  // pretty JSON on out
};

struct Environment {
  std::map<std::string, std::string> variables;  // the process environment
  std::string get(const std::string& name, const std::string& fallback = "") const;
};

struct Invocation {
  const Arguments& args;
  Console& console;
  const Environment& env;
  std::stop_token stop;  // requested by the first Ctrl-C

  // The options every command has.
  std::string file() const;  // -f, default tombolo.yaml
  std::string state_dir() const;  // --state, default .tombolo (with --sim: .tombolo-sim) beside the file
  bool simulated() const;  // --sim
};

struct Command {
  std::string path = {};  // "cert sign"
  std::string summary = {};  // one line, begins with a capital, no final stop
  std::string description = {};  // paragraphs, wrapped by --help; a line that begins with a blank is kept as it is
  std::string example = {};  // shell lines, shown by --help
  std::vector<Option> options = {};
  std::vector<Argument> arguments = {};
  bool prints_data = false;  // understands -o json
  bool foreign_words = false;  // what follows its name is another program's, options and all; ours stand before it
  // An Error is rendered by the caller, with its hint and the exit code of its Code.
  std::function<Result<Exit>(Invocation&)> run = {};
};

// Names a command without making it: describing all of them takes longer than most of them run.
struct CommandEntry {
  std::string path;  // the path of what make() makes
  std::function<Command()> make;
};
using CommandTable = std::vector<CommandEntry>;

// Every command, in the order of --help. commands.cpp lists the functions that make them.
const CommandTable& command_table();
std::vector<Command> make_all(const CommandTable& table);

}  // namespace tombolo::cli
