#include "liqo/release.hpp"

#include <fmt/format.h>

#include "liqo/parties.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;

constexpr const char* kAreTheyRunning =
    "Are Flux' controllers running? kubectl get deployments -A -l app.kubernetes.io/part-of=flux";

std::string described(const Json& object) {
  return fmt::format("{} {}/{}", kube::kind_of(object), kube::namespace_of(object), kube::name_of(object));
}

std::string kubectl(const Json& object, std::string_view verb, std::string_view more = "") {
  std::string kind = kube::kind_of(object);
  for (auto& c : kind) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return fmt::format("kubectl -n {} {} {} {}{}", kube::namespace_of(object), verb, kind, kube::name_of(object), more);
}

bool is_suspended(const Json& object) { return codec::bool_at(object, "spec.suspend"); }

// Suspending an object is a change of it that Flux takes no notice of, so this means nothing of a suspended one.
bool is_stale(const Json& object) {
  return codec::number_at(object, "status.observedGeneration", -1) < codec::number_at(object, "metadata.generation");
}

std::string advice_to_resume(const Json& object) {
  return "Resume it: " + kubectl(object, "patch", R"( --type merge -p '{"spec":{"suspend":false}}')");
}

std::string said(const kube::Condition& condition) {
  // The controllers put the cause, an error's whole chain, on several lines.
  auto text = condition.reason + ": " + condition.message;
  for (auto& c : text)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return text;
}

// What keeps the chart from coming; false when nothing is wrong with that source.
bool judge_source(const std::optional<Json>& source, Release& out) {
  if (!source) return false;
  if (is_suspended(*source)) {
    out.trouble = described(*source) + " is suspended: Flux does not fetch it";
    out.advice = advice_to_resume(*source);
    return out.suspended = true;
  }
  const auto ready = kube::condition_of(*source, "Ready");
  if (!ready || ready->status != "False") return false;
  out.trouble = fmt::format("{}: {}", described(*source), said(*ready));
  out.advice = fmt::format("Can home reach {}? Flux tries again by itself; {} says more.",
                           codec::text_at(*source, "spec.url", "the chart's repository, and does it hold that version"),
                           kubectl(*source, "describe"));
  return out.failing = true;
}

}  // namespace

Release judge_release(const Json& release, const ReleaseSources& sources) {
  Release out;
  const auto name = described(release);
  const auto ready = kube::condition_of(release, "Ready");
  if (kube::is_being_deleted(release)) {
    out.trouble = name + " is on its way out";
    if (ready && !ready->holds()) out.trouble += ": " + said(*ready);
    out.advice = kAreTheyRunning;
    return out;
  }
  if (is_suspended(release)) {
    out.suspended = true;
    out.trouble = name + " is suspended: Flux does nothing about it";
    if (ready && !ready->holds()) out.trouble += "; before that, " + said(*ready);
    out.advice = advice_to_resume(release);
    return out;
  }
  const auto stalled = kube::condition_of(release, "Stalled");
  if (stalled && stalled->holds() && !is_stale(release)) {
    out.failing = out.hopeless = true;
    out.trouble = fmt::format("{}: {}", name, said(ready && ready->status == "False" ? *ready : *stalled));
    out.advice = fmt::format(
        "Flux has given up. Mend the cause, then: flux reconcile helmrelease {} -n {} --reset "
        "--force. {} says more.",
        kube::name_of(release), kube::namespace_of(release), kubectl(release, "describe"));
    return out;
  }
  if (ready && ready->holds() && !is_stale(release)) return out;
  if (judge_source(sources.repository, out) || judge_source(sources.chart, out)) {
    out.trouble = name + " waits for its chart: " + out.trouble;
    return out;
  }
  if (!ready || is_stale(release)) {
    // It is under way with the latest change when it says so of that generation.
    const auto going = kube::condition_of(release, "Reconciling");
    out.trouble = going && going->holds() ? fmt::format("{}: {}", name, said(*going))
                  : ready                 ? name + ": Flux has not looked at its latest change yet"
                                          : name + ": Flux has not looked at it yet";
    out.advice = kAreTheyRunning;
    return out;
  }
  out.failing = ready->status == "False";
  out.trouble = fmt::format("{}: {}", name, said(*ready));
  out.advice = kubectl(release, "describe") + " says more.";
  return out;
}

Result<std::optional<Release>> find_release(kube::Client& client, const std::string& name_space,
                                            const std::string& name, const std::stop_token& stop) {
  const auto release = TRY(find_where_served(client, {kHelmReleases, name_space, name}, stop));
  if (!release) return std::nullopt;
  ReleaseSources sources;
  // "namespace/name" of the HelmChart, once helm-controller has made it.
  const auto chart = codec::text_at(*release, "status.helmChart");
  if (const auto slash = chart.find('/'); slash != std::string::npos)
    sources.chart =
        TRY(find_where_served(client, {kHelmCharts, chart.substr(0, slash), chart.substr(slash + 1)}, stop));
  if (codec::text_at(*release, "spec.chart.spec.sourceRef.kind") == kHelmRepositories.kind)
    sources.repository = TRY(find_where_served(
        client,
        {kHelmRepositories, codec::text_at(*release, "spec.chart.spec.sourceRef.namespace", name_space),
         codec::text_at(*release, "spec.chart.spec.sourceRef.name")},
        stop));
  return judge_release(*release, sources);
}

}  // namespace tombolo::liqo
