#include "cloudinit/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo::cloudinit {
namespace {

using ::testing::ElementsAre;

std::string run_until(std::string_view last, PhaseState state, std::string_view detail = "") {
  std::string text = "[    1.204] Linux version 6.12\r\n";
  for (auto phase : phases()) {
    text += phase_line(phase, PhaseState::kStarted) + "\r\n";
    text += phase_line(phase, phase == last ? state : PhaseState::kOk, phase == last ? detail : "") + "\r\n";
    if (phase == last) break;
  }
  return text;
}

TEST(Console, SaysNothingBeforeTheFirstPhase) {
  for (auto text : {"", "[    0.000000] Linux version 6.12\n", "tombolo-bootstrap: ", "tombolo-bootstrap: phase=\n"}) {
    const auto p = read_console(text);
    EXPECT_EQ(p.current(), nullptr);
    EXPECT_FALSE(p.done());
  }
}

TEST(Console, ShowsThePhaseThatRuns) {
  const auto p = read_console(run_until("artefacts", PhaseState::kStarted));
  ASSERT_NE(p.current(), nullptr);
  EXPECT_EQ(p.current()->name, "artefacts");
  EXPECT_EQ(p.current()->state, PhaseState::kStarted);
  EXPECT_EQ(p.phases.size(), 2u);
}

TEST(Console, IsDoneWhenTheLastPhaseIsOk) {
  EXPECT_TRUE(read_console(run_until("ready", PhaseState::kOk)).done());
  EXPECT_FALSE(read_console(run_until("nebula-start", PhaseState::kOk)).done());
}

TEST(Console, AFailureComesWithItsDetailAndItsLog) {
  const auto p = read_console(run_until("artefacts", PhaseState::kFailed, "line=80 status=22") +
                              "tombolo-bootstrap: log: curl: (22) The requested URL returned error: 404\n"
                              "cloud-init[812]: Failed to run module scripts-user\n");
  ASSERT_NE(p.failed(), nullptr);
  EXPECT_EQ(p.failed()->name, "artefacts");
  EXPECT_EQ(p.failed()->detail, "line=80 status=22");
  EXPECT_THAT(p.log, ElementsAre("curl: (22) The requested URL returned error: 404"));
  EXPECT_FALSE(p.done());
}

TEST(Console, ANewRunForgetsTheFailureOfTheOldOne) {
  const auto p = read_console(run_until("artefacts", PhaseState::kFailed) + run_until("ready", PhaseState::kOk));
  EXPECT_EQ(p.failed(), nullptr);
  EXPECT_TRUE(p.log.empty());
  EXPECT_TRUE(p.done());
}

TEST(Console, WaitsForTheCertificateAndShowsTheKeyToSign) {
  const auto p = read_console(
      "[   22.1] cloud-init[700]: tombolo-bootstrap: pub: -----BEGIN NEBULA X25519 PUBLIC KEY-----\n"
      "tombolo-bootstrap: pub: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
      "tombolo-bootstrap: pub: -----END NEBULA X25519 PUBLIC KEY-----\n"
      "tombolo-bootstrap: phase=certificate state=waiting file=/etc/nebula/host.crt\n");
  EXPECT_TRUE(p.waiting());
  EXPECT_EQ(p.public_key_pem,
            "-----BEGIN NEBULA X25519 PUBLIC KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
            "-----END NEBULA X25519 PUBLIC KEY-----\n");
}

TEST(Console, HalfAKeyIsNoKey) {
  EXPECT_EQ(
      read_console("tombolo-bootstrap: pub: -----BEGIN NEBULA X25519 PUBLIC KEY-----\ntombolo-bootstrap: pub: AAEC\n")
          .public_key_pem,
      "");
  EXPECT_EQ(read_console("tombolo-bootstrap: pub: -----END NEBULA X25519 PUBLIC KEY-----\n").public_key_pem, "");
}

TEST(Console, PrefixesCarriageReturnsAndRepeatedLinesDoNotMatter) {
  const auto p = read_console(
      "\x1b[0m2026-11-26T01:00:00Z tombolo-bootstrap: phase=system state=start\r\r\n"
      "[ 9.1] cloud-init[7]: tombolo-bootstrap: phase=system state=ok\r\n"
      "tombolo-bootstrap: phase=artefacts state=ok\n"
      "tombolo-bootstrap: phase=artefacts state=start\n"
      "tombolo-bootstrap: phase=unheard-of state=ok\n"
      "tombolo-bootstrap: phase=keys state=unheard-of\n");
  ASSERT_EQ(p.phases.size(), 2u);
  EXPECT_EQ(p.current()->name, "artefacts");
  EXPECT_EQ(p.current()->state, PhaseState::kOk);
}

TEST(Console, AHostileConsoleFillsNoMemory) {
  std::string text = phase_line("system", PhaseState::kFailed) + "\n";
  for (int i = 0; i < 10000; ++i) text += "tombolo-bootstrap: log: x\ntombolo-bootstrap: pub: -----BEGIN x\n";
  const auto p = read_console(text);
  EXPECT_LE(p.log.size(), 50u);
  EXPECT_EQ(p.phases.size(), 1u);
}

}  // namespace
}  // namespace tombolo::cloudinit
