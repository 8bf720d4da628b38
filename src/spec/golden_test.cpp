// What people read of the cluster file: every message, the schema, the template and the reference page, kept as files.
// TOMBOLO_REWRITE_GOLDEN=1 writes them anew; their diff is for the reviewer.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "spec/load.hpp"
#include "spec/schema.hpp"
#include "spec/template.hpp"

namespace tombolo::spec {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = TOMBOLO_SOURCE_DIR;
const fs::path kData = kSource / "tests/data/spec";

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void expect_golden(const fs::path& path, const std::string& actual) {
  const char* rewrite = std::getenv("TOMBOLO_REWRITE_GOLDEN");
  if (rewrite && *rewrite == '1') {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
  }
  EXPECT_EQ(content(path), actual) << path << "\nTOMBOLO_REWRITE_GOLDEN=1 writes it anew.";
}

std::vector<std::string> cases(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kData / folder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string told(const std::string& text, bool& loaded) {
  Diagnostics diagnostics;
  const auto cluster = load(text, "tombolo.yaml", diagnostics);
  loaded = cluster.has_value();
  return diagnostics.render(text) + (cluster ? "" : cluster.error().sentence() + "\n");
}

class BadFile : public testing::TestWithParam<std::string> {};

TEST_P(BadFile, TellsEveryFaultInItsPlace) {
  bool loaded = true;
  const auto text = told(content(kData / "bad" / (GetParam() + ".yaml")), loaded);
  EXPECT_FALSE(loaded);
  expect_golden(kData / "bad" / (GetParam() + ".txt"), text);
}

INSTANTIATE_TEST_SUITE_P(Spec, BadFile, testing::ValuesIn(cases("bad")), [](const auto& each) { return each.param; });

class GoodFile : public testing::TestWithParam<std::string> {};

TEST_P(GoodFile, LoadsWithTheseValuesAndWarnings) {
  const auto text = content(kData / "good" / (GetParam() + ".yaml"));
  Diagnostics diagnostics;
  const auto cluster = load(text, "tombolo.yaml", diagnostics);
  ASSERT_TRUE(cluster) << diagnostics.render(text);
  expect_golden(kData / "good" / (GetParam() + ".txt"),
                diagnostics.render(text) + codec::to_pretty_text(to_json(*cluster)));
}

INSTANTIATE_TEST_SUITE_P(Spec, GoodFile, testing::ValuesIn(cases("good")), [](const auto& each) { return each.param; });

TEST(Golden, TheSchemaInTheTreeIsTheOneTheProgramPrints) {
  expect_golden(kSource / "schema/tombolo.schema.json", schema_text());
}

TEST(Golden, TheRecipesExampleIsTheTemplateWithTheRecipesValues) {
  expect_golden(kSource / "examples/recipe.yaml", template_text(recipe(), "../schema/tombolo.schema.json"));
}

TEST(Golden, TheReferencePageFollowsTheTable) { expect_golden(kSource / "docs/cluster-file.md", reference_page()); }

}  // namespace
}  // namespace tombolo::spec
