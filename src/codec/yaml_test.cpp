#include "codec/yaml.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace tombolo::codec {
namespace {

using testing::HasSubstr;

YamlNode good(std::string_view text) {
  Diagnostics diagnostics;
  auto root = parse_yaml(text, "f.yaml", diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.render(text);
  return root.value_or(YamlNode{});
}

std::string faults(std::string_view text) {
  Diagnostics diagnostics;
  parse_yaml(text, "f.yaml", diagnostics);
  return diagnostics.render(text);
}

YamlNode plain(std::string text) {
  YamlNode node;
  node.text = std::move(text);
  return node;
}

TEST(Yaml, KeysAndValuesKnowWhereTheyStand) {
  const auto root = good("mesh:\n  cidr: 10.42.0.0/16  # the mesh\n  groups: [a, \"b c\"]\n");
  const auto* mesh = root.find("mesh");
  ASSERT_NE(mesh, nullptr);
  EXPECT_EQ(mesh->at, (Position{1, 1}));
  const auto* cidr = mesh->value.find("cidr");
  ASSERT_NE(cidr, nullptr);
  EXPECT_EQ(cidr->at, (Position{2, 3}));
  EXPECT_EQ(cidr->length, 4);
  EXPECT_EQ(cidr->value.at, (Position{2, 9}));
  EXPECT_EQ(cidr->value.length, 12);
  EXPECT_EQ(cidr->value.text, "10.42.0.0/16");
  const auto& groups = mesh->value.find("groups")->value;
  EXPECT_EQ(groups.length, 10);
  EXPECT_EQ(groups.items.at(1).text, "b c");
  EXPECT_FALSE(groups.items.at(1).plain);
  EXPECT_EQ(groups.items.at(1).at, (Position{3, 15}));
}

TEST(Yaml, ColumnsCountCharacters) {
  const auto root = good("{\"\xc3\xa9\xc3\xa9\": x}");
  EXPECT_EQ(root.entries.at(0).value.at, (Position{1, 8}));
}

TEST(Yaml, ScalarsResolveByTheCoreSchemaOf12) {
  for (const auto* text : {"", "~", "null"}) EXPECT_EQ(scalar_type(plain(text)), ScalarType::kNull) << text;
  for (const auto* text : {"true", "FALSE"}) EXPECT_EQ(scalar_type(plain(text)), ScalarType::kBool) << text;
  for (const auto* text : {"0", "-17", "+3", "0o17", "0xfF", "0123"})
    EXPECT_EQ(scalar_type(plain(text)), ScalarType::kInteger) << text;
  for (const auto* text : {"1.", "1.5", ".5", "1e3", "-.inf", ".nan", "1.5e-3"})
    EXPECT_EQ(scalar_type(plain(text)), ScalarType::kFloat) << text;
  for (const auto* text : {"no", "yes", "on", "10.42.0.1", "1.2.3", "1_000", "0b1", "e5", ".", "1e", "10:20", "v1"}) {
    EXPECT_EQ(scalar_type(plain(text)), ScalarType::kText) << text;
  }
  auto quoted = plain("17");
  quoted.plain = false;
  EXPECT_EQ(scalar_type(quoted), ScalarType::kText);
}

TEST(Yaml, DuplicateKeysAreFaultsAndTheFirstStays) {
  Diagnostics diagnostics;
  const std::string_view text = "a: 1\nb: {x: 1, x: 2}\na: 2\n";
  const auto root = parse_yaml(text, "f.yaml", diagnostics);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->value.text, "1");
  ASSERT_EQ(diagnostics.list().size(), 2u);
  EXPECT_EQ(diagnostics.list()[0].at, (Position{2, 11}));
  EXPECT_THAT(diagnostics.list()[1].message, HasSubstr("\"a\" is written twice; the first is in line 1"));
}

TEST(Yaml, AnchorsAliasesAndTagsAreRefused) {
  const auto text = faults("a: &x [1]\nb: *x\nc: !!str 1\n? [k]\n: v\n");
  EXPECT_THAT(text, HasSubstr("f.yaml:1:4: anchors"));
  EXPECT_THAT(text, HasSubstr("f.yaml:2:4: aliases"));
  EXPECT_THAT(text, HasSubstr("f.yaml:3:4: tags"));
  EXPECT_THAT(text, HasSubstr("f.yaml:4:3: a key that is not a word"));
}

TEST(Yaml, SyntaxFaultsSayWhereAndWhatToDo) {
  EXPECT_THAT(faults("a:\n\tb: 1\n"), HasSubstr("f.yaml:2:1: a character that cannot begin anything"));
  EXPECT_THAT(faults("a:\n\tb: 1\n"), HasSubstr("never with tabs"));
  EXPECT_THAT(faults("a: b: c\n"), HasSubstr("f.yaml:1:5: a ':' where no key can be"));
  EXPECT_THAT(faults("a: [1, 2\nb: 3\n"), HasSubstr("f.yaml:2:2: "));
  EXPECT_THAT(faults("a: \"x\n"), HasSubstr("f.yaml:2:1: "));
  EXPECT_THAT(faults("a: 1\n b: 2\n"), HasSubstr("f.yaml:2:"));
}

TEST(Yaml, BytesThatAreNoTextAreShownWhereTheyAre) {
  EXPECT_THAT(faults("a: 1\nb: \xff\n"), HasSubstr("f.yaml:2:4: a byte that is not UTF-8"));
  EXPECT_THAT(faults("a: 1\nb: \xc3\xa9\x01\n"), HasSubstr("f.yaml:2:5: a control character"));
}

TEST(Yaml, LinesAreCountedAsEditorsCountThem) {
  EXPECT_EQ(good("a: 1\r\nb: 2\r\n").find("b")->at, (Position{2, 1}));
  EXPECT_THAT(faults("a: 1\rb: 2\n"), HasSubstr("f.yaml:1:5: a line end"));
  EXPECT_THAT(faults("a: x\xe2\x80\xa8y\n"), HasSubstr("f.yaml:1:5: a line end"));
}

TEST(Yaml, OneDocumentOnly) {
  EXPECT_THAT(faults(""), HasSubstr("f.yaml: the file is empty"));
  EXPECT_THAT(faults("# only words\n"), HasSubstr("the file is empty"));
  EXPECT_THAT(faults("a: 1\n---\nb: 2\n"), HasSubstr("f.yaml:2:1: a second document"));
  EXPECT_EQ(good("---\na: 1\n...\n").find("a")->value.text, "1");
  EXPECT_EQ(good("\xef\xbb\xbf"
                 "a: 1\n")
                .find("a")
                ->value.text,
            "1");
}

TEST(Yaml, LimitsHold) {
  EXPECT_THAT(faults(std::string(1000, '[')), HasSubstr("levels of nesting"));
  EXPECT_THAT(faults("a: " + std::string(2 << 20, 'x')), HasSubstr("bytes"));
  std::string many = "[";
  for (int i = 0; i < 100'001; ++i) many += "1,";
  EXPECT_THAT(faults(many + "]"), HasSubstr("more than 100000 values"));
}

TEST(Yaml, LaughterStaysCheap) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 20; ++i) text += fmt::format("a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
  EXPECT_THAT(faults(text), HasSubstr("aliases"));
}

TEST(YamlScalar, ReadsBackAsTheSameText) {
  for (const std::string text : {"",
                                 "lighthouse",
                                 "10.42.0.1",
                                 "10.42.0.0/16",
                                 "v1.36.4+k3s1",
                                 "~/.kube/config",
                                 "~",
                                 "yes",
                                 "NO",
                                 "null",
                                 "17",
                                 "1.5",
                                 "1e3",
                                 "0x1f",
                                 "1_000",
                                 "2026-11-26",
                                 "12:30:00",
                                 "- x",
                                 "a: b",
                                 "a #b",
                                 "a\nb\t\x01\"\\",
                                 "\xc3\xa9 x",
                                 "-",
                                 ".5",
                                 "1.11.2",
                                 "87600h",
                                 "g4dn.xlarge",
                                 "1password",
                                 "0o17",
                                 "https://x.example/y",
                                 " lead",
                                 "*x",
                                 "&x",
                                 "!x",
                                 "@x",
                                 "%x",
                                 "[x]",
                                 "{x}"}) {
    const auto root = good("k: " + yaml_scalar(text) + "\n");
    ASSERT_EQ(root.entries.size(), 1u) << text;
    EXPECT_EQ(root.entries[0].value.text, text);
    EXPECT_EQ(scalar_type(root.entries[0].value), ScalarType::kText) << text;
  }
  EXPECT_EQ(yaml_scalar("10.42.0.0/16"), "10.42.0.0/16");
  EXPECT_EQ(yaml_scalar("g4dn.xlarge"), "g4dn.xlarge");
  EXPECT_EQ(yaml_scalar("2026-11-26"), "\"2026-11-26\"");
}

}  // namespace
}  // namespace tombolo::codec
