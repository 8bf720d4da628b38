// What a test or `tombolo sim serve` may set on the simulated AWS before and while it runs.
// Defaults are real AWS's as far as known; every one of them can be replaced.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace tombolo::sim {

// The keys that the simulated AWS accepts from the start. They open nothing anywhere else.
inline constexpr std::string_view kAccessKeyId = "AKIDSIMULATED0000001";
inline constexpr std::string_view kSecretAccessKey = "simulated-secret-for-the-simulated-site0";
inline constexpr std::string_view kAccount = "123456789012";

struct AccessKey {
  std::string id;
  std::string secret;
  std::string session_token;            // "" for long-lived keys
  std::optional<Time> expires;
  std::string arn = "arn:aws:iam::123456789012:user/tombolo";
  std::string user_id = "AIDASIMULATEDUSER001";
};

// A span drawn evenly between the two.
struct Span {
  Duration least{};
  Duration most{};
};

enum class Latency { kNone, kReal };

// How long things take to happen. All start when the call before has been carried out.
struct Lifetimes {
  Span pending{8s, 25s};          // pending -> running
  Span shutting_down{20s, 45s};   // shutting-down -> terminated
  Span stopping{10s, 30s};
  Span group_release{2s, 20s};    // terminated -> its security groups can be deleted
  Span quota_release{5s, 40s};    // terminated -> its vCPUs count no more
  Duration forgotten{1h};         // terminated -> not even described any more
  Duration status_checks{90s};    // running -> status ok
  Duration console_latest{60s};   // running -> GetConsoleOutput with Latest=true says something
  Duration console_posted{180s};  // running -> the same without Latest
  Duration boot{18s};             // running -> cloud-init starts the user-data
  Duration phase{6s};             // of one bootstrap phase
  Duration quota_decision{30min}; // request for a quota increase -> APPROVED
  Duration pod_start{2s};         // scheduled -> ready; it runs after half of it
  Duration pod_stop{1s};          // deleted -> gone
  Duration stale_reads{0s};       // a fresh resource or tag may stay invisible to reads for up to this long

  Lifetimes faster(double factor) const;  // every span divided by `factor`
  static Lifetimes instant();             // everything happens at once
};

// What the machines do with their user-data.
struct BootBehaviour {
  std::string failing_phase;   // this bootstrap phase fails; "" for none
  std::string failure_line = "curl: (22) The requested URL returned error: 503";
  bool hangs = false;          // nothing is ever printed by cloud-init
};

// A right that the operator does not have in a cluster.
struct KubeForbidden {
  std::string cluster;   // "home", "cloud"; "" for both
  std::string verb;      // "create", "*"
  std::string resource;  // "daemonsets.apps", "pods", "*"
};

// How the two Kubernetes clusters are.
struct KubeBehaviour {
  std::string home_version = "v1.34.1";
  std::string cloud_version = "v1.34.1+k3s1";
  std::string home_node = "talos-homelab";
  std::string home_address = "192.168.1.54";
  std::string home_pod_security = "baseline";  // Talos' default, for namespaces without a label
  std::string user = "operator";
  std::vector<KubeForbidden> forbidden;
  std::vector<std::string> missing_images;  // parts of names: such an image cannot be pulled
  std::map<std::string, std::string> logs;  // part of an image's name: what its containers print
};

struct Options {
  std::uint64_t seed = 1;      // same seed and same calls: same ids, latencies and answers
  Latency latency = Latency::kReal;
  Lifetimes times;
  BootBehaviour boot;
  KubeBehaviour kube;
  bool throttling = true;
  bool check_signatures = true;
  Duration clock_skew{0};      // the service's clock minus the caller's
  std::string caller_address = "192.0.2.10";  // what checkip.amazonaws.com tells
  std::vector<std::string> instance_profiles;  // names of IAM instance profiles that exist
  std::string endpoint;        // "http://127.0.0.1:4566": accepted by the in-process mount besides *.amazonaws.com
};

// Something that goes wrong on purpose. The oldest fault that matches a call is used up first.
struct Fault {
  enum class Kind {
    kError,        // answered with code and status, not carried out
    kErrorAfter,   // carried out, then answered with code and status: the real answer is lost
    kHtml,         // HTTP 500 with an HTML page, not carried out
    kCutBefore,    // connection cut, not carried out
    kCutAfter,     // carried out, then the connection is cut
    kSlow,         // carried out, the answer takes `delay` longer
  };
  std::string action;                              // "*" for any
  Kind kind = Kind::kError;
  std::string code = "InternalError";
  int status = 500;
  std::string message = "An internal error has occurred";
  Duration delay{};
  std::map<std::string, std::string> match = {};        // parameters that must have these values
  int skip = 0;                                    // let that many matching calls pass first
  int times = 1;
};

// "" matches everything. No machine of this kind is to be had: InsufficientInstanceCapacity, HTTP 500.
struct Shortage {
  std::string type;
  std::string zone;
  std::string market;  // "spot", "on-demand"
};

// The next launch goes from pending to terminated with this reason.
struct Doom {
  std::string reason_code = "Server.InsufficientInstanceCapacity";
  std::string reason = "Insufficient capacity to satisfy instance request";
  Duration after = 5s;
  int times = 1;
};

}  // namespace tombolo::sim
