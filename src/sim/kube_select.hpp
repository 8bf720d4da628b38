// Which objects a list or a watch means: label and field selectors as Kubernetes writes them. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sim/kube_refusal.hpp"

namespace tombolo::sim {

class KubeSelector {
 public:
  // `labels` as "a=b,c!=d,e in (f,g),h,!i", `fields` as "metadata.name=x,status.phase!=Running". 400 for another form, or a field
  // that this kind cannot be selected by.
  static KubeOutcome<KubeSelector> read(std::string_view labels, std::string_view fields, const KubeKind& kind);
  bool matches(const codec::Json& object) const;
  bool everything() const { return labels_.empty() && fields_.empty(); }

 private:
  struct Term {
    std::string key;
    bool negated = false;
    bool any_value = false;
    std::vector<std::string> values;
    bool holds(const std::string* value) const;
  };
  static KubeOutcome<std::vector<Term>> read_terms(std::string_view text, std::string_view what);
  std::vector<Term> labels_;
  std::vector<Term> fields_;
};

// matchLabels and matchExpressions of a selector in an object, on the labels of another one.
bool selector_matches(const codec::Json& selector, const codec::Json& labels);

}  // namespace tombolo::sim
