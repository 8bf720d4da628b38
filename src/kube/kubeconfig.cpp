#include "kube/kubeconfig.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.hpp"
#include "codec/base64.hpp"
#include "codec/yaml.hpp"
#include "kube/yaml_json.hpp"

namespace tombolo::kube {
namespace {

using codec::YamlEntry;
using codec::YamlNode;
using Kind = YamlNode::Kind;

constexpr std::string_view kExecExtension = "client.authentication.k8s.io/exec";

// Reads values out of one file's tree and tells the faults of form.
class Reader {
 public:
  Reader(const std::string& file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  void fault(Position at, int length, std::string message, std::string hint = "") {
    diagnostics_.add({Severity::kError, file_, at, length, "", std::move(message), std::move(hint)});
  }

  std::string where(const YamlNode& node) const { return fmt::format("{}:{}:{}", file_, node.at.line, node.at.column); }

  // The value of a key when it is of that kind; a null counts as absent, as it does to kubectl.
  const YamlNode* value(const YamlNode& parent, std::string_view key, Kind kind) {
    const YamlEntry* entry = parent.kind == Kind::kMapping ? parent.find(key) : nullptr;
    if (!entry || entry->value.refused) return nullptr;
    const YamlNode& node = entry->value;
    if (node.kind == Kind::kScalar && scalar_type(node) == codec::ScalarType::kNull) return nullptr;
    if (node.kind == kind) return &node;
    const auto wanted = kind == Kind::kScalar ? "text" : kind == Kind::kMapping ? "a mapping" : "a list";
    fault(node.at, node.length, fmt::format("{} must be {}, not {}", key, wanted, describe(node)));
    return nullptr;
  }

  std::string text(const YamlNode& parent, std::string_view key) {
    const YamlNode* node = value(parent, key, Kind::kScalar);
    return node ? node->text : "";
  }

  bool flag(const YamlNode& parent, std::string_view key) {
    const YamlNode* node = value(parent, key, Kind::kScalar);
    if (!node) return false;
    if (scalar_type(*node) != codec::ScalarType::kBool)
      fault(node->at, node->length, fmt::format("{} must be true or false", key));
    return node->text == "true" || node->text == "True" || node->text == "TRUE";
  }

  std::vector<std::string> texts(const YamlNode& parent, std::string_view key) {
    std::vector<std::string> out;
    if (const YamlNode* list = value(parent, key, Kind::kSequence))
      for (const YamlNode& item : list->items) {
        if (item.kind == Kind::kScalar)
          out.push_back(item.text);
        else
          fault(item.at, item.length, fmt::format("{} must be a list of texts", key));
      }
    return out;
  }

  std::string path(const YamlNode& parent, std::string_view key) { return from_here(text(parent, key)); }

  std::string from_here(const std::string& path) const {
    if (path.empty() || path.front() == '/') return path;
    return (std::filesystem::path(file_).parent_path() / path).lexically_normal().string();
  }

  Material material(const YamlNode& parent, const std::string& key) {
    Material out{{}, path(parent, key)};
    const std::string data_key = key + "-data";
    if (const YamlNode* node = value(parent, data_key, Kind::kScalar)) {
      std::string packed = node->text;
      std::erase_if(packed, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
      auto bytes = codec::decode_base64(packed);
      if (bytes)
        out.data = Secret<std::string>(std::string(as_text(*bytes)));
      else
        fault(node->at, node->length, fmt::format("{} is not base64: {}", data_key, bytes.error().sentence()),
              fmt::format("Write the whole PEM file in base64 on one line, or its path as {}.", key));
    }
    return out;
  }

 private:
  const std::string& file_;
  Diagnostics& diagnostics_;
};

ClusterEntry read_cluster(Reader& reader, const YamlNode& node) {
  ClusterEntry out;
  out.server = reader.text(node, "server");
  out.authority = reader.material(node, "certificate-authority");
  out.tls_server_name = reader.text(node, "tls-server-name");
  out.proxy_url = reader.text(node, "proxy-url");
  out.insecure = reader.flag(node, "insecure-skip-tls-verify");
  if (const YamlNode* extensions = reader.value(node, "extensions", Kind::kSequence))
    for (const YamlNode& extension : extensions->items)
      if (extension.kind == Kind::kMapping && reader.text(extension, "name") == kExecExtension)
        if (const YamlEntry* value = extension.find("extension")) out.exec_config = to_json(value->value);
  return out;
}

std::optional<ExecPlugin> read_exec(Reader& reader, const YamlNode& user) {
  const YamlNode* node = reader.value(user, "exec", Kind::kMapping);
  if (!node) return std::nullopt;
  ExecPlugin out;
  out.api_version = reader.text(*node, "apiVersion");
  out.command = reader.text(*node, "command");
  if (out.command.find('/') != std::string::npos) out.command = reader.from_here(out.command);
  out.args = reader.texts(*node, "args");
  if (const YamlNode* env = reader.value(*node, "env", Kind::kSequence))
    for (const YamlNode& item : env->items) {
      if (item.kind == Kind::kMapping)
        out.env.emplace_back(reader.text(item, "name"), reader.text(item, "value"));
      else
        reader.fault(item.at, item.length, "env must be a list of name and value");
    }
  out.install_hint = reader.text(*node, "installHint");
  out.interactive_mode = reader.text(*node, "interactiveMode");
  out.provide_cluster_info = reader.flag(*node, "provideClusterInfo");
  return out;
}

UserEntry read_user(Reader& reader, const YamlNode& node) {
  UserEntry out;
  out.certificate = reader.material(node, "client-certificate");
  out.key = reader.material(node, "client-key");
  out.token = Secret<std::string>(reader.text(node, "token"));
  out.token_file = reader.path(node, "tokenFile");
  out.exec = read_exec(reader, node);
  out.as_user = reader.text(node, "as");
  out.as_uid = reader.text(node, "as-uid");
  out.as_groups = reader.texts(node, "as-groups");
  if (!reader.text(node, "username").empty() || !reader.text(node, "password").empty())
    out.refused = "logs in with a name and a password, which Kubernetes takes no more since 1.19";
  if (reader.value(node, "auth-provider", Kind::kMapping))
    out.refused = "logs in by auth-provider, which Kubernetes gave up with 1.26 in favour of exec plugins";
  return out;
}

ContextEntry read_context(Reader& reader, const YamlNode& node) {
  return {"", "", reader.text(node, "cluster"), reader.text(node, "user"), reader.text(node, "namespace")};
}

// A list of {name, <inner>: {...}}, the form of all three.
template <class Entry, class Read>
std::vector<Entry> read_list(Reader& reader, const YamlNode& root, std::string_view key, std::string_view inner,
                             Read read) {
  std::vector<Entry> out;
  std::set<std::string> names;
  const YamlNode* list = reader.value(root, key, Kind::kSequence);
  if (!list) return out;
  for (const YamlNode& item : list->items) {
    if (item.kind != Kind::kMapping) {
      reader.fault(item.at, item.length, fmt::format("{} must be a list of name and {}", key, inner));
      continue;
    }
    const std::string name = reader.text(item, "name");
    static const YamlNode kNothing = [] {
      YamlNode mapping;
      mapping.kind = Kind::kMapping;
      return mapping;
    }();
    const YamlNode* body = reader.value(item, inner, Kind::kMapping);
    Entry entry = read(reader, body ? *body : kNothing);
    entry.name = name;
    entry.where = reader.where(item);
    if (!names.insert(name).second)
      reader.fault(item.at, item.length, fmt::format("{} has \"{}\" twice", key, name),
                   "Give one of them another name, or take it out.");
    out.push_back(std::move(entry));
  }
  return out;
}

template <class Entry>
const Entry* named(const std::vector<Entry>& entries, std::string_view name) {
  const auto found = std::ranges::find(entries, name, &Entry::name);
  return found == entries.end() ? nullptr : &*found;
}

template <class Entry>
void add_new(std::vector<Entry>& into, std::vector<Entry> more) {
  for (Entry& entry : more)
    if (!named(into, entry.name)) into.push_back(std::move(entry));
}

}  // namespace

const ClusterEntry* Kubeconfig::cluster(std::string_view name) const { return named(clusters, name); }
const UserEntry* Kubeconfig::user(std::string_view name) const { return named(users, name); }
const ContextEntry* Kubeconfig::context(std::string_view name) const { return named(contexts, name); }

std::optional<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  Kubeconfig out;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return out;  // empty files are good ones to kubectl
  Diagnostics own;
  const auto root = codec::parse_yaml(text, file, own);
  if (root) {
    Reader reader(file, own);
    if (root->kind != Kind::kMapping) {
      reader.fault(root->at, root->length, fmt::format("a kubeconfig is a mapping, and this is {}", describe(*root)));
    } else {
      const auto kind = reader.text(*root, "kind");
      if (!kind.empty() && kind != "Config")
        reader.fault(root->find("kind")->value.at, root->find("kind")->value.length,
                     fmt::format("kind is {}, and a kubeconfig's is Config", kind));
      out.clusters = read_list<ClusterEntry>(reader, *root, "clusters", "cluster", read_cluster);
      out.users = read_list<UserEntry>(reader, *root, "users", "user", read_user);
      out.contexts = read_list<ContextEntry>(reader, *root, "contexts", "context", read_context);
      out.current_context = reader.text(*root, "current-context");
    }
  }
  own.sort();
  const bool good = root && !own.has_errors();
  for (const Diagnostic& d : own.list()) diagnostics.add(d);
  if (!good) return std::nullopt;
  return out;
}

void merge(Kubeconfig& into, Kubeconfig more) {
  add_new(into.clusters, std::move(more.clusters));
  add_new(into.users, std::move(more.users));
  add_new(into.contexts, std::move(more.contexts));
  if (into.current_context.empty()) into.current_context = std::move(more.current_context);
}

KubeconfigPlaces kubeconfig_places(const std::string& chosen, std::string_view variable, const std::string& home) {
  if (!chosen.empty()) return {{chosen}, true};
  KubeconfigPlaces out;
  while (!variable.empty()) {
    const auto colon = variable.find(':');
    if (const auto file = variable.substr(0, colon); !file.empty()) out.files.emplace_back(file);
    variable = colon == std::string_view::npos ? std::string_view() : variable.substr(colon + 1);
  }
  if (out.files.empty()) out.files.push_back(home + "/.kube/config");
  return out;
}

Result<Kubeconfig> load_kubeconfig(const KubeconfigPlaces& places, Diagnostics& diagnostics) {
  Kubeconfig out;
  bool any = false;
  for (const std::string& file : places.files) {
    const auto text = read_file(file);
    if (!text && text.error().code() == Code::kNotFound && !places.must_exist) continue;
    if (!text) return fail(Error(text.error()).context("reading the kubeconfig"));
    any = true;
    if (auto parsed = parse_kubeconfig(*text, file, diagnostics)) merge(out, std::move(*parsed));
  }
  if (diagnostics.has_errors()) {
    const auto first = std::ranges::find(diagnostics.list(), Severity::kError, &Diagnostic::severity);
    return fail(Code::kBadInput,
                fmt::format("{}:{}:{}: {}", first->file, first->at.line, first->at.column, first->message),
                first->hint);
  }
  if (!any)
    return fail(Code::kNotFound,
                fmt::format("there is no kubeconfig: {} does not exist", fmt::join(places.files, ", ")),
                "Name one with home.kubeconfig or KUBECONFIG.");
  return out;
}

}  // namespace tombolo::kube
