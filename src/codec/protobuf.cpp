#include "codec/protobuf.hpp"

namespace tombolo::codec {
namespace {

constexpr std::uint64_t kHighestFieldNumber = (1u << 29) - 1;

tl::unexpected<Error> damaged(const char* why) { return fail(Code::kCorrupt, std::string("damaged protobuf: ") + why); }

void put_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<Byte>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<Byte>(value));
}

void put_tag(Bytes& out, std::uint32_t field, WireType type) {
  put_varint(out, std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
}

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

Result<std::uint64_t> ProtoReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return damaged("a number ends too early");
    const Byte b = rest_[0];
    rest_ = rest_.subspan(1);
    if (shift == 63 && b > 1) break;
    value |= std::uint64_t{b & 0x7fu} << shift;
    if (b < 0x80) return value;
  }
  return damaged("a number of more than 64 bits");
}

Result<ProtoField> ProtoReader::next() {
  const auto tag = TRY(varint());
  const auto number = tag >> 3;
  if (number == 0 || number > kHighestFieldNumber) return damaged("a field number out of range");
  ProtoField field{static_cast<std::uint32_t>(number), static_cast<WireType>(tag & 7), 0, {}};
  std::size_t size = 0;
  switch (field.type) {
    case WireType::kVarint: field.value = TRY(varint()); return field;
    case WireType::kBytes: {
      const auto length = TRY(varint());
      if (length > rest_.size()) return damaged("a field ends too early");
      size = static_cast<std::size_t>(length);
      break;
    }
    case WireType::kFixed32: size = 4; break;
    case WireType::kFixed64: size = 8; break;
    default: return damaged("a field of an unknown wire type");
  }
  if (size > rest_.size()) return damaged("a field ends too early");
  const ByteView content = rest_.first(size);
  rest_ = rest_.subspan(size);
  if (field.type == WireType::kBytes) {
    field.content = content;
  } else {
    field.value = little_endian(content);
  }
  return field;
}

ProtoWriter& ProtoWriter::varint(std::uint32_t field, std::uint64_t value) {
  put_tag(out_, field, WireType::kVarint);
  put_varint(out_, value);
  return *this;
}

ProtoWriter& ProtoWriter::bytes(std::uint32_t field, ByteView content) {
  put_tag(out_, field, WireType::kBytes);
  put_varint(out_, content.size());
  out_.insert(out_.end(), content.begin(), content.end());
  return *this;
}

ProtoWriter& ProtoWriter::packed(std::uint32_t field, const std::vector<std::uint64_t>& values) {
  Bytes content;
  for (auto value : values) put_varint(content, value);
  return bytes(field, content);
}

}  // namespace tombolo::codec
