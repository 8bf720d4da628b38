// Nebula's packets on the underlay: the 16-byte header, and what is encrypted behind it. Pure.
// Nebula has no written protocol; the facts were taken from Nebula 1.6.1 to 1.11.1 at work (tests/interop/nebula).
#pragma once
#include <cstdint>
#include <optional>
#include <set>

#include "base/bytes.hpp"
#include "crypto/aead.hpp"

namespace tombolo::nebula {

inline constexpr std::size_t kHeaderSize = 16;  // bytes
inline constexpr std::size_t kOverhead = kHeaderSize + crypto::kAeadTagSize;  // of an inner packet, without UDP and IP

enum class PacketType : Byte {
  kHandshake = 0,
  kMessage = 1,  // subtype 0: an IP packet
  kRecvError = 2,  // not encrypted: the sender knows no tunnel of that index
  kLighthouse = 3,
  kTest = 4,  // subtype 0: request, 1: reply
  kCloseTunnel = 5,
  kControl = 6,
};

struct Header {
  PacketType type = PacketType::kMessage;
  Byte subtype = 0;
  std::uint32_t remote_index = 0;  // the receiver's index of the tunnel
  std::uint64_t counter = 0;
};

Bytes encode(const Header& header);
// Nothing for what is too short, of another version, or of no known type: such datagrams are dropped without a word.
std::optional<Header> read_header(ByteView datagram);

// A tunnel after its handshake, seen from one side. The first two counters count as used by the handshake.
class Tunnel {
 public:
  Tunnel(crypto::Aead cipher, crypto::AeadKey send, crypto::AeadKey receive, std::uint32_t local_index,
         std::uint32_t remote_index)
      : cipher_(cipher),
        send_(std::move(send)),
        receive_(std::move(receive)),
        local_(local_index),
        remote_(remote_index) {}

  std::uint32_t local_index() const { return local_; }
  std::uint32_t remote_index() const { return remote_; }
  Bytes seal(PacketType type, Byte subtype, ByteView content);
  // kUntrusted when it does not open, is for another tunnel, or was here before.
  Result<Bytes> open(ByteView datagram);

 private:
  crypto::Aead cipher_;
  crypto::AeadKey send_;
  crypto::AeadKey receive_;
  std::uint32_t local_;
  std::uint32_t remote_;
  std::uint64_t sent_ = 2;
  std::set<std::uint64_t> seen_{1, 2};  // the newest kWindow counters
};

}  // namespace tombolo::nebula
