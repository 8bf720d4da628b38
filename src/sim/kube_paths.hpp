// Walking objects by the paths of managedFields (kube_fields.hpp), in which some lists are maps. Pure.
#pragma once
#include "sim/kube_fields.hpp"

namespace tombolo::sim {

const codec::Json* find_field(const codec::Json& object, const FieldPath& path);  // nullptr when it is not there
// With the objects and list items that become empty thereby.
void erase_field(codec::Json& object, const FieldPath& path);
// Everything of `applied` over what is there. Items of maps and sets are added, other lists replaced.
void merge_fields(codec::Json& into, const codec::Json& applied, bool built_in);
void drop_nulls(codec::Json& value);  // members that are null: as if they had not been written

}  // namespace tombolo::sim
