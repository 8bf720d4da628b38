#include "liqo/peering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/base64.hpp"
#include "liqo/consumer_key.hpp"

namespace tombolo::liqo {
namespace {

using codec::Json;
using namespace std::chrono_literals;

constexpr auto kAnswer = 30s;  // of a controller that answers in tenths of a second
constexpr auto kGrace = 2s;    // a warning may be about a try that is repeated

Json peer_labels(const std::string& peer_id) { return {{kRemoteClusterId, peer_id}}; }

Json tenant_namespace_object(const std::string& name, const std::string& peer_id) {
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata",
           {{"name", name},
            {"labels",
             {{kRemoteClusterId, peer_id},
              {kTenantNamespace, "true"},
              {"pod-security.kubernetes.io/audit", "privileged"},
              {"pod-security.kubernetes.io/enforce", "privileged"},
              {"pod-security.kubernetes.io/warn", "privileged"}}}}}};
}

Result<std::string> ensure_namespace(kube::Client& client, const std::string& peer_id, const std::stop_token& stop) {
  const auto found = TRY(tenant_namespaces(client, peer_id, stop));
  if (found.size() > 1)
    return fail(Code::kConflict,
                fmt::format("two namespaces are marked as the tenant's of {}: {} and {}", peer_id,
                            kube::name_of(found[0]), kube::name_of(found[1])),
                fmt::format("Take the label {} from the one that is not used.", kTenantNamespace));
  if (!found.empty()) return kube::name_of(found.front());
  const auto name = tenant_namespace(peer_id);
  TRY(kube::apply(client, {kube::kNamespaces, "", name}, tenant_namespace_object(name, peer_id), stop, {true, false}));
  return name;
}

// Reads an object and says whether it is on its way out.
Result<bool> is_leaving(kube::Client& client, const kube::ObjectName& name, const std::stop_token& stop) {
  const auto found = TRY(kube::find(client, name, stop));
  return found && kube::is_being_deleted(*found);
}

std::string trimmed(std::string_view pem) {
  while (!pem.empty() && (pem.back() == '\n' || pem.back() == '\r' || pem.back() == ' ')) pem.remove_suffix(1);
  return std::string(pem);
}

std::string decoded(const Json& object, std::string_view path) {
  const auto bytes = codec::decode_base64(codec::text_at(object, path));
  return bytes ? std::string(as_text(*bytes)) : "";
}

// Fields of `wanted` that the object has otherwise; what it has besides is not ours to judge.
bool has_all_of(const Json& object, const Json& wanted) {
  if (!wanted.is_object()) return object == wanted;
  if (!object.is_object()) return false;
  for (const auto& [key, value] : wanted.get_object()) {
    const auto* there = object.get_object().if_contains(key);
    if (!there || !has_all_of(*there, value)) return false;
  }
  return true;
}

}  // namespace

const Peering::Stage Peering::kStages[] = {{"find", &Peering::find_both},
                                           {"old peering", &Peering::clear_old_one},
                                           {"namespaces", &Peering::make_namespaces},
                                           {"key", &Peering::read_key},
                                           {"nonce", &Peering::sign_nonce},
                                           {"tenant", &Peering::make_tenant},
                                           {"tenant", &Peering::await_tenant},
                                           {"renewal", &Peering::renew_tenant},
                                           {"identity", &Peering::make_identity},
                                           {"slice", &Peering::make_slice},
                                           {"slice", &Peering::await_slice},
                                           {"renewal", &Peering::renew_slice},
                                           {"virtual node", &Peering::await_virtual_node},
                                           {"node", &Peering::await_node},
                                           {"foreign cluster", &Peering::await_foreign_cluster}};

Result<Progress> Peering::advance(const Sides& sides, const std::stop_token& stop) {
  waiting_.clear();
  said_.clear();
  while (stage_ < std::size(kStages)) {
    const auto& stage = kStages[stage_];
    if (!TRY((this->*stage.work)(sides, stop)))
      return Progress{false, stage.name, waiting_, sides.home.clock().now() - patience_.since(), said_};
    ++stage_;
  }
  return Progress{true, "ready", "", {}, said_};
}

Result<bool> Peering::wait_for(Duration longest, std::string what, const About& about, const std::stop_token& stop) {
  waiting_ = std::move(what);
  const auto waited = patience_.waited_for(waiting_, about.client.clock().now());
  if (waited < kGrace) return false;
  const auto warnings = TRY(warnings_about(about.client, about.name_space, about.object, patience_.since(), stop));
  if (!warnings.empty()) said_ = warnings.back().reason + ": " + warnings.back().message;
  if (waited < longest) return false;
  return fail(Code::kTimeout,
              fmt::format("waited {} for {}{}", format_duration(longest), waiting_,
                          said_.empty() ? "" : ". Liqo says " + said_),
              "`tombolo why peering` looks for the cause.");
}

Result<bool> Peering::take_down(Way way, std::string why, const Sides& sides, const std::stop_token& stop) {
  if (!old_one_) {
    old_one_.emplace(way, parties_.home.id, parties_.cloud.id);
    said_ = std::move(why);
  }
  const auto progress = TRY(old_one_->advance(sides.home, &sides.cloud, stop));
  waiting_ = progress.waiting_for.empty() ? progress.stage : progress.waiting_for;
  if (!progress.done) return false;
  old_one_.reset();
  return true;
}

Result<bool> Peering::find_both(const Sides& sides, const std::stop_token& stop) {
  parties_ = TRY(find_parties(sides, stop));
  home_tenant_ = tenant_namespace(parties_.cloud.id);
  cloud_tenant_ = tenant_namespace(parties_.home.id);
  return true;
}

// An identity that another cluster of that name has given: its authority is not the one that stands there now.
bool Peering::is_of_another_cloud(const Json& identity) const {
  const auto authority = trimmed(decoded(identity, "spec.authParams.ca"));
  return !request_.authority.empty() && !authority.empty() && authority != trimmed(request_.authority);
}

Result<bool> Peering::clear_old_one(const Sides& sides, const std::stop_token& stop) {
  const auto name = control_plane_identity(parties_.cloud.id);
  if (!old_one_) {
    const auto identity = TRY(kube::find(sides.home, {kIdentities, home_tenant_, name}, stop));
    if (identity && is_of_another_cloud(*identity))
      return take_down(Way::kForced, "home is peered with a cloud that is gone: freeing home of it", sides, stop);
    const bool leaving = (identity && kube::is_being_deleted(*identity)) ||
                         TRY(is_leaving(sides.home, {kube::kNamespaces, "", home_tenant_}, stop)) ||
                         TRY(is_leaving(sides.home, {kube::kSecrets, home_tenant_, kubeconfig_secret(name)}, stop)) ||
                         TRY(is_leaving(sides.home, {kResourceSlices, home_tenant_, slice()}, stop)) ||
                         TRY(is_leaving(sides.cloud, {kube::kNamespaces, "", cloud_tenant_}, stop));
    if (!leaving) return true;
    return take_down(Way::kGraceful, "an earlier peering is still being taken down: finishing that first", sides, stop);
  }
  return take_down(Way::kGraceful, "", sides, stop);
}

Result<bool> Peering::make_namespaces(const Sides& sides, const std::stop_token& stop) {
  home_tenant_ = TRY(context(ensure_namespace(sides.home, parties_.cloud.id, stop), "home's tenant namespace"));
  cloud_tenant_ = TRY(context(ensure_namespace(sides.cloud, parties_.home.id, stop), "the cloud's tenant namespace"));
  // What a forced end has left: with it home would take the new peering for a dead one.
  const kube::ObjectName foreign{kForeignClusters, "", parties_.cloud.id};
  const auto found = TRY(kube::find(sides.home, foreign, stop));
  if (found && !kube::annotation_of(*found, kUnreachable).empty())
    TRY(kube::patch(sides.home, foreign, kube::PatchKind::kMerge,
                    {{"metadata", {{"annotations", {{kUnreachable, nullptr}}}}}}, stop));
  return true;
}

Result<bool> Peering::read_key(const Sides& sides, const std::stop_token& stop) {
  const auto secret =
      TRY(kube::find(sides.home, {kube::kSecrets, parties_.home.name_space, std::string(kKeysSecret)}, stop));
  if (!secret)
    return wait_for(kAnswer, "Liqo at home to make its keys",
                    {sides.home, parties_.home.name_space, std::string(kKeysSecret)}, stop);
  key_ = TRY(context(crypto::SigningKey::from_pem(Secret<std::string>(secret_text(*secret, "privateKey"))),
                     fmt::format("Secret {}/{} at home", parties_.home.name_space, kKeysSecret)));
  csr_ = certificate_request(*key_, kOrganization, parties_.home.id);
  return true;
}

// Skipped where the cloud has accepted this very key already.
Result<bool> Peering::sign_nonce(const Sides& sides, const std::stop_token& stop) {
  const auto tenant = TRY(kube::find(sides.cloud, {kTenants, cloud_tenant_, parties_.home.id}, stop));
  const auto* answer = tenant ? codec::find(*tenant, "status.authParams") : nullptr;
  const bool ours = tenant && !kube::is_being_deleted(*tenant) && decoded(*tenant, "spec.csr") == csr_ &&
                    codec::text_at(*tenant, "spec.tenantCondition", "Active") == "Active";
  if (ours && answer && !codec::text_at(*tenant, "status.tenantNamespace").empty()) {
    answer_ = *answer;
    return true;
  }
  const kube::ObjectName nonce{kube::kSecrets, cloud_tenant_, std::string(kNonceSecret)};
  auto secret = TRY(kube::find(sides.cloud, nonce, stop));
  if (!secret) {
    auto object = blank_object(nonce);
    object.as_object()["metadata"].as_object()["labels"] = {{kNonceLabel, "true"},
                                                            {kRemoteClusterId, parties_.home.id}};
    secret = TRY(kube::apply(sides.cloud, nonce, object, stop, {true, false}));
  }
  nonce_ = secret_text(*secret, "nonce");
  if (nonce_.empty())
    return wait_for(kAnswer, "the cloud to make a nonce", {sides.cloud, cloud_tenant_, nonce.name}, stop);
  // The text as it stands there is signed, not the bytes that it stands for.
  signature_ = std::string(as_text(key_->sign(as_bytes(nonce_))));
  const kube::ObjectName signed_nonce{kube::kSecrets, home_tenant_, std::string(kSignedNonceSecret)};
  const auto kept = TRY(kube::find(sides.home, signed_nonce, stop));
  if (kept && secret_text(*kept, "nonce") == nonce_ && secret_text(*kept, "signedNonce") == signature_) return true;
  auto object = blank_object(signed_nonce);
  object.as_object()["metadata"].as_object()["labels"] = {{kSignedNonceLabel, "true"},
                                                          {kRemoteClusterId, parties_.cloud.id}};
  object.as_object()["data"] = {{"nonce", encoded(nonce_)}, {"signedNonce", encoded(signature_)}};
  TRY(kube::apply(sides.home, signed_nonce, object, stop, {true, false}));
  return true;
}

// The cloud compares requests byte by byte with what it has kept, and refuses when home has a new key.
Result<> Peering::forget_other_certificates(kube::Client& cloud, const std::stop_token& stop) {
  const auto kept = TRY(kube::find(cloud, {kube::kSecrets, cloud_tenant_, std::string(kCertificateSecret)}, stop));
  if (!kept || secret_text(*kept, "csr") == csr_) return {};
  said_ = "the cloud keeps a certificate of an older key of home's: removing it";
  for (const auto& secret : TRY(kube::list(cloud, {{kube::kSecrets, cloud_tenant_, ""}, "", "", 500}, stop)))
    if (kube::name_of(secret).starts_with(kCertificateSecret))
      TRY(kube::remove(cloud, {kube::kSecrets, cloud_tenant_, kube::name_of(secret)}, stop));
  return {};
}

Result<bool> Peering::make_tenant(const Sides& sides, const std::stop_token& stop) {
  if (answer_.is_object()) return true;
  TRY(forget_other_certificates(sides.cloud, stop));
  const kube::ObjectName tenant{kTenants, cloud_tenant_, parties_.home.id};
  auto object = blank_object(tenant);
  object.as_object()["metadata"].as_object()["labels"] = peer_labels(parties_.home.id);
  object.as_object()["spec"] = {{"clusterID", parties_.home.id},
                                {"publicKey", encoded(public_key_pem(*key_))},
                                {"csr", encoded(csr_)},
                                {"signature", encoded(signature_)},
                                {"tenantCondition", "Active"}};
  TRY(kube::apply(sides.cloud, tenant, object, stop, {true, false}));
  tenant_is_new_ = true;
  return true;
}

Result<bool> Peering::await_tenant(const Sides& sides, const std::stop_token& stop) {
  if (!answer_.is_object()) {
    const auto tenant = TRY(kube::get(sides.cloud, {kTenants, cloud_tenant_, parties_.home.id}, stop));
    const auto* answer = codec::find(tenant, "status.authParams");
    if (!answer || codec::text_at(tenant, "status.tenantNamespace").empty() ||
        codec::text_at(*answer, "signedCRT").empty())
      return wait_for(kAnswer, "the cloud to accept home as its tenant", {sides.cloud, cloud_tenant_, parties_.home.id},
                      stop);
    answer_ = *answer;
  }
  TRY(check_answer());
  return true;
}

// What the cloud tells home to call is tried by nobody until home's controllers try, and they only log what went wrong.
Result<> Peering::check_answer() const {
  const auto said = codec::text_at(answer_, "apiServer");
  if (!request_.api_server.empty() && said != request_.api_server)
    return fail(
        Code::kConflict,
        fmt::format("the cloud tells home to call {}, but its API server is at {}", said, request_.api_server),
        "Set apiServer.address of Liqo in the cloud: `tombolo up` does. Then delete its Tenant and peer again.");
  const auto authority = trimmed(decoded(answer_, "ca"));
  if (!request_.authority.empty() && !authority.empty() && authority != trimmed(request_.authority))
    return fail(Code::kConflict,
                "the cloud tells home to trust another authority than its API server's certificate has",
                "Leave apiServer.ca out of the values of Liqo in the cloud (liqo.cloudValues), and run `tombolo up`.");
  return {};
}

Result<bool> Peering::make_identity(const Sides& sides, const std::stop_token& stop) {
  const auto name = control_plane_identity(parties_.cloud.id);
  const kube::ObjectName identity{kIdentities, home_tenant_, name};
  const Json spec{{"clusterID", parties_.cloud.id},
                  {"type", "ControlPlane"},
                  {"namespace", cloud_tenant_},
                  {"authParams", answer_}};
  auto found = TRY(kube::find(sides.home, identity, stop));
  const auto* there = found ? codec::find(*found, "spec") : nullptr;
  if (!there || !has_all_of(*there, spec)) {
    auto object = blank_object(identity);
    object.as_object()["metadata"].as_object()["labels"] = peer_labels(parties_.cloud.id);
    object.as_object()["spec"] = spec;
    found = TRY(kube::apply(sides.home, identity, object, stop, {true, false}));
  }
  if (!codec::text_at(*found, "status.kubeconfigSecretRef.name").empty()) return true;
  return wait_for(kAnswer, "home to make a kubeconfig of it", {sides.home, home_tenant_, name}, stop);
}

}  // namespace tombolo::liqo
