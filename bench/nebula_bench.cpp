// What a certificate costs, beside what its cryptography alone costs. "ours / crypto only" is the counter to look at:
// at most 1.11 when at least 90 % of the time is cryptography.
#include <benchmark/benchmark.h>

#include <chrono>
#include <ctime>

#include "nebula/authority.hpp"
#include "nebula/trust.hpp"

namespace {

using namespace tombolo;
using namespace tombolo::nebula;

// Processor time of this thread, in nanoseconds: other programs on the machine do not count.
double processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

Authority authority(Version version) {
  return Authority::create(
             {.name = "bench", .version = version, .not_before = Seconds(std::chrono::seconds(1800000000))},
             SigningKey::generate())
      .value();
}

MemberRequest member(Version version, const PublicKey& key) {
  return {.name = "talos-homelab",
          .public_key = key,
          .networks = {codec::Cidr::parse("10.42.1.1/16").value()},
          .groups = {"kubernetes", "homelab"},
          .not_before = Seconds(std::chrono::seconds(1800000000)),
          .version = version};
}

// Checks, encoding, signature, fingerprint, PEM: everything but the member's key.
void sign_certificate(benchmark::State& state) {
  const auto version = static_cast<Version>(state.range(0));
  const auto ca = authority(version);
  const auto request = member(version, MemberKey::generate().public_key());
  for (auto _ : state) benchmark::DoNotOptimize(ca.issue(request).value().to_pem());
}
BENCHMARK(sign_certificate)->Arg(1)->Arg(2);

void ed25519_sign_alone(benchmark::State& state) {
  const auto ca = authority(Version::k1);
  const auto message = ca.issue(member(Version::k1, MemberKey::generate().public_key())).value().signed_bytes();
  for (auto _ : state) benchmark::DoNotOptimize(ca.key().sign(message));
}
BENCHMARK(ed25519_sign_alone);

// Both in turns, so that a busy machine disturbs both alike.
void overhead_of_a_certificate(benchmark::State& state) {
  const auto version = static_cast<Version>(state.range(0));
  const auto ca = authority(version);
  const auto request = member(version, MemberKey::generate().public_key());
  const auto message = ca.issue(request).value().signed_bytes();
  double whole = 0;
  double crypto_only = 0;
  for (auto _ : state) {
    const double begin = processor_time();
    benchmark::DoNotOptimize(ca.issue(request).value().to_pem());
    const double middle = processor_time();
    benchmark::DoNotOptimize(ca.key().sign(message));
    whole += middle - begin;
    crypto_only += processor_time() - middle;
  }
  state.counters["ours / crypto only"] = whole / crypto_only;
}
BENCHMARK(overhead_of_a_certificate)->Arg(1)->Arg(2);

// What `cert sign` does when it makes the member's key as well.
void keygen_and_sign(benchmark::State& state) {
  const auto ca = authority(Version::k1);
  for (auto _ : state) {
    const auto key = MemberKey::generate();
    benchmark::DoNotOptimize(key.to_pem());
    benchmark::DoNotOptimize(ca.issue(member(Version::k1, key.public_key())).value().to_pem());
  }
}
BENCHMARK(keygen_and_sign);

void member_keygen(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(MemberKey::generate());
}
BENCHMARK(member_keygen);

void verify_certificate(benchmark::State& state) {
  const auto ca = authority(Version::k1);
  const auto certificate = ca.issue(member(Version::k1, MemberKey::generate().public_key())).value();
  Trust trust;
  if (!trust.add(ca.certificate())) state.SkipWithError("the authority is refused");
  for (auto _ : state) benchmark::DoNotOptimize(trust.verify(certificate, Seconds(std::chrono::seconds(1800000001))));
}
BENCHMARK(verify_certificate);

}  // namespace
