// The words that the cluster file has for each choice, once: name() and the table of fields both read them here.
#pragma once
#include <array>
#include <string_view>
#include <utility>

#include "spec/cluster.hpp"

namespace tombolo::spec {

template <class Choice>
struct Words;

template <>
struct Words<Role> {
  static constexpr std::array<std::pair<Role, std::string_view>, 4> kAll{{{Role::kLighthouse, "lighthouse"},
                                                                          {Role::kHome, "home"},
                                                                          {Role::kOperator, "operator"},
                                                                          {Role::kWorker, "worker"}}};
};

template <>
struct Words<Market> {
  static constexpr std::array<std::pair<Market, std::string_view>, 2> kAll{
      {{Market::kOnDemand, "on-demand"}, {Market::kSpot, "spot"}}};
};

template <>
struct Words<KeyOrigin> {
  static constexpr std::array<std::pair<KeyOrigin, std::string_view>, 2> kAll{
      {{KeyOrigin::kMachine, "machine"}, {KeyOrigin::kEmbedded, "embedded"}}};
};

template <>
struct Words<BackupKind> {
  static constexpr std::array<std::pair<BackupKind, std::string_view>, 4> kAll{{{BackupKind::kNone, "none"},
                                                                                {BackupKind::kOnePassword, "1password"},
                                                                                {BackupKind::kFile, "file"},
                                                                                {BackupKind::kSsm, "ssm"}}};
};

template <>
struct Words<Manage> {
  static constexpr std::array<std::pair<Manage, std::string_view>, 2> kAll{
      {{Manage::kApply, "apply"}, {Manage::kGitops, "gitops"}}};
};

template <>
struct Words<Distribution> {
  static constexpr std::array<std::pair<Distribution, std::string_view>, 2> kAll{
      {{Distribution::kK3s, "k3s"}, {Distribution::kNone, "none"}}};
};

template <>
struct Words<Networking> {
  static constexpr std::array<std::pair<Networking, std::string_view>, 1> kAll{{{Networking::kDisabled, "disabled"}}};
};

}  // namespace tombolo::spec
