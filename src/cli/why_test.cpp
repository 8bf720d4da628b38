#include <gmock/gmock.h>

#include "cli/commands.hpp"
#include "cli/run.hpp"
#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using ::testing::HasSubstr;

class WhyCommand : public ::testing::Test {
 protected:
  Exit ask(std::vector<std::string> words) {
    words.insert(words.begin(), "why");
    return run(words, command_table(), screen_.console, Environment{}, {});
  }
  testing::Screen screen_;
};

TEST_F(WhyCommand, ExplainsATextWithoutAnyCluster) {
  EXPECT_EQ(ask({"--text", "denied the request: failed getting quota"}), Exit::kDone);
  EXPECT_THAT(screen_.out.str(), HasSubstr("no-quota\n  cause The cloud has no Quota"));
  EXPECT_THAT(screen_.out.str(), HasSubstr("\n  fix   `tombolo why POD` says which."));
}

TEST_F(WhyCommand, ReadsATextFromStandardInput) {
  screen_.in.str("ERRO: nonce secret already exists with a different nonce: AAAA\n");
  EXPECT_EQ(ask({"-", "-o", "json"}), Exit::kDone);
  const auto said = codec::parse_json(screen_.out.str());
  ASSERT_TRUE(said);
  EXPECT_EQ(codec::text_at(*said, "id"), "nonce-differs");
  EXPECT_THAT(codec::text_at(*said, "fix"), HasSubstr("liqo-signed-nonce"));
}

TEST_F(WhyCommand, SaysThatATextIsNotKnown) {
  EXPECT_EQ(ask({"--text", "all is well"}), Exit::kFailed);
  EXPECT_THAT(screen_.err.str(), HasSubstr("nothing in this text is known"));
}

TEST_F(WhyCommand, WantsToKnowWhatIsAsked) {
  EXPECT_EQ(ask({}), Exit::kBadInput);
  EXPECT_EQ(ask({"pod"}), Exit::kBadInput);
  EXPECT_EQ(ask({"pod/"}), Exit::kBadInput);
  EXPECT_EQ(ask({"hello", "world"}), Exit::kBadInput);
}

}  // namespace
}  // namespace tombolo::cli
