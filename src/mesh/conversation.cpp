#include "mesh/conversation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nebula/handshake.hpp"
#include "nebula/key_file.hpp"

namespace tombolo::mesh {
namespace {

using nebula::PacketType;

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kIcmpHeader = 8;
constexpr Byte kIcmp = 1;
constexpr Byte kEchoRequest = 8;
constexpr Byte kEchoReply = 0;

void put16(Bytes& bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<Byte>(value >> 8);
  bytes[at + 1] = static_cast<Byte>(value);
}

std::uint16_t get16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// RFC 1071.
std::uint16_t checksum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
  while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

bool is_at(ByteView packet, std::size_t at, const codec::Address& address) {
  const auto bytes = address.bytes();
  return std::equal(bytes.begin(), bytes.end(), packet.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

Bytes icmp_echo(const codec::Address& from, const codec::Address& to, std::uint16_t id, std::uint16_t sequence,
                int size) {
  Bytes out(std::max(static_cast<std::size_t>(std::max(size, 0)), kIpHeader + kIcmpHeader));
  out[0] = 0x45;
  put16(out, 2, static_cast<std::uint32_t>(out.size()));
  put16(out, 4, id);
  put16(out, 6, 0x4000);  // don't fragment
  out[8] = 64;
  out[9] = kIcmp;
  std::ranges::copy(from.bytes(), out.begin() + 12);
  std::ranges::copy(to.bytes(), out.begin() + 16);
  put16(out, 10, checksum(ByteView(out).first(kIpHeader)));
  out[kIpHeader] = kEchoRequest;
  put16(out, kIpHeader + 4, id);
  put16(out, kIpHeader + 6, sequence);
  put16(out, kIpHeader + 2, checksum(ByteView(out).subspan(kIpHeader)));
  return out;
}

std::optional<std::uint16_t> echo_reply(ByteView packet, const codec::Address& from, const codec::Address& to,
                                        std::uint16_t id) {
  if (packet.size() < kIpHeader + kIcmpHeader || packet[0] >> 4 != 4 || packet[9] != kIcmp) return std::nullopt;
  const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0F) * 4;
  if (header < kIpHeader || packet.size() < header + kIcmpHeader) return std::nullopt;
  if (!is_at(packet, 12, from) || !is_at(packet, 16, to)) return std::nullopt;
  if (packet[header] != kEchoReply || get16(packet, header + 4) != id) return std::nullopt;
  return get16(packet, header + 6);
}

Conversation::Conversation(const ProbeRequest& request, Dice dice, crypto::Aead cipher, nebula::Certificate ours,
                           nebula::Trust trust, const crypto::X25519Key& key)
    : dice_(std::move(dice)),
      cipher_(cipher),
      us_(ours.details().networks.front().address()),
      wanted_(request.member),
      trust_(std::move(trust)),
      noise_(cipher, key, dice_.ephemeral) {
  nebula::HandshakePayload payload;
  payload.certificate = ours.handshake_form();
  payload.version = ours.details().version;
  payload.initiator_index = dice_.index;
  payload.time = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(dice_.now.time_since_epoch()).count());
  hello_ = nebula::encode(nebula::Header{PacketType::kHandshake, 0, 0, 1});
  const auto first = noise_.write_first(nebula::encode(payload));
  hello_.insert(hello_.end(), first.begin(), first.end());
}

Result<Conversation> Conversation::begin(const ProbeRequest& request, Dice dice) {
  const auto& identity = request.identity;
  auto ours = TRY(context(nebula::parse_certificate(identity.certificate_pem), "reading the probe's certificate"));
  const auto key = TRY(context(nebula::parse_member_key(identity.key_pem.expose()), "reading the probe's key"));
  if (!key.x25519())
    return fail(Code::kUnsupported, "the mesh uses P-256 keys, with which this program cannot shake hands");
  TRY(nebula::check_pair(ours, key.public_key()));
  if (ours.details().networks.empty() || !ours.details().networks.front().address().is_v4())
    return fail(Code::kBadInput, "the probe's certificate has no IPv4 address in the mesh");
  auto trust = TRY(context(nebula::Trust::from_pem(identity.authorities_pem), "reading the mesh's authorities"));
  for (const auto& fingerprint : identity.blocklist) trust.block(nebula::Fingerprint(fingerprint));
  if (identity.cipher != "aes" && identity.cipher != "chachapoly")
    return fail(Code::kBadInput, fmt::format("Nebula knows the ciphers aes and chachapoly, not {}", identity.cipher));
  const auto cipher = identity.cipher == "aes" ? crypto::Aead::kAes256Gcm : crypto::Aead::kChaCha20Poly1305;
  return Conversation(request, std::move(dice), cipher, std::move(ours), std::move(trust), *key.x25519());
}

Conversation::Heard Conversation::hear(ByteView datagram) {
  const auto header = nebula::read_header(datagram);
  if (!header) return {};  // a hole punch, or nobody's business
  if (header->type == PacketType::kHandshake)
    return !tunnel_ && header->remote_index == dice_.index && header->counter == 2 ? finish_handshake(datagram)
                                                                                   : Heard{};
  if (!tunnel_) return {};
  if (header->type == PacketType::kRecvError) {
    // Anybody can send one, so it must name the index that only the two sides know.
    if (header->remote_index != tunnel_->remote_index()) return {};
    return {false, {}, "recv_error", "the member has lost our tunnel: its Nebula was restarted this very moment", {}};
  }
  return hear_message(datagram, *header);
}

Conversation::Heard Conversation::finish_handshake(ByteView datagram) {
  const auto trouble = [](std::string what, std::string detail) {
    return Heard{false, {}, std::move(what), std::move(detail), {}};
  };
  const auto answer = noise_.read_second(datagram.subspan(nebula::kHeaderSize));
  if (!answer) return trouble("bad answer", answer.error().sentence() + "; mesh.cipher may differ between the members");
  const auto payload = nebula::read_handshake_payload(answer->payload);
  if (!payload) return trouble("bad answer", payload.error().sentence());
  if (payload->initiator_index != dice_.index || payload->responder_index == 0)
    return trouble("bad answer", "the answer belongs to another handshake");
  const nebula::PublicKey key{nebula::Curve::k25519, Bytes(answer->theirs.bytes.begin(), answer->theirs.bytes.end())};
  auto member = nebula::Certificate::from_handshake(payload->version, payload->certificate, key);
  if (!member) return trouble("bad answer", member.error().sentence());
  member_ = *member;
  const auto now = std::chrono::floor<std::chrono::seconds>(dice_.now);
  if (auto trusted = trust_.verify(*member, now); !trusted) {
    const bool expired = member->details().not_after < now;
    return trouble(expired ? "certificate expired" : "untrusted certificate",
                   fmt::format("{} (certificate of {})", trusted.error().sentence(), member->details().name));
  }
  const auto& networks = member->details().networks;
  if (std::none_of(networks.begin(), networks.end(), [&](const auto& n) { return n.address() == wanted_; }))
    return trouble("wrong member", fmt::format("{} answers, which is not {}", member->details().name, wanted_.text()));
  tunnel_.emplace(cipher_, answer->send, answer->receive, dice_.index, payload->responder_index);
  Heard out;
  out.tunnel = true;
  return out;
}

Conversation::Heard Conversation::hear_message(ByteView datagram, const nebula::Header& header) {
  const auto content = tunnel_->open(datagram);
  if (!content) return {};
  Heard out;
  if (header.type == PacketType::kTest && header.subtype == 0)
    out.answer = tunnel_->seal(PacketType::kTest, 1, *content);
  if (header.type == PacketType::kCloseTunnel) out.trouble = "closed", out.detail = "the member closed the tunnel";
  if (header.type == PacketType::kMessage && header.subtype == 0)
    out.echo = echo_reply(*content, wanted_, us_, dice_.echo_id);
  return out;
}

Bytes Conversation::echo(std::uint16_t sequence, int size) {
  return tunnel_->seal(PacketType::kMessage, 0, icmp_echo(us_, wanted_, dice_.echo_id, sequence, size));
}

Bytes Conversation::goodbye() { return tunnel_->seal(PacketType::kCloseTunnel, 0, {}); }

}  // namespace tombolo::mesh
