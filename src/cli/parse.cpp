#include "cli/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/diagnostics.hpp"

namespace tombolo::cli {
namespace {

// "-" alone is an argument (standard input), and so is a negative number.
bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && !std::isdigit(static_cast<unsigned char>(word[1]));
}

std::string join(const std::vector<std::string>& words, const std::string& last_separator) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last_separator : ", ";
    text += words[i];
  }
  return text;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const auto near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

std::shared_ptr<const Command> find_command(const CommandTable& table, const std::string& path) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const CommandEntry& c) { return c.path == path; });
  return found == table.end() ? nullptr : std::make_shared<const Command>(found->make());
}

// The words that may follow `group`: {"sign", "print"} after "cert"; the first words of all commands after "".
std::vector<std::string> next_words(const CommandTable& table, const std::string& group) {
  std::vector<std::string> words;
  for (const auto& command : table) {
    std::string rest = command.path;
    if (!group.empty()) {
      if (!rest.starts_with(group + " ")) continue;
      rest.erase(0, group.size() + 1);
    }
    rest = rest.substr(0, rest.find(' '));
    if (std::find(words.begin(), words.end(), rest) == words.end()) words.push_back(rest);
  }
  return words;
}

const Option* find_option(const std::vector<const Option*>& options, const std::string& name) {
  for (const auto* option : options) {
    const auto names = all_names(*option);
    if (std::find(names.begin(), names.end(), name) != names.end()) return option;
  }
  return nullptr;
}

// The command line with the words that name the command taken out of it.
struct Located {
  std::shared_ptr<const Command> command;
  std::string group;
  bool help = false;
  bool version = false;
  std::vector<std::string> rest;
};

// `before` is an option that stands in front of the word, which may have been meant as its value; or "".
tl::unexpected<Error> no_command(const CommandTable& table, const std::string& group, const std::string& word,
                                 const std::string& before) {
  const auto hint = fmt::format("tombolo {}--help lists the commands.", group.empty() ? "" : group + " ");
  std::vector<std::string> globals;
  for (const auto& option : global_options()) globals.push_back(first_long_name(option));
  if (!before.empty() && std::find(globals.begin(), globals.end(), before) == globals.end()) {
    return fail(Code::kBadInput,
                fmt::format("{} {}: before the command only the options of every command may stand{}", before, word,
                            did_you_mean(before, globals)),
                hint);
  }
  return fail(Code::kBadInput,
              fmt::format("there is no command \"{}\"{}", group.empty() ? word : group + " " + word,
                          did_you_mean(word, next_words(table, group))),
              hint);
}

// Options of a command may stand before its name when they take no value; whether an unknown one takes a value
// cannot be known before the command is.
Result<Located> locate(const std::vector<std::string>& words, const CommandTable& table) {
  std::vector<const Option*> globals;
  for (const auto& option : global_options()) globals.push_back(&option);
  Located at;
  bool value_follows = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (std::exchange(value_follows, false) || at.command != nullptr) {
      at.rest.push_back(word);
      continue;
    }
    if (word == "--") {
      at.rest.insert(at.rest.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      return at;
    }
    if (word == "--version" && at.group.empty()) {
      at.version = true;
    } else if (word.starts_with('-')) {
      const auto* global = find_option(globals, word);
      value_follows = global != nullptr && !global->value.empty();
      at.rest.push_back(word);
    } else if (word == "help" && at.group.empty() && !at.help) {
      at.help = true;
    } else {
      const auto path = at.group.empty() ? word : at.group + " " + word;
      at.command = find_command(table, path);
      if (at.command != nullptr && at.command->foreign_words) {
        at.rest.emplace_back("--");
        at.rest.insert(at.rest.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
        return at;
      }
      if (at.command != nullptr) continue;
      if (at.group.empty() && !next_words(table, word).empty()) {
        at.group = word;
        continue;
      }
      return no_command(table, at.group, word, i > 0 && words[i - 1].starts_with("--") ? words[i - 1] : "");
    }
  }
  return at;
}

bool asks_for_help(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::any_of(words.begin(), end, [](const std::string& w) { return w == "--help" || w == "-h"; });
}

// Reads the words after the command's name.
class Reader {
 public:
  explicit Reader(const Command& command) : command_(command) {
    for (const auto& option : command.options) options_.push_back(&option);
    for (const auto& option : global_options()) options_.push_back(&option);
  }

  Result<Arguments> read(const std::vector<std::string>& words) {
    words_ = words;
    for (next_ = 0; next_ < words_.size();) {
      const auto word = words_[next_++];
      if (only_arguments_ || !looks_like_option(word))
        args_.positional.push_back(word);
      else if (word == "--")
        only_arguments_ = true;
      else if (const auto [name, value] = split_long(word); find_option(options_, name) != nullptr)
        TRY(take(name, value));
      else if (word.starts_with("--"))
        return unknown(name);
      else
        TRY(read_short(word));
    }
    for (const auto* option : options_) {
      const auto name = first_long_name(*option);
      if (!args_.said[name] && !option->fallback.empty()) args_.options[name] = {option->fallback};
    }
    TRY(check_positional());
    return std::move(args_);
  }

 private:
  using Value = std::optional<std::string>;

  // "--name=value"; and "-name=value", because nebula-cert's users write long names with one dash.
  static std::pair<std::string, Value> split_long(const std::string& word) {
    const auto equals = word.find('=');
    auto name = word.substr(0, equals);
    if (!name.starts_with("--") && name.size() > 2) name.insert(0, "-");
    if (equals == std::string::npos) return {name, std::nullopt};
    return {name, word.substr(equals + 1)};
  }

  // "-y", "-yv", "-ofile", "-o=file".
  Result<> read_short(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto name = std::string("-") + word[i];
      const auto* option = find_option(options_, name);
      if (option == nullptr) return unknown(i == 1 && word.size() > 2 ? "-" + word.substr(0, word.find('=')) : name);
      if (option->value.empty()) {
        TRY(take(name, std::nullopt));
        continue;
      }
      auto rest = word.substr(i + 1);
      if (rest.empty()) return take(name, std::nullopt);
      if (rest[0] == '=') rest.erase(0, 1);
      return take(name, rest);
    }
    return {};
  }

  // An empty value is refused: it is what a script passes whose variable is not set, and "the default" is never what
  // was meant by it.
  Result<> take(const std::string& name, Value value) {
    const auto& option = *find_option(options_, name);
    const auto key = first_long_name(option);
    if (option.value.empty()) {
      if (value) return usage(fmt::format("{} takes no value", name));
      args_.said[key] = true;
      args_.options[key] = {"true"};
      return {};
    }
    if (!value) {
      if (next_ == words_.size()) return usage(fmt::format("{} needs a value: {} {}", name, name, option.value));
      if (looks_like_option(words_[next_])) {
        return usage(fmt::format("{} needs a value, but {} follows it (write {}={} if that is the value)", name,
                                 words_[next_], key, words_[next_]));
      }
      value = words_[next_++];
    }
    if (value->empty()) return usage(fmt::format("the value of {} is empty", name));
    if (args_.said[key] && !option.repeatable) return usage(fmt::format("{} is given more than once", key));
    TRY(check_choice(name, *value, option.choices));
    args_.said[key] = true;
    args_.options[key].push_back(*value);
    return {};
  }

  Result<> check_positional() {
    const auto& wanted = command_.arguments;
    const auto& given = args_.positional;
    if (given.size() < wanted.size() && wanted[given.size()].required) {
      return usage(fmt::format("{} is missing", wanted[given.size()].name));
    }
    if (given.size() > wanted.size() && (wanted.empty() || !wanted.back().repeatable)) {
      return usage(fmt::format("\"{}\" is one argument too many", given[wanted.size()]));
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
      const auto& argument = wanted[std::min(i, wanted.size() - 1)];
      TRY(check_choice(argument.name, given[i], argument.choices));
    }
    return {};
  }

  Result<> check_choice(const std::string& what, const std::string& value, const std::vector<std::string>& choices) {
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
    return usage(
        fmt::format("{} is {}, not \"{}\"{}", what, join(choices, " or "), value, did_you_mean(value, choices)));
  }

  tl::unexpected<Error> unknown(const std::string& name) {
    std::vector<std::string> long_names;
    for (const auto* option : options_) {
      for (const auto& one : all_names(*option)) {
        if (one.starts_with("--")) long_names.push_back(one);
      }
    }
    const auto written = name.substr(0, name.find('='));
    return usage(
        fmt::format("there is no option {}{}", written, written.size() > 2 ? did_you_mean(written, long_names) : ""));
  }

  tl::unexpected<Error> usage(const std::string& sentence) {
    return fail(Code::kBadInput, sentence, fmt::format("tombolo {} --help shows what it takes.", command_.path));
  }

  const Command& command_;
  std::vector<const Option*> options_;
  std::vector<std::string> words_;
  std::size_t next_ = 0;
  bool only_arguments_ = false;
  Arguments args_;
};

}  // namespace

const std::vector<Option>& global_options() {
  static const std::vector<Option> options = {
      {.names = "-f,--file", .value = "FILE", .help = "The cluster file", .fallback = "tombolo.yaml"},
      {.names = "-o,--output",
       .value = "FORMAT",
       .help = "For people or for programs",
       .fallback = "text",
       .choices = {"text", "json"}},
      {.names = "--state",
       .value = "DIR",
       .help = "Where keys and journal are kept (default: .tombolo, with --sim .tombolo-sim, beside the cluster file)"},
      {.names = "--sim", .help = "Work on the simulated site instead of AWS: no account, no costs"},
      {.names = "--verbose", .help = "Tell what is going on inside, on standard error"},
      {.names = "--no-color", .help = "No colours, as with NO_COLOR=1"},
      {.names = "-h,--help", .help = "This text"},
  };
  return options;
}

Result<Parsed> parse(const std::vector<std::string>& words, const CommandTable& table) {
  auto at = TRY(locate(words, table));
  Parsed parsed;
  parsed.group = at.group;
  parsed.command = at.version && at.command == nullptr ? find_command(table, "version") : at.command;
  if (at.help || asks_for_help(at.rest)) {
    parsed.request = Request::kHelp;
    return parsed;
  }
  if (parsed.command == nullptr) {
    parsed.request = Request::kUsage;
    return parsed;
  }
  parsed.args = TRY(Reader(*parsed.command).read(at.rest));
  return parsed;
}

Preferences preferences(const std::vector<std::string>& words) {
  Preferences wishes;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const auto& word = words[i];
    if (word == "--no-color") wishes.no_color = true;
    if (word == "--output=json" || word == "-ojson" || word == "-o=json") wishes.json = true;
    if ((word == "-o" || word == "--output") && i + 1 < words.size() && words[i + 1] == "json") wishes.json = true;
  }
  return wishes;
}

std::vector<std::string> all_names(const Option& option) {
  std::vector<std::string> names;
  for (std::size_t from = 0; from <= option.names.size();) {
    const auto comma = std::min(option.names.find(',', from), option.names.size());
    names.push_back(option.names.substr(from, comma - from));
    from = comma + 1;
  }
  return names;
}

std::string first_long_name(const Option& option) {
  const auto names = all_names(option);
  const auto found = std::find_if(names.begin(), names.end(), [](const auto& n) { return n.starts_with("--"); });
  return found == names.end() ? names.front() : *found;
}

}  // namespace tombolo::cli
