// Whose field is whose: what of an object that we have applied somebody else has changed since. Pure.
// Source: Kubernetes "Server-Side Apply": metadata.managedFields, FieldsV1. Whoever changes a field in another way than by apply
// takes it from its applier, and a field that is removed is nobody's: so a field of ours that is no longer in our entry was
// changed by hand, whatever its value is now.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kube/objects.hpp"

namespace tombolo::kube {

struct LostField {
  std::string path;  // ".spec.template.spec.containers[name="nebula"].image"; "": all of it
  std::string holder;  // the manager that has it now: "kubectl-edit"; "": nobody, it was removed
  bool operator==(const LostField&) const = default;
};

// Of the fields of `applied` those that are not ours any more in `live`. Values of `applied` do not matter, but for the keys of
// its list items. Nothing when the server keeps no account of fields.
std::vector<LostField> lost_fields(const codec::Json& live, const codec::Json& applied,
                                   std::string_view manager = kFieldManager);

// A short text that stays the same as long as the same fields are ours, whoever else has fields; "" when none is. For those who
// no longer have what they applied.
std::string ownership_mark(const codec::Json& live, std::string_view manager = kFieldManager);
// Who else has written fields, other than a status: "kubectl-edit, helm".
std::string other_writers(const codec::Json& live, std::string_view manager = kFieldManager);

// Whether that manager has applied anything of the object.
bool has_applied(const codec::Json& live, std::string_view manager = kFieldManager);

}  // namespace tombolo::kube
