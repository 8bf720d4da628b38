// Nebula's rules for certificates, shared by those who issue and those who verify. Pure.
#pragma once
#include "nebula/certificate.hpp"

namespace tombolo::nebula {

// What a certificate must be by itself: names, networks, versions, keys. kBadInput with the reason.
Result<> check_by_itself(const Details& details);
// What `member` must be to be issued by `authority`: validity inside, groups, networks, curve. kBadInput with the
// reason.
Result<> check_constraints(const Details& authority, const Details& member);

}  // namespace tombolo::nebula
