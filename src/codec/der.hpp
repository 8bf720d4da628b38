// The little of DER (ITU-T X.690) that certificates need: elements with one-byte tags and definite, shortest lengths.
// Views point into the caller's bytes. Every error is kCorrupt.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace tombolo::codec {

struct DerElement {
  Byte tag = 0;
  ByteView content;
  ByteView whole;  // tag, length and content
};

class DerReader {
 public:
  explicit DerReader(ByteView bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  Result<DerElement> next();
  Result<DerElement> expect(Byte tag);                 // the next element must have this tag
  Result<std::optional<DerElement>> optional(Byte tag);  // the next element if it has this tag
  Result<> finish() const;                             // nothing may be left

 private:
  ByteView rest_;
};

// INTEGER content, two's complement in the fewest bytes that hold it.
Result<std::int64_t> decode_der_integer(ByteView content);
Bytes encode_der_integer(std::int64_t value);

// Appends tag, length and content to `out`.
void put_der(Bytes& out, Byte tag, ByteView content);

}  // namespace tombolo::codec
