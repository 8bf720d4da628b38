// Liqo by Flux: how its HelmRelease is, in words, and what whoever reads them can do. Source: helm.toolkit.fluxcd.io/v2 and
// source.toolkit.fluxcd.io/v1, and what Flux' own controllers were seen to write.
#pragma once
#include <optional>
#include <string>

#include "kube/objects.hpp"
#include "liqo/names.hpp"

namespace tombolo::liqo {

struct Release {
  std::string trouble;  // "" when Flux has installed what the release says now; else a sentence that names the object
  std::string advice;  // the next step
  bool suspended = false;  // Flux does nothing about it until somebody resumes it
  bool failing = false;  // Flux has tried and says no; it may try again by itself
  bool hopeless = false;  // Flux will not try again by itself
};

// Where the chart comes from explains most failures better than the release does: give what there is of both.
struct ReleaseSources {
  std::optional<codec::Json> chart;  // the HelmChart that Flux makes for the release
  std::optional<codec::Json> repository;
};
// Pure.
Release judge_release(const codec::Json& release, const ReleaseSources& sources);

// Nothing where there is no such release, or no Flux.
Result<std::optional<Release>> find_release(kube::Client& client, const std::string& name_space,
                                            const std::string& name, const std::stop_token& stop);

}  // namespace tombolo::liqo
