// One conversation of the prober with a member: handshake, echoes, farewell. Pure: datagrams in, datagrams out.
#pragma once
#include <optional>
#include <string>

#include "mesh/prober.hpp"
#include "nebula/noise.hpp"
#include "nebula/trust.hpp"
#include "nebula/wire.hpp"

namespace tombolo::mesh {

// An IPv4 packet with an ICMP echo request, don't-fragment set (RFC 791, RFC 792). `size` in bytes, header included, at
// least 28.
Bytes icmp_echo(const codec::Address& from, const codec::Address& to, std::uint16_t id, std::uint16_t sequence,
                int size);
// The sequence of the echo reply in an IPv4 packet from `from` to `to` with that id; nothing for anything else.
std::optional<std::uint16_t> echo_reply(ByteView packet, const codec::Address& from, const codec::Address& to,
                                        std::uint16_t id);

// What is random or of this moment, given from outside.
struct Dice {
  crypto::X25519Key ephemeral;
  std::uint32_t index = 1;  // of our side of the tunnel; never 0
  std::uint16_t echo_id = 0;
  Time now{};  // a responder refuses a handshake whose time is not newer than the last
};

class Conversation {
 public:
  // kBadInput for an identity that cannot be read or does not belong together; kUnsupported for P-256.
  static Result<Conversation> begin(const ProbeRequest& request, Dice dice);

  const Bytes& hello() const { return hello_; }  // packet 1: sent again, the same bytes, until there is an answer

  struct Heard {
    bool tunnel = false;  // the handshake is through with this datagram
    std::optional<std::uint16_t> echo;  // sequence of the echo that came back
    std::string trouble, detail;  // as in Probe: the conversation is over
    Bytes answer;  // to be sent back; empty: none
  };
  Heard hear(ByteView datagram);

  bool has_tunnel() const { return tunnel_.has_value(); }
  const nebula::Certificate* member() const { return member_ ? &*member_ : nullptr; }
  // Only with a tunnel.
  Bytes echo(std::uint16_t sequence, int size);
  Bytes goodbye();  // the member forgets the tunnel at once

 private:
  Conversation(const ProbeRequest& request, Dice dice, crypto::Aead cipher, nebula::Certificate ours,
               nebula::Trust trust, const crypto::X25519Key& key);
  Heard finish_handshake(ByteView datagram);
  Heard hear_message(ByteView datagram, const nebula::Header& header);

  Dice dice_;
  crypto::Aead cipher_;
  codec::Address us_;
  codec::Address wanted_;
  nebula::Trust trust_;
  nebula::NoiseInitiator noise_;
  Bytes hello_;
  std::optional<nebula::Tunnel> tunnel_;
  std::optional<nebula::Certificate> member_;
};

}  // namespace tombolo::mesh
