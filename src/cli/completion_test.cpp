#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "cli/test_support.hpp"

namespace tombolo::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = 0; pipe && (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
  return text;
}

bool have(const std::string& shell) { return !output_of("command -v " + shell).empty(); }

std::string script_file(const std::string& name, const std::string& text) {
  const auto path = ::testing::TempDir() + "tombolo-" + name;
  std::ofstream(path) << text;
  return path;
}

// What bash offers after these words have been typed, the last one being under the cursor.
std::vector<std::string> bash_offers(const std::vector<std::string>& typed) {
  const auto path = script_file("completion.bash", bash_completion(testing::sample_commands()));
  std::string words;
  for (const auto& word : typed) words += " '" + word + "'";
  const auto text = output_of("bash -c \"source " + path + "; COMP_WORDS=(tombolo" + words +
                              "); COMP_CWORD=" + std::to_string(typed.size()) +
                              "; _tombolo 2>/dev/null; printf '%s\\n' \\\"\\${COMPREPLY[@]}\\\"\"");
  std::vector<std::string> offers;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) offers.push_back(line);
  }
  return offers;
}

TEST(BashCompletion, OffersCommandsThenTheirOptionsThenChoices) {
  EXPECT_THAT(bash_offers({""}), UnorderedElementsAre("up", "down", "cert", "completion", "version"));
  EXPECT_THAT(bash_offers({"cer"}), ElementsAre("cert"));
  EXPECT_THAT(bash_offers({"cert", ""}), UnorderedElementsAre("sign", "print"));
  EXPECT_THAT(bash_offers({"cert", "sign", "--n"}), UnorderedElementsAre("--networks", "--name", "--no-color"));
  EXPECT_THAT(bash_offers({"up", "--recreate", ""}), UnorderedElementsAre("lighthouse", "mesh"));
  EXPECT_THAT(bash_offers({"up", "--recreate", "m"}), ElementsAre("mesh"));
  EXPECT_THAT(bash_offers({"completion", "z"}), ElementsAre("zsh"));
}

TEST(BashCompletion, IsNotMisledByGlobalOptions) {
  EXPECT_THAT(bash_offers({"-f", "up", "cert", ""}), UnorderedElementsAre("sign", "print"));
  EXPECT_THAT(bash_offers({"--sim", "up", "--r"}), ElementsAre("--recreate"));
  EXPECT_THAT(bash_offers({"up", "-o", "j"}), ElementsAre("json"));
  EXPECT_THAT(bash_offers({"cert", "sign", "--name", ""}), IsEmpty());
  EXPECT_THAT(bash_offers({"cert", "print", "/et"}), Contains("/etc"));
}

TEST(ZshCompletion, ParsesInZsh) {
  const auto script = zsh_completion(testing::sample_commands());
  EXPECT_THAT(script, HasSubstr("#compdef tombolo"));
  EXPECT_THAT(script, HasSubstr("'(-y --yes)-y[Do not ask]'"));
  EXPECT_THAT(script, HasSubstr("--recreate=[Tear this down first]:WHAT:(lighthouse mesh)"));
  if (!have("zsh")) GTEST_SKIP() << "no zsh on this machine";
  EXPECT_EQ(output_of("zsh -n " + script_file("completion.zsh", script) + " 2>&1"), "");
}

TEST(FishCompletion, OffersCommandsInFish) {
  const auto script = fish_completion(testing::sample_commands());
  EXPECT_THAT(script, HasSubstr("-l recreate -r -f -a 'lighthouse mesh'"));
  if (!have("fish")) GTEST_SKIP() << "no fish on this machine";
  const auto path = script_file("completion.fish", script);
  EXPECT_THAT(output_of("fish -N -c 'source " + path + "; complete -C \"tombolo cert \"'"),
              HasSubstr("sign\tSign a host certificate"));
}

}  // namespace
}  // namespace tombolo::cli
