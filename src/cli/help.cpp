#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/parse.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {
namespace {

constexpr int kHelpColumns = 100;

std::string listed(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

// "tombolo cert print [options] FILE...".
std::string usage(const Command& command) {
  auto text = fmt::format("tombolo {} [options]", command.path);
  for (const auto& argument : command.arguments) {
    const auto name = argument.name + (argument.repeatable ? "..." : "");
    text += argument.required ? " " + name : " [" + name + "]";
  }
  return text;
}

// "-f, --file FILE", with short names in a column of their own.
std::string option_names(const Option& option) {
  const auto names = all_names(option);
  auto text = names.front().starts_with("--") ? "    " + listed(names, ", ") : listed(names, ", ");
  if (!option.value.empty()) text += " " + option.value;
  return text;
}

std::string notes(const std::vector<std::string>& choices, const std::string& fallback, bool repeatable) {
  std::vector<std::string> parts;
  if (!choices.empty()) parts.push_back(listed(choices, " or "));
  if (!fallback.empty()) parts.push_back("default: " + fallback);
  if (repeatable) parts.push_back("may be repeated");
  return parts.empty() ? "" : fmt::format(" ({})", listed(parts, "; "));
}

struct HelpRow {
  std::string left;
  std::string right;
};

// Two columns, the right one wrapped.
std::string columns(const std::vector<HelpRow>& rows) {
  int width = 0;
  for (const auto& row : rows) width = std::max(width, display_width(row.left));
  width = std::min(width, 34);
  std::string text;
  for (const auto& row : rows) {
    auto left = row.left;
    if (display_width(left) > width) {
      text += "  " + left + "\n";
      left.clear();
    }
    for (const auto& line : wrap(row.right, kHelpColumns - width - 4)) {
      text += "  " + pad_right(left, width) + "  " + line + "\n";
      left.clear();
    }
  }
  return text;
}

// Paragraphs are separated by an empty line; a line that begins with a blank stands as it is.
std::string paragraphs(const std::string& text, int width) {
  std::string result;
  std::string open;
  const auto close = [&] {
    for (const auto& line : wrap(open, width)) result += line + "\n";
    open.clear();
  };
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, end - from);
    from = end + 1;
    if (line.empty() || line.starts_with(' ')) {
      close();
      result += line + "\n";
    } else {
      open += line + "\n";
    }
  }
  close();
  return result;
}

std::string with_indent(const std::string& text, const std::string& indent) {
  std::string result;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    result += indent + text.substr(from, end - from) + "\n";
    from = end + 1;
  }
  return result;
}

std::vector<HelpRow> help_rows(const std::vector<Option>& options) {
  std::vector<HelpRow> rows;
  for (const auto& option : options) {
    rows.push_back({option_names(option), option.help + notes(option.choices, option.fallback, option.repeatable)});
  }
  return rows;
}

std::vector<HelpRow> help_rows(const std::vector<Argument>& arguments) {
  std::vector<HelpRow> rows;
  for (const auto& argument : arguments) {
    rows.push_back({argument.name, argument.help + notes(argument.choices, "", argument.repeatable)});
  }
  return rows;
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string code_of(std::string left) {
  left.erase(0, left.find_first_not_of(' '));
  return "`" + escaped(left) + "`";
}

std::string markdown_table(const std::string& head, const std::vector<HelpRow>& rows) {
  if (rows.empty()) return "";
  auto text = fmt::format("\n## {}\n\n| | |\n| --- | --- |\n", head);
  for (const auto& row : rows) text += fmt::format("| {} | {} |\n", code_of(row.left), escaped(row.right));
  return text;
}

}  // namespace

std::string help_text(const Command& command) {
  auto text = fmt::format("{}.\n\nUsage: {}\n", command.summary, usage(command));
  if (!command.description.empty()) text += "\n" + paragraphs(command.description, kHelpColumns);
  if (!command.arguments.empty()) text += "\nArguments:\n" + columns(help_rows(command.arguments));
  if (!command.options.empty()) text += "\nOptions:\n" + columns(help_rows(command.options));
  text += "\nOptions of every command:\n" + columns(help_rows(global_options()));
  if (!command.example.empty()) text += "\nExample:\n" + with_indent(command.example, "  ");
  return text;
}

std::string help_text(const std::vector<Command>& table, const std::string& group) {
  std::string text = group.empty() ? "tombolo joins a homelab Kubernetes cluster to AWS, and takes it apart again.\n\n"
                                     "Usage: tombolo COMMAND [options]\n"
                                   : fmt::format("Usage: tombolo {} COMMAND [options]\n", group);
  std::vector<HelpRow> rows;
  for (const auto& command : table) {
    if (group.empty() || command.path.starts_with(group + " ")) rows.push_back({command.path, command.summary});
  }
  text += "\nCommands:\n" + columns(rows) + "\nOptions of every command:\n" + columns(help_rows(global_options()));
  if (group.empty()) {
    text += "\nExit codes: 0 done or nothing to do, 1 failed, 2 changes pending, 3 bad input, 4 cancelled.\n";
  }
  return text + fmt::format("\ntombolo {} --help shows one command with an example.\n",
                            group.empty() ? "COMMAND" : group + " COMMAND");
}

std::string manual_file_name(const Command& command) {
  auto name = command.path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name + ".md";
}

std::string manual_page(const Command& command) {
  auto text = fmt::format("# tombolo {}\n\n{}.\n\n```sh\n{}\n```\n", command.path, command.summary, usage(command));
  if (!command.description.empty()) text += "\n" + paragraphs(command.description, 120);
  text += markdown_table("Arguments", help_rows(command.arguments));
  text += markdown_table("Options", help_rows(command.options));
  text += "\nThe options of every command are in [the list of commands](README.md).\n";
  if (!command.example.empty()) text += fmt::format("\n## Example\n\n```sh\n{}```\n", with_indent(command.example, ""));
  return text;
}

std::string manual_index(const std::vector<Command>& table) {
  std::string text =
      "# Commands\n\nThese pages are what `tombolo COMMAND --help` says; they are written by the program itself\n"
      "(`TOMBOLO_REWRITE_GOLDEN=1 cli_test`).\n\n| | |\n| --- | --- |\n";
  for (const auto& command : table) {
    text +=
        fmt::format("| [`tombolo {}`]({}) | {} |\n", command.path, manual_file_name(command), escaped(command.summary));
  }
  return text + markdown_table("Options of every command", help_rows(global_options())) +
         "\n## Output\n\nData goes to standard output; questions, warnings and errors go to standard error. With `-o "
         "json` a command "
         "that\nprints data prints it as JSON, `up` and `down` print an event on each line, and an error is one line "
         "on "
         "standard\nerror: `{\"error\": {\"code\", \"message\", \"context\", \"remote\", \"hint\"}}`. NO_COLOR is "
         "honoured.\n"
         "\n## Exit codes\n\n| | |\n| --- | --- |\n| 0 | done, or nothing to do |\n| 1 | failed |\n"
         "| 2 | changes pending (`plan --detailed-exitcode`) |\n| 3 | bad input |\n| 4 | cancelled |\n";
}

}  // namespace tombolo::cli
