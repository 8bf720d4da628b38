// Makes a Field out of a member of the model: the type, the reading and the writing follow from the member's C++ type.
//   field("region", &Cluster::region, "The AWS region ...")
#pragma once
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spec/fields.hpp"
#include "spec/words.hpp"

namespace tombolo::spec {

// How a C++ type is read from the file's words and written as JSON. read() returns what is wrong, or "".
template <class T>
struct Form {  // enumerations
  static constexpr Type kType = Type::kText;
  static std::string read(const std::vector<std::string>& words, T& to) {
    for (const auto& [value, word] : Words<T>::kAll) {
      if (word == words.front()) to = value;
    }
    return "";  // the choices are checked before
  }
  static codec::Json write(T value) { return codec::Json(boost::json::string(spec::name(value))); }
};

template <>
struct Form<std::string> {
  static constexpr Type kType = Type::kText;
  static std::string read(const std::vector<std::string>& words, std::string& to) {
    to = words.front();
    return "";
  }
  static codec::Json write(const std::string& value) {
    return value.empty() ? codec::Json() : codec::Json(boost::json::string(std::string_view(value)));
  }
};

template <>
struct Form<std::vector<std::string>> {
  static constexpr Type kType = Type::kTextList;
  static std::string read(const std::vector<std::string>& words, std::vector<std::string>& to) {
    to = words;
    return "";
  }
  static codec::Json write(const std::vector<std::string>& value) {
    codec::JsonArray out;
    for (const auto& word : value) out.emplace_back(boost::json::string(std::string_view(word)));
    return out;
  }
};

template <class Integer>
struct IntegerForm {
  static constexpr Type kType = Type::kInteger;
  static std::string read(const std::vector<std::string>& words, Integer& to) {
    const auto& word = words.front();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), to);
    return error == std::errc() && end == word.data() + word.size() ? "" : "must be a whole number in plain digits";
  }
  static codec::Json write(Integer value) { return static_cast<std::int64_t>(value); }
};
template <>
struct Form<int> : IntegerForm<int> {};
template <>
struct Form<std::uint16_t> : IntegerForm<std::uint16_t> {};

template <>
struct Form<double> {
  static constexpr Type kType = Type::kNumber;
  static std::string read(const std::vector<std::string>& words, double& to) {
    const auto& word = words.front();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), to);
    return error == std::errc() && end == word.data() + word.size() ? "" : "must be a number";
  }
  static codec::Json write(double value) {
    const bool whole = value == static_cast<double>(static_cast<std::int64_t>(value));
    return whole ? codec::Json(static_cast<std::int64_t>(value)) : codec::Json(value);
  }
};

template <class Unit>
struct DurationForm {
  static constexpr Type kType = Type::kDuration;
  static std::string read(const std::vector<std::string>& words, Unit& to) {
    const auto duration = parse_duration(words.front());
    if (!duration) return "must be a duration such as 10m or 87600h";
    to = std::chrono::duration_cast<Unit>(*duration);
    return to == *duration ? "" : "must be whole hours, such as 87600h";
  }
  static codec::Json write(Unit value) { return codec::Json(boost::json::string(duration_text(value))); }
};
template <>
struct Form<std::chrono::hours> : DurationForm<std::chrono::hours> {};
template <>
struct Form<std::chrono::seconds> : DurationForm<std::chrono::seconds> {};

template <>
struct Form<codec::Cidr> {
  static constexpr Type kType = Type::kNetwork;
  static std::string read(const std::vector<std::string>& words, codec::Cidr& to);
  static codec::Json write(const codec::Cidr& value) { return codec::Json(boost::json::string(value.text())); }
};

template <>
struct Form<codec::Address> {
  static constexpr Type kType = Type::kAddress;
  static std::string read(const std::vector<std::string>& words, codec::Address& to);
  static codec::Json write(const codec::Address& value) { return codec::Json(boost::json::string(value.text())); }
};

template <class T>
struct Form<std::optional<T>> {
  static constexpr Type kType = Form<T>::kType;
  static std::string read(const std::vector<std::string>& words, std::optional<T>& to) {
    return Form<T>::read(words, to.emplace());
  }
  static codec::Json write(const std::optional<T>& value) { return value ? Form<T>::write(*value) : codec::Json(); }
};

// Only limits.hours: a number of hours, because the key already says the unit.
struct HoursAsNumber {
  static constexpr Type kType = Type::kInteger;
  static std::string read(const std::vector<std::string>& words, std::optional<std::chrono::hours>& to) {
    int hours = 0;
    auto wrong = Form<int>::read(words, hours);
    to = std::chrono::hours(hours);
    return wrong;
  }
  static codec::Json write(const std::optional<std::chrono::hours>& value) {
    return value ? codec::Json(static_cast<std::int64_t>(value->count())) : codec::Json();
  }
};

template <class Struct, class T, class F = Form<T>>
Field field(std::string key, T Struct::* member, std::string doc) {
  Field out;
  out.key = std::move(key);
  out.type = F::kType;
  out.doc = std::move(doc);
  if constexpr (std::is_enum_v<T>) {
    for (const auto& [value, word] : Words<T>::kAll) out.choices.emplace_back(word);
  }
  out.set = [member](Field::Owner owner, const std::vector<std::string>& words) {
    return F::read(words, static_cast<Struct*>(owner)->*member);
  };
  out.get = [member](Field::Owner owner) { return F::write(static_cast<Struct*>(owner)->*member); };
  return out;
}

// A word that has only one possible value and no place in the model.
inline Field constant(std::string key, const std::string& value, std::string doc) {
  Field out;
  out.key = std::move(key);
  out.doc = std::move(doc);
  out.choices = {value};
  out.required = true;
  out.set = [](Field::Owner, const std::vector<std::string>&) { return std::string(); };
  out.get = [value](Field::Owner) { return codec::Json(boost::json::string(std::string_view(value))); };
  return out;
}

template <class Struct, class Part>
Field block(std::string key, Part Struct::* member, std::string doc, std::vector<Field> fields) {
  Field out;
  out.key = std::move(key);
  out.type = Type::kBlock;
  out.doc = std::move(doc);
  out.fields = std::move(fields);
  out.block = [member](Field::Owner owner) -> Field::Owner { return &(static_cast<Struct*>(owner)->*member); };
  return out;
}

// A block in the file whose fields lie in the same structure as the block itself.
inline Field group(std::string key, std::string doc, std::vector<Field> fields) {
  Field out;
  out.key = std::move(key);
  out.type = Type::kBlock;
  out.doc = std::move(doc);
  out.fields = std::move(fields);
  out.block = [](Field::Owner owner) { return owner; };
  return out;
}

template <class Struct, class Item>
Field list(std::string key, std::vector<Item> Struct::* member, std::string doc, std::vector<Field> fields) {
  Field out;
  out.key = std::move(key);
  out.type = Type::kList;
  out.doc = std::move(doc);
  out.fields = std::move(fields);
  out.items = [member](Field::Owner owner) {
    std::vector<Field::Owner> all;
    for (auto& item : static_cast<Struct*>(owner)->*member) all.push_back(&item);
    return all;
  };
  out.clear = [member](Field::Owner owner) { (static_cast<Struct*>(owner)->*member).clear(); };
  out.add = [member](Field::Owner owner) -> Field::Owner {
    return &(static_cast<Struct*>(owner)->*member).emplace_back();
  };
  out.example_item = [] { return std::make_shared<Item>(); };
  return out;
}

}  // namespace tombolo::spec
