// How failures reach the user: the sentence first, then where, then the remote's own words, then what to do next.
//
//   error: the security group tombolo-home could not be made
//     while applying aws.security-group/lighthouse
//     AWS answered: InvalidGroup.Duplicate, HTTP 400, request 7a62c49f-...
//     Rename the group in the AWS console, or choose another cluster name.
//
// With -o json the same is one line of JSON on err, so that out holds nothing but data:
//   {"error":{"code":"Duplicate","message":...,"context":[outermost first],"remote":{...},"hint":...}}
#pragma once
#include <string>
#include <string_view>

#include "base/diagnostics.hpp"
#include "cli/command.hpp"

namespace tombolo::cli {

// kBadInput: 3, kCancelled: 4, everything else: 1.
Exit exit_of(Code code);

std::string error_text(const Error& error, bool colour);
codec::Json error_json(const Error& error);
// Writes the error to console.err in the form the console asks for; returns exit_of(error.code()).
Exit report(Console& console, const Error& error);

codec::Json diagnostics_json(const Diagnostics& diagnostics);
// All of them to console.err; `text` is the file's content. kBadInput when there is an error among them, else kDone.
Exit report(Console& console, const Diagnostics& diagnostics, std::string_view text);

}  // namespace tombolo::cli
