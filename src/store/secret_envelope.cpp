#include "store/secret_envelope.hpp"

#include <algorithm>

#include "crypto/random.hpp"

namespace tombolo::store {
namespace {

constexpr std::string_view kMagic = "TMBLSEC";
constexpr char kVersion = '1';
// What a file may ask of us before its passphrase is even known.
constexpr std::uint32_t kMostMemoryKib = 1u << 20;
constexpr std::uint32_t kMostPasses = 100;
constexpr std::uint32_t kMostLanes = 16;

tl::unexpected<Error> broken(std::string_view what) {
  return fail(Code::kCorrupt, std::string("this is not a whole backup file of tombolo: ") + std::string(what),
              "Take another copy of the backup.");
}

void put32(Bytes& into, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) into.push_back(static_cast<Byte>(number >> shift));
}

// Takes from the front; empty when there is not so much.
class Reader {
 public:
  explicit Reader(ByteView bytes) : all_(bytes) {}
  ByteView take(std::size_t count) {
    if (all_.size() - at_ < count) return {};
    const auto part = all_.subspan(at_, count);
    at_ += count;
    return part;
  }
  std::uint32_t take32() {
    std::uint32_t number = 0;
    for (const Byte byte : take(4)) number = number << 8 | byte;
    return number;
  }
  ByteView taken() const { return all_.first(at_); }
  ByteView rest() const { return all_.subspan(at_); }

 private:
  ByteView all_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Envelope> parse_envelope(ByteView file) {
  Reader reader(file);
  const auto magic = as_text(reader.take(kMagic.size() + 1));
  if (!magic.starts_with(kMagic)) return broken("it begins otherwise");
  if (magic.back() != kVersion)
    return fail(Code::kUnsupported, "this backup file has a later format than this version of tombolo knows",
                "Use a newer version to restore it.");
  Envelope envelope;
  envelope.cost.memory_kib = reader.take32();
  envelope.cost.iterations = reader.take32();
  const auto lanes = reader.take(1);
  const auto salt = reader.take(envelope.salt.size());
  const auto nonce = reader.take(envelope.nonce.size());
  const auto length = reader.take(1);
  if (lanes.empty() || salt.empty() || nonce.empty() || length.empty()) return broken("it is cut short");
  const auto name = reader.take(length[0]);
  if (name.empty() || reader.rest().size() < crypto::kGcmTagSize) return broken("it is cut short");
  envelope.cost.parallelism = lanes[0];
  const auto& cost = envelope.cost;
  if (cost.parallelism < 1 || cost.parallelism > kMostLanes || cost.iterations < 1 || cost.iterations > kMostPasses ||
      cost.memory_kib < 8 * cost.parallelism || cost.memory_kib > kMostMemoryKib)
    return broken("its cost of deriving a key is out of range");
  std::ranges::copy(salt, envelope.salt.begin());
  std::ranges::copy(nonce, envelope.nonce.begin());
  envelope.name = as_text(name);
  envelope.header = reader.taken();
  envelope.sealed = reader.rest();
  return envelope;
}

Result<Bytes> seal_envelope(const std::string& name, const Secret<Bytes>& value, const Secret<std::string>& passphrase,
                            const crypto::Argon2Cost& cost) {
  if (name.empty() || name.size() > 255) return fail(Code::kBadInput, "the name of a backup has from 1 to 255 bytes");
  if (passphrase.empty())
    return fail(Code::kBadInput, "an empty passphrase protects nothing", "Choose one of several words.");
  const auto salt = crypto::random_bytes(16);
  crypto::GcmNonce nonce;
  crypto::fill_random(nonce);
  Bytes file = to_bytes(kMagic);
  file.push_back(kVersion);
  put32(file, cost.memory_kib);
  put32(file, cost.iterations);
  file.push_back(static_cast<Byte>(cost.parallelism));
  file.insert(file.end(), salt.begin(), salt.end());
  file.insert(file.end(), nonce.begin(), nonce.end());
  file.push_back(static_cast<Byte>(name.size()));
  file.insert(file.end(), name.begin(), name.end());
  const auto key = TRY(crypto::argon2id(passphrase, salt, cost));
  const auto sealed = crypto::seal_aes256gcm(key, nonce, value.expose(), file);
  file.insert(file.end(), sealed.begin(), sealed.end());
  return file;
}

Result<Secret<Bytes>> open_envelope(ByteView file, const Secret<std::string>& passphrase) {
  const auto envelope = TRY(parse_envelope(file));
  const auto key = TRY(crypto::argon2id(passphrase, envelope.salt, envelope.cost));
  auto value = crypto::open_aes256gcm(key, envelope.nonce, envelope.sealed, envelope.header);
  if (!value && value.error().code() == Code::kUntrusted)
    return fail(Code::kUntrusted, "this passphrase does not open the backup",
                "Try the passphrase again; if it is surely right, the file was changed: take another copy.");
  return value;
}

}  // namespace tombolo::store
