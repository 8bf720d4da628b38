// gzip (RFC 1952). Equal input gives equal bytes: no time, no file name, no operating system in the header.
#pragma once
#include <cstddef>

#include "base/bytes.hpp"

namespace tombolo::codec {

Bytes gzip(ByteView plain);  // best compression: used for small things that must fit somewhere
// One or more members. kCorrupt: not gzip, damaged, cut short, or something behind it; kBadInput: more than `limit` bytes come out.
Result<Bytes> gunzip(ByteView packed, std::size_t limit);

}  // namespace tombolo::codec
