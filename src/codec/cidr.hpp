// IP addresses and prefixes, v4 and v6. Text forms: RFC 4632 and RFC 5952 (lower case, shortest v6).
// Parsing fails with kBadInput and a sentence that quotes the text. No zone ids, no leading zeros, no short v4 forms.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace tombolo::codec {

class Address {
 public:
  Address() = default;                          // 0.0.0.0
  static Address v4(std::uint32_t host_order);
  static Result<Address> parse(std::string_view text);
  static Result<Address> from_bytes(ByteView bytes);  // 4 or 16, network order

  bool is_v4() const { return v4_; }
  int bits() const { return v4_ ? 32 : 128; }
  std::uint32_t v4_value() const;               // host order; only when is_v4()
  Bytes bytes() const;                          // 4 or 16, network order
  std::string text() const;
  bool is_unspecified() const;
  Address next() const;                         // plus one; wraps
  std::strong_ordering operator<=>(const Address& other) const;  // v6 after v4, then numeric
  bool operator==(const Address&) const = default;

 private:
  bool v4_ = true;
  std::array<Byte, 16> bytes_{};                // v4 in the first four
};

// An address with a prefix length. Host bits are kept ("10.42.0.1/16"): Nebula certificates need them.
class Cidr {
 public:
  Cidr() = default;                             // 0.0.0.0/0
  Cidr(Address address, int prefix) : address_(address), prefix_(prefix) {}  // prefix: 0 to address.bits()
  static Result<Cidr> parse(std::string_view text);

  const Address& address() const { return address_; }
  int prefix() const { return prefix_; }
  Cidr network() const;                         // host bits cleared
  bool has_host_bits() const;
  Address first() const;                        // of the network
  Address last() const;
  bool contains(const Address& a) const;
  bool contains(const Cidr& inner) const;       // whole range inside
  bool overlaps(const Cidr& other) const;
  std::string text() const;
  auto operator<=>(const Cidr&) const = default;

 private:
  Address address_;
  int prefix_ = 0;
};

}  // namespace tombolo::codec
