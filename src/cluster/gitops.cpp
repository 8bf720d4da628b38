#include "cluster/gitops.hpp"

#include <fmt/format.h>

#include "cluster/home_manifests.hpp"
#include "spec/fields.hpp"

namespace tombolo::cluster {

namespace {

using engine::Json;

constexpr auto kSaidAgain = std::chrono::seconds(30);

}  // namespace

Json made_from(const Json& object) {
  auto out = codec::parse_json(kube::annotation_of(object, kInputsAnnotation));
  return out && out->is_object() ? std::move(*out) : Json(codec::JsonObject{});
}

bool is_from(const Json& object, const Json& inputs) {
  return codec::to_canonical_text(made_from(object)) == codec::to_canonical_text(inputs);
}

engine::Step wait_for_gitops(const spec::Cluster& cluster, const std::string& missing, const engine::Call& call,
                             const std::string& hint) {
  const auto patience = cluster.home.gitops_wait;
  const auto waited = std::chrono::floor<std::chrono::seconds>(call.clock.now() - call.since);
  if (waited >= patience)
    return engine::Failed{
        Error(Code::kTimeout,
              fmt::format("home.manage is gitops, and after {} {}", spec::duration_text(patience), missing))
            .hint(!hint.empty()
                      ? hint
                      : "Commit what `tombolo export` writes, and ask your GitOps why it is not applied (flux "
                        "get kustomizations -A). Then run `tombolo up` again; home.gitopsWait says how long it "
                        "waits.")};
  const auto begun = waited - waited % kSaidAgain;
  call.say("gitops", begun < kSaidAgain
                         ? fmt::format("waiting for your GitOps: {}", missing)
                         : fmt::format("waiting for your GitOps for {} of {}: {}", spec::duration_text(begun),
                                       spec::duration_text(patience), missing));
  return engine::RetryAfter{std::chrono::milliseconds(500), ""};
}

}  // namespace tombolo::cluster
