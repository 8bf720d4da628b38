#include "codec/der.hpp"

namespace tombolo::codec {
namespace {

constexpr Byte kLongForm = 0x80;
constexpr Byte kHighTag = 0x1f;  // the tag number goes on in further bytes
constexpr std::size_t kMostLengthBytes = 4;

tl::unexpected<Error> corrupt(const char* why) { return fail(Code::kCorrupt, std::string("damaged DER: ") + why); }

}  // namespace

Result<DerElement> DerReader::next() {
  if (rest_.size() < 2) return corrupt("an element ends too early");
  const Byte tag = rest_[0];
  if ((tag & kHighTag) == kHighTag) return corrupt("a tag of more than one byte");
  std::size_t header = 2;
  std::size_t length = rest_[1];
  if (length >= kLongForm) {
    const std::size_t count = length & 0x7f;
    if (count == 0 || count > kMostLengthBytes) return corrupt("a length that is indefinite or too long");
    if (rest_.size() < header + count) return corrupt("an element ends too early");
    length = 0;
    for (Byte b : rest_.subspan(header, count)) length = length << 8 | b;
    if (rest_[header] == 0 || length < kLongForm) return corrupt("a length that is not in its shortest form");
    header += count;
  }
  if (length > rest_.size() - header) return corrupt("an element ends too early");
  const DerElement element{tag, rest_.subspan(header, length), rest_.first(header + length)};
  rest_ = rest_.subspan(header + length);
  return element;
}

Result<DerElement> DerReader::expect(Byte tag) {
  if (rest_.empty() || rest_[0] != tag) return corrupt("an element is missing or of another kind");
  return next();
}

Result<std::optional<DerElement>> DerReader::optional(Byte tag) {
  if (rest_.empty() || rest_[0] != tag) return std::optional<DerElement>();
  return std::optional<DerElement>(TRY(next()));
}

Result<> DerReader::finish() const {
  if (!rest_.empty()) return corrupt("bytes behind the last element");
  return {};
}

Result<std::int64_t> decode_der_integer(ByteView content) {
  if (content.empty() || content.size() > 8) return corrupt("an integer of no or too many bytes");
  if (content.size() > 1 && ((content[0] == 0 && content[1] < 0x80) || (content[0] == 0xff && content[1] >= 0x80))) {
    return corrupt("an integer that is not in its shortest form");
  }
  std::uint64_t value = content[0] >= 0x80 ? ~std::uint64_t{0} : 0;
  for (Byte b : content) value = value << 8 | b;
  return static_cast<std::int64_t>(value);
}

Bytes encode_der_integer(std::int64_t value) {
  Bytes bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<Byte>(static_cast<std::uint64_t>(value) >> shift));
  std::size_t spare = 0;
  while (spare < 7 &&
         ((bytes[spare] == 0 && bytes[spare + 1] < 0x80) || (bytes[spare] == 0xff && bytes[spare + 1] >= 0x80)))
    ++spare;
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(spare));
  return bytes;
}

void put_der(Bytes& out, Byte tag, ByteView content) {
  out.push_back(tag);
  const std::size_t length = content.size();
  if (length < kLongForm) {
    out.push_back(static_cast<Byte>(length));
  } else {
    int count = 1;
    while (count < 8 && length >> (8 * count) != 0) ++count;
    out.push_back(static_cast<Byte>(kLongForm | count));
    for (int i = count - 1; i >= 0; --i) out.push_back(static_cast<Byte>(length >> (8 * i)));
  }
  out.insert(out.end(), content.begin(), content.end());
}

}  // namespace tombolo::codec
