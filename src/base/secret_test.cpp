#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <sstream>

namespace tombolo {
namespace {

TEST(Secret, PrintsAsStarsEverywhere) {
  const Secret<std::string> secret("hunter2");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(fmt::format("{}", secret), "***");
  EXPECT_EQ(testing::PrintToString(secret), "***");
  EXPECT_EQ(secret.expose(), "hunter2");
}

// Looks at the memory itself: the object is made in a buffer that outlives it.
template <class T, class Use>
std::string bytes_left_by(T value, Use use) {
  alignas(Secret<T>) std::byte place[sizeof(Secret<T>)]{};
  auto* secret = new (place) Secret<T>(std::move(value));
  use(*secret);
  secret->~Secret<T>();
  // Through a volatile pointer: the compiler may not reason from the object's end of life.
  std::string left;
  const volatile std::byte* raw = place;
  for (std::size_t i = 0; i < sizeof(place); ++i) left += static_cast<char>(raw[i]);
  return left;
}

TEST(Secret, LeavesNothingBehindWhenItDies) {
  EXPECT_EQ(bytes_left_by(std::string("hunter2"), [](auto&) {}).find("hunter2"), std::string::npos);
  EXPECT_EQ(bytes_left_by(std::array<Byte, 8>{'h', 'u', 'n', 't', 'e', 'r', '2', '!'}, [](auto&) {}).find("hunter2"),
            std::string::npos);
}

TEST(Secret, LeavesNothingBehindWhereItWasMovedFrom) {
  const auto left = bytes_left_by(std::string("hunter2"), [](Secret<std::string>& secret) {
    const Secret<std::string> taken(std::move(secret));
    EXPECT_EQ(taken.expose(), "hunter2");
    EXPECT_TRUE(secret.empty());
  });
  EXPECT_EQ(left.find("unter2"), std::string::npos);
}

TEST(Secret, CopiesAndAssigns) {
  Secret<Bytes> a(to_bytes("abc"));
  const Secret<Bytes> b = a;
  a = Secret<Bytes>(to_bytes("longer than before"));
  EXPECT_EQ(as_text(b.expose()), "abc");
  EXPECT_EQ(as_text(a.expose()), "longer than before");
  EXPECT_TRUE(Secret<Bytes>().empty());
}

}  // namespace
}  // namespace tombolo
