// The console of a machine over time, as GetConsoleOutput gives it and cloudinit/progress reads it.
#include <gmock/gmock.h>

#include "cloudinit/progress.hpp"
#include "nebula/authority.hpp"
#include "sim/test_support.hpp"

namespace tombolo::sim {
namespace {

using ::testing::HasSubstr;
struct Boot : SimTest {
  std::string console(const std::string& id, bool latest = true) {
    auto answer = ec2("GetConsoleOutput", {{"InstanceId", id}, {"Latest", latest ? "true" : "false"}});
    EXPECT_EQ(answer.code(), "") << answer.message();
    auto text = codec::decode_base64(answer["output"]);
    return text ? std::string(as_text(*text)) : "";
  }
  std::string boot(const std::string& user_data) {
    return run_to_running({{"UserData", codec::encode_base64(as_bytes(user_data))}});
  }
  void change(auto edit) {
    auto options = site.options();
    edit(options);
    site.set_options(options);
  }
};

// A script with the marks of ours: what the simulation goes by.
std::string script(bool waits) {
  std::string text = "#!/bin/bash\nsay() { echo \"tombolo-bootstrap: $*\"; }\n";
  for (auto phase : cloudinit::phases()) text += "\nphase " + std::string(phase) + "\n";
  if (waits) text += "say \"phase=certificate state=waiting\"\n";
  return text;
}

TEST_F(Boot, ConsoleIsEmptyAtFirstAndLaterWithoutLatest) {
  auto id = boot("#!/bin/sh\ntrue\n");
  EXPECT_EQ(console(id), "");
  clock.advance(60s);
  EXPECT_THAT(console(id), HasSubstr("BEGIN SSH HOST KEY KEYS"));
  EXPECT_EQ(console(id, false), "");
  clock.advance(3min);
  EXPECT_THAT(console(id, false), HasSubstr("Linux version"));
}

TEST_F(Boot, PhasesComeInOrderAndEndInSuccess) {
  change([](Options& options) { options.times.phase = 20s; });
  auto id = boot(script(false));
  clock.advance(60s);
  auto early = cloudinit::read_console(console(id));
  ASSERT_NE(early.current(), nullptr);
  EXPECT_FALSE(early.done());
  clock.advance(3min);
  auto late = cloudinit::read_console(console(id));
  EXPECT_TRUE(late.done());
  EXPECT_EQ(late.phases.size(), cloudinit::phases().size());
}

TEST_F(Boot, MachineWaitsForItsCertificateAndPrintsItsPublicKey) {
  auto id = boot(script(true));
  clock.advance(5min);
  auto waiting = cloudinit::read_console(console(id));
  EXPECT_TRUE(waiting.waiting());
  EXPECT_THAT(waiting.public_key_pem, HasSubstr("NEBULA X25519 PUBLIC KEY"));
  const auto authority = *nebula::Authority::create({.name = "mesh"}, nebula::SigningKey::generate());
  const auto certificate = [&](const nebula::PublicKey& key) {
    return authority
        .issue({.name = "lighthouse", .public_key = key, .networks = {*codec::Cidr::parse("10.42.0.1/16")}})
        ->to_pem();
  };
  site.deliver(id, "", certificate(nebula::MemberKey::generate().public_key()));
  clock.advance(2min);
  ASSERT_NE(cloudinit::read_console(console(id)).failed(), nullptr) << "another machine's certificate";
  site.deliver(id, "", certificate(*nebula::parse_public_key(waiting.public_key_pem)));
  clock.advance(2min);
  EXPECT_TRUE(cloudinit::read_console(console(id)).done());
}

TEST_F(Boot, FailedPhaseIsNamedWithTheLog) {
  change([](Options& options) { options.boot.failing_phase = "artefacts"; });
  auto id = boot(script(false));
  clock.advance(5min);
  auto progress = cloudinit::read_console(console(id));
  ASSERT_NE(progress.failed(), nullptr);
  EXPECT_EQ(progress.failed()->name, "artefacts");
  EXPECT_THAT(progress.log, ::testing::Contains(HasSubstr("curl: (22)")));
}

TEST_F(Boot, UserDataThatIsNoScriptIsLeftAlone) {
  auto id = boot("just some text");
  clock.advance(5min);
  EXPECT_THAT(console(id), HasSubstr("Unhandled non-multipart"));
}

TEST_F(Boot, TestsCanWriteTheConsoleThemselves) {
  auto id = run_to_running();
  site.set_console(id, "host key: abc");
  clock.advance(5min);
  EXPECT_EQ(console(id), "host key: abc");
}

TEST_F(Boot, OldHypervisorsHaveNoLatestConsole) {
  auto id = run_to_running({{"InstanceType", "t2.micro"}});
  EXPECT_EQ(ec2("GetConsoleOutput", {{"InstanceId", id}, {"Latest", "true"}}).code(), "UnsupportedOperation");
}

}  // namespace
}  // namespace tombolo::sim
