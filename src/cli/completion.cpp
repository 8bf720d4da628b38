// tombolo completion: scripts for the shells, drawn from the table of commands, so that they cannot fall behind it.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/parse.hpp"

namespace tombolo::cli {
namespace {

using Lines = std::vector<std::string>;

std::string joined(const Lines& words, std::string_view separator = " ") {
  return fmt::format("{}", fmt::join(words, separator));
}

// A word that may follow a group ("" or "cert"), with what it is about; of a group its commands.
struct Word {
  std::string name;
  std::string summary;
};

std::vector<Word> words_after(const std::vector<Command>& table, const std::string& group) {
  std::vector<Word> words;
  for (const auto& command : table) {
    const auto space = command.path.find(' ');
    if (group.empty()) {
      const auto first = command.path.substr(0, space);
      const bool known = std::any_of(words.begin(), words.end(), [&](const Word& w) { return w.name == first; });
      if (!known)
        words.push_back({first, space == std::string::npos ? command.summary : ""});
      else
        words.back().summary += ", ";
      if (space != std::string::npos) words.back().summary += command.path.substr(space + 1);
    } else if (command.path.starts_with(group + " ")) {
      words.push_back({command.path.substr(group.size() + 1), command.summary});
    }
  }
  return words;
}

Lines names_after(const std::vector<Command>& table, const std::string& group) {
  Lines names;
  for (const auto& word : words_after(table, group)) names.push_back(word.name);
  return names;
}

Lines groups(const std::vector<Command>& table) {
  std::set<std::string> names;
  for (const auto& command : table) {
    const auto space = command.path.find(' ');
    if (space != std::string::npos) names.insert(command.path.substr(0, space));
  }
  return {names.begin(), names.end()};
}

std::vector<Option> options_of(const Command& command) {
  auto options = command.options;
  options.insert(options.end(), global_options().begin(), global_options().end());
  return options;
}

Lines option_words(const std::vector<Option>& options) {
  Lines words;
  for (const auto& option : options) {
    for (const auto& name : all_names(option)) words.push_back(name);
  }
  return words;
}

// How bash completes a value.
std::string bash_values(const std::string& placeholder, const Lines& choices) {
  if (!choices.empty()) return fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))", joined(choices));
  if (placeholder == "DIR") return "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))";
  if (placeholder == "FILE") return "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))";
  return "COMPREPLY=()";
}

std::string bash_case(const std::string& path, const std::vector<Option>& options,
                      const std::vector<Argument>& arguments) {
  auto text = fmt::format("    \"{}\")\n      case \"$prev\" in\n", path);
  for (const auto& option : options) {
    if (option.value.empty()) continue;
    text += fmt::format("        {}) {}; return ;;\n", joined(all_names(option), "|"),
                        bash_values(option.value, option.choices));
  }
  text += "      esac\n";
  text += fmt::format("      if [[ \"$cur\" == -* ]]; then COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return; fi\n",
                      joined(option_words(options)));
  if (!arguments.empty())
    text += fmt::format("      {}\n", bash_values(arguments.front().name, arguments.front().choices));
  return text + "      ;;\n";
}

// The names of options that take a value, so that the word after them is not mistaken for a command.
Lines global_names_with_value() {
  Lines names;
  for (const auto& option : global_options()) {
    if (option.value.empty()) continue;
    for (const auto& name : all_names(option)) names.push_back(name);
  }
  return names;
}

std::string quoted(std::string text, const std::string& special) {
  for (std::size_t at = 0; (at = text.find_first_of(special, at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string single_quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) text.replace(at, 1, "'\\''");
  return "'" + text + "'";
}

std::string zsh_values(const std::string& placeholder, const Lines& choices) {
  if (!choices.empty()) return "(" + joined(choices) + ")";
  if (placeholder == "DIR") return "_files -/";
  if (placeholder == "FILE") return "_files";
  return " ";
}

std::string zsh_case(const Command& command) {
  auto text = fmt::format("    '{}')\n      _arguments -s", command.path);
  for (const auto& option : options_of(command)) {
    const auto names = all_names(option);
    const auto help = quoted(option.help, "[]:\\");
    for (const auto& name : names) {
      auto spec = fmt::format("{}{}{}[{}]", option.repeatable ? "*" : fmt::format("({})", joined(names)), name,
                              option.value.empty()     ? ""
                              : name.starts_with("--") ? "="
                                                       : "+",
                              help);
      if (!option.value.empty()) spec += fmt::format(":{}:{}", option.value, zsh_values(option.value, option.choices));
      text += " \\\n        " + single_quoted(spec);
    }
  }
  for (const auto& argument : command.arguments) {
    text += " \\\n        " + single_quoted(fmt::format("{}:{}:{}", argument.repeatable ? "*" : "", argument.name,
                                                        zsh_values(argument.name, argument.choices)));
  }
  return text + "\n      ;;\n";
}

std::string fish_option(const std::string& condition, const Option& option) {
  auto text = fmt::format("complete -c tombolo -n {}", single_quoted(condition));
  for (const auto& name : all_names(option)) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.value.empty()) {
    text += " -r";
    if (!option.choices.empty())
      text += fmt::format(" -f -a {}", single_quoted(joined(option.choices)));
    else if (option.value == "DIR")
      text += " -f -a '(__fish_complete_directories)'";
    else if (option.value == "FILE")
      text += " -F";
    else
      text += " -f";
  }
  return text + " -d " + single_quoted(option.help) + "\n";
}

}  // namespace

std::string bash_completion(const std::vector<Command>& table) {
  std::string text =
      "# bash completion of tombolo\n_tombolo() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" path=\"\" word i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=\"${COMP_WORDS[i]}\"\n"
      "    case \"$word\" in\n";
  text += fmt::format("      {}) ((i++)); continue ;;\n      -*) continue ;;\n    esac\n",
                      joined(global_names_with_value(), "|"));
  text += fmt::format("    case \"$path\" in\n      \"\"{}) path=\"${{path:+$path }}$word\" ;;\n    esac\n  done\n",
                      groups(table).empty() ? "" : "|" + joined(groups(table), "|"));
  text += "  COMPREPLY=()\n  case \"$path\" in\n";
  for (const auto& command : table) text += bash_case(command.path, options_of(command), command.arguments);
  auto with_words = groups(table);
  with_words.insert(with_words.begin(), "");
  for (const auto& group : with_words) {
    auto argument = Argument{.name = "COMMAND", .choices = names_after(table, group)};
    text += bash_case(group, global_options(), {argument});
  }
  return text + "  esac\n}\ncomplete -F _tombolo tombolo\n";
}

std::string zsh_completion(const std::vector<Command>& table) {
  std::string text =
      "#compdef tombolo\n# zsh completion of tombolo\n_tombolo() {\n  local path_=\"\" word\n"
      "  local -i i at=1\n  local -a commands\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n    word=\"${words[i]}\"\n    case \"$word\" in\n";
  text += fmt::format("      {}) ((i++)); continue ;;\n      -*) continue ;;\n    esac\n",
                      joined(global_names_with_value(), "|"));
  text += fmt::format(
      "    case \"$path_\" in\n      \"\"{}) path_=\"${{path_:+$path_ }}$word\"; at=$i ;;\n    esac\n  done\n",
      groups(table).empty() ? "" : "|" + joined(groups(table), "|"));
  // _arguments counts words: for it the command's own words are no arguments.
  text +=
      "  if ((at > 1)); then words=(tombolo \"${words[@]:$at}\"); ((CURRENT = CURRENT - at + 1)); fi\n"
      "  case \"$path_\" in\n";
  for (const auto& command : table) text += zsh_case(command);
  auto with_words = groups(table);
  with_words.insert(with_words.begin(), "");
  for (const auto& group : with_words) {
    text += fmt::format("    '{}')\n      commands=(", group);
    for (const auto& word : words_after(table, group)) {
      text += "\n        " + single_quoted(quoted(word.name, ":") + ":" + word.summary);
    }
    text += "\n      )\n      _describe 'command' commands\n      ;;\n";
  }
  // Sourced, the script registers itself; autoloaded from $fpath, its first call has to answer.
  return text +
         "  esac\n}\nif [[ \"$funcstack[1]\" == _tombolo ]]; then _tombolo \"$@\"; else compdef _tombolo tombolo; fi\n";
}

std::string fish_completion(const std::vector<Command>& table) {
  std::string text = "# fish completion of tombolo\ncomplete -c tombolo -f\n";
  for (const auto& word : words_after(table, "")) {
    text += fmt::format("complete -c tombolo -n __fish_use_subcommand -a {} -d {}\n", word.name,
                        single_quoted(word.summary));
  }
  for (const auto& group : groups(table)) {
    const auto names = joined(names_after(table, group));
    for (const auto& word : words_after(table, group)) {
      const auto condition =
          fmt::format("__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}", group, names);
      text += fmt::format("complete -c tombolo -n {} -a {} -d {}\n", single_quoted(condition), word.name,
                          single_quoted(word.summary));
    }
  }
  for (const auto& command : table) {
    const auto space = command.path.find(' ');
    auto condition = "__fish_seen_subcommand_from " + command.path.substr(0, space);
    if (space != std::string::npos) condition += "; and __fish_seen_subcommand_from " + command.path.substr(space + 1);
    for (const auto& option : command.options) text += fish_option(condition, option);
    for (const auto& argument : command.arguments) {
      if (!argument.choices.empty()) {
        text += fmt::format("complete -c tombolo -n {} -a {}\n", single_quoted(condition),
                            single_quoted(joined(argument.choices)));
      } else if (argument.name == "FILE" || argument.name == "DIR") {
        text += fmt::format("complete -c tombolo -n {} -F\n", single_quoted(condition));
      }
    }
  }
  for (const auto& option : global_options()) text += fish_option("true", option);
  return text;
}

namespace {

Result<Exit> run_completion(Invocation& call) {
  const auto shell = call.args.argument(0);
  const auto all = make_all(command_table());
  if (shell == "bash") call.console.out << bash_completion(all);
  if (shell == "zsh") call.console.out << zsh_completion(all);
  if (shell == "fish") call.console.out << fish_completion(all);
  return Exit::kDone;
}

}  // namespace

Command make_completion() {
  return {.path = "completion",
          .summary = "Print the completion script of a shell",
          .description =
              "bash: put the first line of the example into ~/.bashrc. zsh: write the script to a file _tombolo in "
              "a folder of $fpath. fish: write it to ~/.config/fish/completions/tombolo.fish.",
          .example =
              "source <(tombolo completion bash)\n"
              "tombolo completion zsh > ~/.zfunc/_tombolo\n"
              "tombolo completion fish > ~/.config/fish/completions/tombolo.fish\n",
          .arguments = {{.name = "SHELL", .help = "The shell", .choices = {"bash", "zsh", "fish"}}},
          .run = run_completion};
}

}  // namespace tombolo::cli
