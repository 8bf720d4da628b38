#include "crypto/p256.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <optional>

#include "crypto/openssl.hpp"

namespace tombolo::crypto {
namespace {

using Number = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using Point = std::unique_ptr<EC_POINT, FreeWith<EC_POINT_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;

const EC_GROUP* curve() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  must(group != nullptr, "P-256");
  return group;
}

const BIGNUM* order() { return EC_GROUP_get0_order(curve()); }

std::shared_ptr<EVP_PKEY> make_key(const P256Public& half, const BIGNUM* scalar) {
  Builder builder(OSSL_PARAM_BLD_new());
  must(builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, half.bytes.data(),
                                            half.bytes.size()) == 1,
       "P-256");
  if (scalar) must(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1, "P-256");
  Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  must(parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
           EVP_PKEY_fromdata(context.get(), &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters.get()) ==
               1,
       "P-256");
  return std::shared_ptr<EVP_PKEY>(PkeyOwner(key));
}

Bytes encode(const ECDSA_SIG* signature) {
  Bytes bytes(static_cast<std::size_t>(i2d_ECDSA_SIG(signature, nullptr)));
  Byte* end = bytes.data();
  must(i2d_ECDSA_SIG(signature, &end) == static_cast<int>(bytes.size()), "ECDSA");
  return bytes;
}

// Only the one DER spelling, with r and s in 1..N-1.
std::optional<Signature> decode(ByteView bytes) {
  constexpr std::size_t kLongest = 72;
  if (bytes.empty() || bytes.size() > kLongest) return std::nullopt;
  const Byte* at = bytes.data();
  Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(bytes.size())));
  if (!signature || !std::ranges::equal(encode(signature.get()), bytes)) return std::nullopt;
  for (const BIGNUM* number : {ECDSA_SIG_get0_r(signature.get()), ECDSA_SIG_get0_s(signature.get())}) {
    if (BN_is_negative(number) || BN_is_zero(number) || BN_cmp(number, order()) >= 0) return std::nullopt;
  }
  return signature;
}

bool is_low(const BIGNUM* s) {
  Number twice(BN_new());
  must(twice && BN_lshift1(twice.get(), s) == 1, "ECDSA");
  return BN_cmp(twice.get(), order()) <= 0;
}

Bytes with_other_s(const ECDSA_SIG* signature) {
  Number r(BN_dup(ECDSA_SIG_get0_r(signature)));
  Number s(BN_new());
  must(r && s && BN_sub(s.get(), order(), ECDSA_SIG_get0_s(signature)) == 1, "ECDSA");
  Signature other(ECDSA_SIG_new());
  must(other && ECDSA_SIG_set0(other.get(), r.release(), s.release()) == 1, "ECDSA");
  return encode(other.get());
}

tl::unexpected<Error> not_a_signature() { return fail(Code::kBadInput, "these bytes are no P-256 signature"); }

}  // namespace

Result<P256Public> P256Public::from_bytes(ByteView bytes) {
  P256Public half;
  if (bytes.size() != half.bytes.size() || bytes[0] != 4) {
    return fail(Code::kBadInput, "a P-256 public key has 65 bytes, of which the first is 04");
  }
  Point point(EC_POINT_new(curve()));
  must(point != nullptr, "P-256");
  if (EC_POINT_oct2point(curve(), point.get(), bytes.data(), bytes.size(), nullptr) != 1) {
    return fail(Code::kBadInput, "this P-256 public key is not a point of the curve");
  }
  std::ranges::copy(bytes, half.bytes.begin());
  return half;
}

Result<P256Key> P256Key::from_bytes(ByteView scalar) {
  if (scalar.size() != kSize) return fail(Code::kBadInput, "a P-256 private key has 32 bytes");
  Number number(BN_secure_new());
  must(number && BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), number.get()) != nullptr, "P-256");
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), order()) >= 0) {
    return fail(Code::kBadInput, "this P-256 private key is outside the curve's range");
  }
  Point point(EC_POINT_new(curve()));
  P256Public half;
  must(point && EC_POINT_mul(curve(), point.get(), number.get(), nullptr, nullptr, nullptr) == 1 &&
           EC_POINT_point2oct(curve(), point.get(), POINT_CONVERSION_UNCOMPRESSED, half.bytes.data(), half.bytes.size(),
                              nullptr) == half.bytes.size(),
       "P-256");
  return P256Key(make_key(half, number.get()), Secret<Bytes>(Bytes(scalar.begin(), scalar.end())), half);
}

Bytes P256Key::sign(ByteView message) const {
  Bytes bytes(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t size = bytes.size();
  DigestContext context(EVP_MD_CTX_new());
  must(context && EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) == 1 &&
           EVP_DigestSign(context.get(), bytes.data(), &size, message.data(), message.size()) == 1,
       "a P-256 signature");
  bytes.resize(size);
  const auto signature = decode(bytes);
  must(signature.has_value(), "a P-256 signature");
  return is_low(ECDSA_SIG_get0_s(signature->get())) ? bytes : with_other_s(signature->get());
}

bool verify(const P256Public& key, ByteView message, ByteView signature) {
  if (!decode(signature) || !P256Public::from_bytes(key.bytes)) return false;
  const auto pkey = make_key(key, nullptr);
  DigestContext context(EVP_MD_CTX_new());
  must(context && EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, pkey.get(), nullptr) == 1,
       "P-256");
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

Result<Bytes> other_form(ByteView signature) {
  const auto decoded = decode(signature);
  if (!decoded) return not_a_signature();
  return with_other_s(decoded->get());
}

Result<bool> has_low_s(ByteView signature) {
  const auto decoded = decode(signature);
  if (!decoded) return not_a_signature();
  return is_low(ECDSA_SIG_get0_s(decoded->get()));
}

}  // namespace tombolo::crypto
