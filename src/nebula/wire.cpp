#include "nebula/wire.hpp"

#include "nebula/noise.hpp"

namespace tombolo::nebula {
namespace {

constexpr Byte kProtocolVersion = 1;
constexpr std::size_t kWindow = 1024;  // counters remembered, as Nebula does

template <class Integer>
void put(Bytes& out, Integer value) {
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<Byte>(value >> shift));
}

template <class Integer>
Integer get(ByteView bytes) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) value = static_cast<Integer>((value << 8) | bytes[i]);
  return value;
}

}  // namespace

Bytes encode(const Header& header) {
  Bytes out{static_cast<Byte>(kProtocolVersion << 4 | static_cast<Byte>(header.type)), header.subtype, 0, 0};
  put(out, header.remote_index);
  put(out, header.counter);
  return out;
}

std::optional<Header> read_header(ByteView datagram) {
  if (datagram.size() < kHeaderSize || datagram[0] >> 4 != kProtocolVersion) return std::nullopt;
  const Byte type = datagram[0] & 0x0F;
  if (type > static_cast<Byte>(PacketType::kControl)) return std::nullopt;
  return Header{static_cast<PacketType>(type), datagram[1], get<std::uint32_t>(datagram.subspan(4)),
                get<std::uint64_t>(datagram.subspan(8))};
}

Bytes Tunnel::seal(PacketType type, Byte subtype, ByteView content) {
  auto out = encode({type, subtype, remote_, ++sent_});
  const auto sealed = crypto::seal(cipher_, send_, counter_nonce(cipher_, sent_), content, out);
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

Result<Bytes> Tunnel::open(ByteView datagram) {
  const auto header = read_header(datagram);
  if (!header || header->remote_index != local_) return fail(Code::kUntrusted, "a packet of another tunnel");
  const bool old = seen_.size() >= kWindow && header->counter < *seen_.begin();
  if (old || seen_.contains(header->counter)) return fail(Code::kUntrusted, "a packet that was here before");
  const auto plain = TRY(crypto::open(cipher_, receive_, counter_nonce(cipher_, header->counter),
                                      datagram.subspan(kHeaderSize), datagram.first(kHeaderSize)));
  seen_.insert(header->counter);
  if (seen_.size() > kWindow) seen_.erase(seen_.begin());
  return plain.expose();
}

}  // namespace tombolo::nebula
