// The one thing we read in an X.509 certificate: from when and until when it holds. Verifying is TLS's business. Pure; RFC 5280, 4.1.2.5.
#pragma once
#include <string_view>

#include "base/clock.hpp"

namespace tombolo::kube {

struct Validity {
  Time not_before{};
  Time not_after{};
};
// Of the first certificate in a PEM text. Errors: kBadInput, kCorrupt.
Result<Validity> validity(std::string_view pem);
Result<Time> not_after(std::string_view pem);

}  // namespace tombolo::kube
