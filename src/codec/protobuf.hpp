// The wire format of Protocol Buffers (proto3): numbered fields, no schema. Views point into the caller's bytes.
// Source: "Encoding" in the Protocol Buffers documentation. Groups (wire types 3 and 4) are refused. Errors: kCorrupt.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace tombolo::codec {

enum class WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct ProtoField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t value = 0;  // of kVarint, kFixed32, kFixed64
  ByteView content;         // of kBytes
};

class ProtoReader {
 public:
  explicit ProtoReader(ByteView bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  Result<ProtoField> next();
  Result<std::uint64_t> varint();  // for packed fields: their content is a row of these

 private:
  ByteView rest_;
};

// Appends fields in the order of the calls; as proto3 wants, a caller leaves out what is zero or empty.
class ProtoWriter {
 public:
  ProtoWriter& varint(std::uint32_t field, std::uint64_t value);
  ProtoWriter& bytes(std::uint32_t field, ByteView content);
  ProtoWriter& text(std::uint32_t field, std::string_view content) { return bytes(field, as_bytes(content)); }
  ProtoWriter& packed(std::uint32_t field, const std::vector<std::uint64_t>& values);
  const Bytes& result() const { return out_; }

 private:
  Bytes out_;
};

}  // namespace tombolo::codec
