#include "spec/template.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "codec/yaml.hpp"
#include "spec/fields.hpp"
#include "spec/schema.hpp"

namespace tombolo::spec {
namespace {

constexpr std::size_t kWidth = 100;  // of a comment line

// The model hands out its parts through one untyped door for reading and writing; here nothing is written.
Field::Owner owner_of(const Cluster& cluster) { return const_cast<Cluster*>(&cluster); }

// `hang`: blanks between the # and the words.
std::string comment(std::string_view text, std::size_t indent, std::size_t hang = 1) {
  const std::string margin = std::string(indent, ' ') + '#' + std::string(hang, ' ');
  std::string out;
  std::string line;
  const auto flush = [&] {
    out += margin + line + '\n';
    line.clear();
  };
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    if (!line.empty() && margin.size() + line.size() + 1 + word.size() > kWidth) flush();
    line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  flush();
  return out;
}

std::string scalar(const codec::Json& value) {
  if (const auto* text = value.if_string()) return codec::yaml_scalar({text->data(), text->size()});
  return codec::to_text(value);
}

// A value on one line; "" when there is none.
std::string inline_value(const codec::Json& value) {
  if (value.is_null()) return "";
  const auto* array = value.if_array();
  if (!array) return scalar(value);
  std::vector<std::string> words;
  for (const auto& item : *array) words.push_back(scalar(item));
  return fmt::format("[{}]", fmt::join(words, ", "));
}

void append(const Field& field, Field::Owner owner, std::size_t indent, std::string& out);

void append_items(const Field& field, Field::Owner owner, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  for (const auto& inner : field.fields) out += comment(fmt::format("{}: {}", inner.key, inner.doc), indent, 3);
  const auto items = field.items(owner);
  out += margin + field.key + (items.empty() ? ": []\n" : ":\n");
  for (const auto item : items) {
    std::string dash = margin + "  - ";
    for (const auto& inner : field.fields) {
      const auto value = inline_value(inner.get(item));
      if (value.empty()) continue;
      out += fmt::format("{}{}: {}\n", dash, inner.key, value);
      dash = margin + "    ";
    }
  }
}

void append(const Field& field, Field::Owner owner, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  out += comment(field.doc, indent);
  if (field.type == Type::kBlock) {
    out += margin + field.key + ":\n";
    bool first = true;
    for (const auto& inner : field.fields) {
      if (!first && (inner.type == Type::kBlock || inner.type == Type::kList)) out += '\n';
      append(inner, field.block(owner), indent + 2, out);
      first = false;
    }
  } else if (field.type == Type::kList) {
    append_items(field, owner, indent, out);
  } else {
    const auto value = inline_value(field.get(owner));
    const bool absent = value.empty() || (value == "[]" && !field.example.empty());
    out += absent ? fmt::format("{}# {}: {}\n", margin, field.key, field.example)
                  : fmt::format("{}{}: {}\n", margin, field.key, value);
  }
}

codec::Json json_of(const Field& field, Field::Owner owner) {
  if (field.type == Type::kBlock) {
    codec::JsonObject out;
    for (const auto& inner : field.fields) {
      auto value = json_of(inner, field.block(owner));
      if (!value.is_null()) out[inner.key] = std::move(value);
    }
    return out;
  }
  if (field.type != Type::kList) return field.get(owner);
  codec::JsonArray out;
  for (const auto item : field.items(owner)) {
    codec::JsonObject object;
    for (const auto& inner : field.fields) {
      auto value = json_of(inner, item);
      if (!value.is_null()) object[inner.key] = std::move(value);
    }
    out.push_back(std::move(object));
  }
  return out;
}

}  // namespace

Cluster recipe() {
  Cluster cluster;
  cluster.name = "homelab";
  cluster.home.lan = codec::Cidr(codec::Address::v4(0xc0a80100), 24);  // 192.168.1.0/24
  cluster.workers = {{"gpu", {"g4dn.xlarge"}, 1, 0, 1, Market::kOnDemand, std::chrono::minutes(10)}};
  cluster.secrets = {BackupKind::kOnePassword, "nebula-ca-key", ""};
  return cluster;
}

Result<> move_mesh(Mesh& mesh, const codec::Cidr& to) {
  if (!to.address().is_v4() || to.has_host_bits())
    return fail(Code::kBadInput, fmt::format("{} is no IPv4 network that a mesh can have", to.text()));
  const auto from = mesh.cidr.first().v4_value();
  const auto base = to.first().v4_value();
  const auto moved = [&](const codec::Address& a) { return codec::Address::v4(a.v4_value() - from + base); };
  const auto stays_inside = [&](const codec::Cidr& range) { return to.contains(range) && !range.has_host_bits(); };
  const codec::Cidr range(moved(mesh.worker_range.address()), mesh.worker_range.prefix());
  bool fits = stays_inside(range);
  for (const auto& member : mesh.members) fits = fits && to.contains(moved(member.address));
  if (!fits) {
    return fail(Code::kBadInput, fmt::format("the members' addresses do not fit into the mesh {}", to.text()),
                "Take a mesh as large as the old one, or write members and workers.range by hand.");
  }
  for (auto& member : mesh.members) member.address = moved(member.address);
  mesh.worker_range = range;
  mesh.cidr = to;
  return {};
}

std::string template_text(const Cluster& cluster, std::string_view schema_path) {
  std::string out = editor_hint(schema_path) + "\n" + comment(cluster_file().doc, 0);
  for (const auto& field : cluster_file().fields) {
    if (field.key != "kind") out += '\n';
    if (field.choices.size() == 1)
      out += fmt::format("{}: {}\n", field.key, field.choices.front());
    else
      append(field, owner_of(cluster), 0, out);
  }
  return out;
}

codec::Json to_json(const Cluster& cluster) { return json_of(cluster_file(), owner_of(cluster)); }

}  // namespace tombolo::spec
