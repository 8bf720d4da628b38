#include "codec/pem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tombolo::codec {
namespace {

using testing::HasSubstr;

TEST(Pem, BreaksLinesAt64Characters) {
  EXPECT_EQ(encode_pem("X", Bytes(48, 0)), "-----BEGIN X-----\n" + std::string(64, 'A') + "\n-----END X-----\n");
  EXPECT_EQ(encode_pem("X", Bytes(49, 0)), "-----BEGIN X-----\n" + std::string(64, 'A') + "\nAA==\n-----END X-----\n");
  EXPECT_EQ(encode_pem("X", {}), "-----BEGIN X-----\n-----END X-----\n");
}

TEST(Pem, ReadsBlocksInTheirOrderWithTextBetween) {
  const auto blocks =
      decode_pem("a comment\n" + encode_pem("A", Bytes{1}) + "\n# another\r\n" + encode_pem("B", Bytes{2, 3})).value();
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].label, "A");
  EXPECT_EQ(blocks[1].body.expose(), (Bytes{2, 3}));
  EXPECT_TRUE(decode_pem("nothing here").value().empty());
}

TEST(Pem, TakesOtherLineLengthsAndLineEnds) {
  EXPECT_EQ(decode_pem("-----BEGIN A-----\r\nAQ\r\nID\r\n-----END A-----\r\n").value()[0].body.expose(),
            (Bytes{1, 2, 3}));
  EXPECT_EQ(decode_pem("-----BEGIN A-----\nAQID\n-----END A-----").value()[0].body.expose(), (Bytes{1, 2, 3}))
      << "no final newline";
}

TEST(Pem, SaysInWhichLineABlockIsDamaged) {
  const auto why = [](const char* text) {
    const auto got = decode_pem(text);
    return got ? std::string("accepted") : got.error().text();
  };
  EXPECT_THAT(why("x\n-----BEGIN A-----\nAQID\n"), HasSubstr("line 2: the PEM block A has no end"));
  EXPECT_THAT(why("-----BEGIN A-----\nAQID\n-----END B-----\n"), HasSubstr("line 3"));
  EXPECT_THAT(why("-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----\n"), HasSubstr("line 2"));
  EXPECT_THAT(why("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END A-----\n"),
              HasSubstr("the PEM block A of line 1"));
  EXPECT_THAT(why("-----BEGIN A-----\nAQ ID\n-----END A-----\n"), HasSubstr("the PEM block A of line 1"));
  EXPECT_THAT(why("-----END A-----\n"), HasSubstr("line 1"));
  EXPECT_THAT(why("-----BEGIN A\n"), HasSubstr("line 1"));
}

TEST(Pem, HasALimit) {
  std::string many;
  for (int i = 0; i < 4097; ++i) many += encode_pem("A", {});
  EXPECT_FALSE(decode_pem(many));
  EXPECT_FALSE(decode_pem(std::string((16u << 20) + 1, '\n')));
}

RC_GTEST_PROP(Pem, AnyBodyComesBack, (const Bytes& body)) {
  const auto blocks = decode_pem(encode_pem("SOME LABEL", body)).value();
  RC_ASSERT(blocks.size() == 1u);
  RC_ASSERT(blocks[0].body.expose() == body);
}

}  // namespace
}  // namespace tombolo::codec
