// What is known in both clusters about one question: why a pod, a node or the peering is as it is. Objects as the servers sent
// them, and the few facts that no object shows. Gathered here, judged by why.hpp. Changes nothing.
//
// What could not be read is written down with the reason, so that "absent" and "not known" stay apart. No key material: a
// Secret keeps its name and the names of its entries, never their values.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.hpp"
#include "liqo/installation.hpp"

namespace tombolo::liqo {

enum class Subject { kPod, kNode, kPeering };

struct Question {
  Subject about = Subject::kPeering;
  std::string name_space;  // of a pod
  std::string name;  // of a pod or node; "" with kNode: the cloud's virtual node
};

struct SideSeen {
  std::string silent;  // why its API server could not be asked; "": it answers
  std::optional<Installation> liqo;
  bool liqo_known = false;  // `liqo` says what there is; false: it could not be found out
  std::string tenant_namespace;  // what this side keeps for the other: "liqo-tenant-cloud" at home; "" when not known
  std::vector<codec::Json> objects;
  std::map<std::string, std::string> unread;  // kind -> why it could not be read

  const codec::Json* find(std::string_view kind, std::string_view name, std::string_view name_space = "") const;
  std::vector<const codec::Json*> all(std::string_view kind) const;
  // Absent objects of this kind are really absent.
  bool knows(std::string_view kind) const { return silent.empty() && !unread.contains(std::string(kind)); }
  // Newest last. `kind` and `name` of what the events are about.
  std::vector<const codec::Json*> events_of(std::string_view kind, std::string_view name) const;
};

// A call to the address that the cloud advertises, with the authority that it advertises, as Liqo at home would make it.
struct Dial {
  enum class Outcome { kAnswers, kUntrusted, kSilent };
  std::string source;  // who names the address: "Tenant", "Identity"
  std::string server;  // "https://10.42.0.1:6443"
  bool through_tunnel = false;  // it is the address we know the cloud by: our own way to it was taken, not the mesh
  Outcome outcome = Outcome::kAnswers;
  std::string detail;
};

struct Evidence {
  Question question;
  Time now{};
  SideSeen home, cloud;
  std::string cloud_server;  // the address that we know the cloud by
  std::vector<Dial> dials;
  std::optional<bool>
      nonces_agree;  // home's signed nonce is about the nonce that the cloud has; nothing: not both there
  std::optional<bool> csr_agrees;  // the request that the cloud has signed is the one that home has sent
  std::map<std::string, Time> identity_ends;  // Identity -> its certificate's NotAfter
  std::optional<std::string> mesh_trouble;  // of home's member of the mesh; "": it answers; nothing: not asked
  std::vector<std::string> looked;  // for a question that nothing explains

  // "" while nobody knows: the ID that Liqo has there.
  std::string home_id, cloud_id;
  const Dial* dial(std::string_view source) const;
  // The pod, shown by home, and its twin in the cloud; nullptr when absent.
  const codec::Json* pod() const;
  const codec::Json* remote_pod() const;
  const codec::Json* shadow_pod() const;
};

// The other cluster is not there to be asked: nullptr and why.
struct CloudClient {
  kube::Client* client = nullptr;
  std::string why_not;
};

struct GatherOptions {
  std::string cloud_id;  // taken when neither Liqo in the cloud nor home's ForeignCluster tells
  kube::TransportMaker transport = kube::curl_transport;  // for the dials, and to see whether a server answers
};

// Errors: kCancelled alone.
Result<Evidence> gather(const Question& question, kube::Client& home, const CloudClient& cloud,
                        const GatherOptions& options, const std::stop_token& stop);

}  // namespace tombolo::liqo
