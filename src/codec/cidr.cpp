#include "codec/cidr.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tombolo::codec {
namespace {

constexpr std::size_t kLongestAddress = INET6_ADDRSTRLEN;

// Clears every bit behind the prefix.
void clear_host_bits(Bytes& bytes, int prefix) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int kept = std::clamp(prefix - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<Byte>(bytes[i] & (0xff00 >> kept));
  }
}

Address with_bits(Bytes bytes) { return *Address::from_bytes(bytes); }

}  // namespace

Address Address::v4(std::uint32_t host_order) {
  Address a;
  for (int i = 0; i < 4; ++i) a.bytes_[static_cast<std::size_t>(i)] = static_cast<Byte>(host_order >> (24 - 8 * i));
  return a;
}

Result<Address> Address::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::kBadInput, fmt::format("\"{}\" is not an IP address", text.substr(0, kLongestAddress)),
                "Write it like 10.42.0.1 or fd00::1.");
  };
  // inet_pton wants an end mark, and would stop at a NUL inside.
  if (text.empty() || text.size() >= kLongestAddress || text.find('\0') != std::string_view::npos) return wrong();
  const std::string copy(text);
  Address a;
  if (inet_pton(AF_INET, copy.c_str(), a.bytes_.data()) == 1) return a;
  a.v4_ = false;
  if (inet_pton(AF_INET6, copy.c_str(), a.bytes_.data()) == 1) return a;
  return wrong();
}

Result<Address> Address::from_bytes(ByteView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) {
    return fail(Code::kCorrupt, fmt::format("an IP address has 4 or 16 bytes, not {}", bytes.size()));
  }
  Address a;
  a.v4_ = bytes.size() == 4;
  std::copy(bytes.begin(), bytes.end(), a.bytes_.begin());
  return a;
}

std::uint32_t Address::v4_value() const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes_[i];
  return value;
}

Bytes Address::bytes() const { return {bytes_.begin(), bytes_.begin() + bits() / 8}; }

std::string Address::text() const {
  if (v4_) return fmt::format("{}.{}.{}.{}", bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

bool Address::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](Byte b) { return b == 0; });
}

Address Address::next() const {
  Address a = *this;
  for (auto i = static_cast<std::size_t>(bits() / 8); i-- > 0;) {
    if (++a.bytes_[i] != 0) break;
  }
  return a;
}

std::strong_ordering Address::operator<=>(const Address& other) const {
  if (v4_ != other.v4_) return v4_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return bytes_ <=> other.bytes_;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Code::kBadInput,
                fmt::format("\"{}\" is not a network in CIDR form: {}", text.substr(0, 2 * kLongestAddress), why),
                "Write it like 10.42.0.0/16.");
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return wrong("it has no /prefix length");
  auto address = Address::parse(text.substr(0, slash));
  if (!address) return wrong("what stands before the / is not an IP address");
  const auto digits = text.substr(slash + 1);
  int prefix = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const bool whole = error == std::errc() && end == digits.data() + digits.size() && digits.front() != '-';
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (!whole || leading_zero) return wrong("what stands behind the / is not a number");
  if (prefix > address->bits()) return wrong(fmt::format("the prefix length is more than {}", address->bits()));
  return Cidr(*address, prefix);
}

Cidr Cidr::network() const { return {first(), prefix_}; }

bool Cidr::has_host_bits() const { return address_ != first(); }

Address Cidr::first() const {
  auto bytes = address_.bytes();
  clear_host_bits(bytes, prefix_);
  return with_bits(std::move(bytes));
}

Address Cidr::last() const {
  auto bytes = first().bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int kept = std::clamp(prefix_ - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<Byte>(bytes[i] | (0xff >> kept));
  }
  return with_bits(std::move(bytes));
}

bool Cidr::contains(const Address& a) const { return a.is_v4() == address_.is_v4() && first() <= a && a <= last(); }

bool Cidr::contains(const Cidr& inner) const { return inner.prefix_ >= prefix_ && contains(inner.address_); }

bool Cidr::overlaps(const Cidr& other) const { return contains(other.first()) || other.contains(first()); }

std::string Cidr::text() const { return fmt::format("{}/{}", address_.text(), prefix_); }

}  // namespace tombolo::codec
