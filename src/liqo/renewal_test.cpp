#include "liqo/renewal.hpp"

#include <gtest/gtest.h>

namespace tombolo::liqo {
namespace {

using namespace std::chrono_literals;

constexpr Time kBorn{std::chrono::seconds(1'756'713'600)};
constexpr auto kDay = 24h;

CertificateTimes lasting(Duration span) { return {kBorn, kBorn + span}; }

TEST(Renewal, IsDueInTheLastThirtyDaysOfAYear) {
  EXPECT_FALSE(is_due(lasting(365 * kDay), kBorn + 334 * kDay));
  EXPECT_TRUE(is_due(lasting(365 * kDay), kBorn + 336 * kDay));
}

// Liqo itself renews after two thirds: before that we have no part in it, however short the life.
TEST(Renewal, IsDueInTheLastQuarterOfAShortLife) {
  EXPECT_FALSE(is_due(lasting(8 * kDay), kBorn + 5 * kDay));
  EXPECT_TRUE(is_due(lasting(8 * kDay), kBorn + 7 * kDay));
}

TEST(Renewal, WhatIsNoCertificateHasNoTimes) {
  EXPECT_FALSE(certificate_times({{"signedCRT", "!"}}));
  EXPECT_FALSE(certificate_times({{"signedCRT", "bm9uc2Vuc2U="}}));
  EXPECT_FALSE(certificate_times(codec::JsonObject{}));
}

}  // namespace
}  // namespace tombolo::liqo
