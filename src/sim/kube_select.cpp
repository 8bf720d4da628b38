#include "sim/kube_select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace tombolo::sim {
namespace {

using codec::Json;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Commas between brackets part values, not terms.
std::vector<std::string_view> parts(std::string_view text) {
  std::vector<std::string_view> out;
  int depth = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    if (const auto part = trimmed(text.substr(from, i - from)); !part.empty()) out.push_back(part);
    from = i + 1;
  }
  return out;
}

constexpr std::array kEverywhere = {"metadata.name", "metadata.namespace"};
constexpr std::array kOfEvents = {
    "type", "reason", "involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid"};
constexpr std::array kOfPods = {"spec.nodeName", "status.phase", "status.podIP", "spec.restartPolicy"};

const std::string* label(const codec::JsonObject* labels, const std::string& key, std::string& space) {
  const auto* value = labels ? labels->if_contains(key) : nullptr;
  if (!value || !value->is_string()) return nullptr;
  space = std::string(value->get_string());
  return &space;
}

}  // namespace

bool KubeSelector::Term::holds(const std::string* value) const {
  if (any_value) return (value != nullptr) != negated;
  const bool in = value && std::ranges::find(values, *value) != values.end();
  return in != negated;
}

KubeOutcome<std::vector<KubeSelector::Term>> KubeSelector::read_terms(std::string_view text, std::string_view what) {
  std::vector<Term> out;
  const auto wrong = [&] {
    return kube_bad_request(fmt::format("unable to parse requirement of {} \"{}\"", what, text));
  };
  for (auto part : parts(text)) {
    Term term;
    const auto set_form = [&](std::string_view mark, bool negated) {
      const auto at = part.find(mark);
      if (at == part.npos || !part.ends_with(')')) return false;
      term.key = trimmed(part.substr(0, at));
      term.negated = negated;
      const auto begin = part.find('(');
      for (auto value : parts(part.substr(begin + 1, part.size() - begin - 2))) term.values.emplace_back(value);
      return true;
    };
    if (set_form(" notin ", true) || set_form(" in ", false)) {
    } else if (const auto at = part.find_first_of("=!"); at == part.npos || (at == 0 && part[0] == '!')) {
      term.any_value = true;
      term.negated = at == 0;
      term.key = trimmed(part.substr(at == 0 ? 1 : 0));
    } else {
      term.negated = part[at] == '!';
      auto rest = part.substr(at + 1);
      if (term.negated && !rest.starts_with('=')) return wrong();
      if (rest.starts_with('=')) rest.remove_prefix(1);
      term.key = trimmed(part.substr(0, at));
      term.values.emplace_back(trimmed(rest));
    }
    if (term.key.empty() || term.key.find_first_of(" (),=!") != std::string::npos) return wrong();
    out.push_back(std::move(term));
  }
  return out;
}

KubeOutcome<KubeSelector> KubeSelector::read(std::string_view labels, std::string_view fields, const KubeKind& kind) {
  KubeSelector out;
  out.labels_ = ALLOWED(read_terms(labels, "labelSelector"));
  out.fields_ = ALLOWED(read_terms(fields, "fieldSelector"));
  for (const auto& term : out.fields_) {
    const auto named = [&](const char* field) { return term.key == field; };
    const bool known =
        std::ranges::any_of(kEverywhere, named) || (kind.kind == "Pod" && std::ranges::any_of(kOfPods, named)) ||
        (kind.kind == "Event" && std::ranges::any_of(kOfEvents, named)) ||
        (kind.kind == "Namespace" && term.key == "status.phase") || (kind.kind == "Secret" && term.key == "type");
    if (!known || term.any_value)
      return kube_bad_request(
          fmt::format("Unable to find \"{}\" that match label selector \"{}\", field selector \"{}\": "
                      "field label not supported: {}",
                      kind.text(), labels, fields, term.key));
  }
  return out;
}

bool KubeSelector::matches(const Json& object) const {
  std::string space;
  const auto* found = codec::find(object, "metadata.labels");
  const auto* map = found ? found->if_object() : nullptr;
  return std::ranges::all_of(labels_, [&](const Term& t) { return t.holds(label(map, t.key, space)); }) &&
         std::ranges::all_of(fields_, [&](const Term& t) {
           space = codec::text_at(object, t.key);
           return t.holds(&space);
         });
}

bool selector_matches(const Json& selector, const Json& labels) {
  std::string space;
  const auto* map = labels.if_object();
  if (const auto* wanted = codec::find(selector, "matchLabels"); wanted && wanted->is_object())
    for (const auto& [key, value] : wanted->get_object()) {
      const auto* has = label(map, std::string(key), space);
      if (!has || !value.is_string() || *has != std::string_view(value.get_string())) return false;
    }
  const auto* expressions = codec::find(selector, "matchExpressions");
  if (!expressions || !expressions->is_array()) return true;
  return std::all_of(expressions->get_array().begin(), expressions->get_array().end(), [&](const Json& e) {
    const auto* has = label(map, codec::text_at(e, "key"), space);
    const auto operation = codec::text_at(e, "operator");
    if (operation == "Exists") return has != nullptr;
    if (operation == "DoesNotExist") return has == nullptr;
    const auto* values = codec::find(e, "values");
    const bool in = has && values && values->is_array() && std::ranges::any_of(values->get_array(), [&](const Json& v) {
                      return v.is_string() && std::string_view(v.get_string()) == *has;
                    });
    return in == (operation == "In");
  });
}

}  // namespace tombolo::sim
