// tombolo init: writes the commented cluster file with the recipe's values, changed by flags or by answers.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <ostream>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "cli/report.hpp"
#include "spec/edit.hpp"
#include "spec/load.hpp"
#include "spec/schema.hpp"
#include "spec/template.hpp"

namespace tombolo::cli {
namespace {

constexpr const char* kSchemaFile = "tombolo.schema.json";

// What `init` asks for. Meaning, default and checks come from the table of fields.
struct Question {
  const char* flag;
  const char* placeholder;
  const char* path;
};

constexpr std::array kQuestions{
    Question{"--name", "NAME", "metadata.name"},
    Question{"--region", "REGION", "region"},
    Question{"--kubeconfig", "FILE", "home.kubeconfig"},
    Question{"--context", "NAME", "home.context"},
    Question{"--lan-cidr", "CIDR", "home.lanCIDR"},
    Question{"--mesh-cidr", "CIDR", "mesh.cidr"},
    Question{"--instance-type", "TYPE", "lighthouse.instanceType"},
    Question{"--ssh-from", "CIDR", "lighthouse.sshAllowedFrom"},
    Question{"--worker-types", "TYPES", "workers[0].instanceTypes"},
    Question{"--max-workers", "NUMBER", "workers[0].max"},
    Question{"--backup", "WHERE", "secrets.backup"},
    Question{"--backup-target", "NAME", "secrets.target"},
};

bool is_backup_target(const Question& question) { return std::string_view(question.path) == "secrets.target"; }

// The recipe's cluster; but a backup in 1Password is only for those who have it, so it is asked for.
spec::Cluster beginning() {
  auto cluster = spec::recipe();
  cluster.secrets = {};
  return cluster;
}

Result<> answer(spec::Cluster& cluster, const Question& question, const std::string& text) {
  if (std::string_view(question.path) != "mesh.cidr") return spec::set_field(cluster, question.path, text);
  spec::Cluster checked;
  TRY(spec::set_field(checked, question.path, text));
  return spec::move_mesh(cluster.mesh, checked.mesh.cidr);  // members and the worker range move along
}

// Asks until the answer is good. An empty answer keeps the value. kCancelled at the end of the input.
Result<> ask(Console& console, spec::Cluster& cluster, const Question& question) {
  const auto value = spec::field_text(cluster, question.path);
  console.err << spec::field_doc(question.path) << '\n';
  while (true) {
    const auto typed =
        TRY(read_line(console, fmt::format("  {} [{}]: ", question.path, value.empty() ? "none" : value)));
    if (!typed) return fail(Code::kCancelled, "no answer came, so nothing was written", "--yes takes the defaults.");
    auto line = *typed;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) return {};
    auto taken = answer(cluster, question, line);
    if (taken) return {};
    console.err << "  " << taken.error().sentence() << '\n';
    if (!taken.error().hint().empty()) console.err << "  " << taken.error().hint() << '\n';
  }
}

Result<> fill_in(Invocation& call, spec::Cluster& cluster) {
  const bool asking = !call.args.flag("--yes");
  if (asking && !call.console.interactive) {
    return fail(Code::kBadInput, "nobody is there to answer questions",
                "--yes takes the defaults for everything that no flag says.");
  }
  for (const auto& question : kQuestions) {
    if (call.args.given(question.flag))
      TRY(context(answer(cluster, question, call.args.value(question.flag)), fmt::format("reading {}", question.flag)));
  }
  if (!asking) return {};
  for (const auto& question : kQuestions) {
    if (call.args.given(question.flag) ||
        (is_backup_target(question) && cluster.secrets.backup == spec::BackupKind::kNone))
      continue;
    if (is_backup_target(question)) cluster.secrets.backup_target = spec::recipe().secrets.backup_target;
    TRY(ask(call.console, cluster, question));
  }
  return {};
}

// `tombolo.yaml` for the default file, else with its -f.
std::string with_file(const std::string& command, const std::string& file) {
  return file == "tombolo.yaml" ? command : command + " -f " + file;
}

Result<Exit> run_init(Invocation& call) {
  const auto file = call.file();
  const bool force = call.args.flag("--force");
  if (!force && file_exists(file))
    return fail(Code::kBadInput, fmt::format("{} is there already, and was left as it is", file),
                "--force writes over it; -f names another file.");
  auto cluster = beginning();
  TRY(fill_in(call, cluster));

  // Each value is good by itself; together they may still collide.
  const auto text = spec::template_text(cluster, kSchemaFile);
  Diagnostics diagnostics;
  if (auto loaded = spec::load(text, file, diagnostics); !loaded) {
    report(call.console, diagnostics, text);
    return fail(Code::kBadInput, fmt::format("these values do not go together, so {} was not written", file),
                "Run it again with other values.");
  }
  if (!diagnostics.empty()) report(call.console, diagnostics, text);
  const auto schema_file = (std::filesystem::path(file).parent_path() / kSchemaFile).string();
  TRY(write_file(schema_file, spec::schema_text(), kPublicFile));
  TRY(force ? write_file(file, text, kPublicFile) : create_file(file, text, kPublicFile));
  call.console.out << fmt::format("Wrote {}, and {} for your editor.\n\nNext:\n", file, schema_file);
  call.console.out << fmt::format("  {:<40} checks it after your changes\n", with_file("tombolo validate", file));
  call.console.out << fmt::format("  {:<40} shows what would be made, without asking AWS\n",
                                  with_file("tombolo plan --offline", file));
  call.console.out << fmt::format("  {:<40} makes it\n", with_file("tombolo up", file));
  return Exit::kDone;
}

}  // namespace

Command make_init() {
  Command command{.path = "init",
                  .summary = "Write a commented cluster file to begin with",
                  .description =
                      "Asks for the values that differ from home to home; every other field stands in the file with "
                      "its meaning and its "
                      "default. The defaults are the recipe's own cluster.\n\n"
                      "A file that is there already is never written over without --force.",
                  .example = "tombolo init\ntombolo init --yes --name homelab --region eu-central-1\n",
                  .run = run_init};
  command.options = {{.names = "-y,--yes", .help = "Ask nothing: defaults for everything that no flag says"},
                     {.names = "--force", .help = "Write over an existing file"}};
  const auto defaults = beginning();
  for (const auto& question : kQuestions) {
    auto help = spec::field_doc(question.path);
    if (help.ends_with('.')) help.pop_back();
    const auto value = spec::field_text(defaults, question.path);
    if (!value.empty()) help += fmt::format(" (default {})", value);
    command.options.push_back({.names = question.flag, .value = question.placeholder, .help = help});
  }
  return command;
}

}  // namespace tombolo::cli
