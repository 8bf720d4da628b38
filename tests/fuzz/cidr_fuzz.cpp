// Text of addresses and networks: what is taken is written in one form, which is taken as the same again.
#include <cstdint>
#include <cstdlib>

#include "codec/cidr.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = Address::parse(text); address && Address::parse(address->text()).value() != *address)
    std::abort();
  const auto cidr = Cidr::parse(text);
  if (!cidr) return 0;
  if (Cidr::parse(cidr->text()).value() != *cidr) std::abort();
  if (!cidr->contains(cidr->address()) || !cidr->overlaps(*cidr) || cidr->first() > cidr->last()) std::abort();
  if (cidr->network().has_host_bits()) std::abort();
  return 0;
}
