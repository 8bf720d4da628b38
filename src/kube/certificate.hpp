// The one thing we read in an X.509 certificate: until when it holds. Verifying is TLS's business. Pure; RFC 5280, 4.1.2.5.
#pragma once
#include <string_view>

#include "base/clock.hpp"

namespace tombolo::kube {

// Of the first certificate in a PEM text. Errors: kBadInput, kCorrupt.
Result<Time> not_after(std::string_view pem);

}  // namespace tombolo::kube
