#include "cluster/home_rollout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombolo::cluster {
namespace {

using testing::HasSubstr;

kube::PodState waiting(std::string why) {
  return {"nebula-system", "nebula-x", "talos-1", false, std::move(why), false, 0, ""};
}

std::vector<kube::NodeState> nodes_of_home(bool ready) {
  return {{"talos-1",
           ready,
           ready ? "" : "NodeStatusUnknown: Kubelet stopped posting node status.",
           "v1.35.4",
           "192.168.1.54",
           {},
           false}};
}

TEST(PodTrouble, OfANodeThatIsNotReadyIsTheNodes) {
  const auto trouble = pod_trouble({}, waiting("running, not ready yet"), nodes_of_home(false));
  EXPECT_EQ(
      trouble.text,
      "Nebula does not run on talos-1, for that node is not Ready: NodeStatusUnknown: Kubelet stopped posting node "
      "status.");
  EXPECT_THAT(trouble.hint, HasSubstr("talosctl -n 192.168.1.54 service kubelet"));
}

TEST(PodTrouble, OfAnImageNamesItAndTheNodeAndDoesNotLastLong) {
  spec::Cluster cluster;
  cluster.bootstrap.nebula_version = "1.11.1";
  const auto trouble = pod_trouble(cluster, waiting("ErrImagePull: no route to host"), nodes_of_home(true));
  EXPECT_EQ(trouble.text,
            "the image docker.io/nebulaoss/nebula:1.11.1 cannot be pulled on talos-1: ErrImagePull: no route to host");
  EXPECT_THAT(trouble.hint, HasSubstr("bootstrap.nebulaVersion is 1.11.1"));
  const auto later = pod_trouble(cluster, waiting("ImagePullBackOff: Back-off"), nodes_of_home(true));
  EXPECT_EQ(later.hint, trouble.hint) << "one cause, in the words of two tries";
  EXPECT_LE(later.patience, std::chrono::minutes(1));
}

TEST(PodTrouble, OfADeviceThatIsNotThereSaysWhatTheNodeNeeds) {
  const auto trouble =
      pod_trouble({}, waiting("FailedMount: hostPath type check failed: /dev/net/tun is not a character device"),
                  nodes_of_home(true));
  EXPECT_THAT(trouble.text, HasSubstr("Nebula does not run on talos-1: FailedMount: "));
  EXPECT_THAT(trouble.hint, HasSubstr("runc 1.2.4 or newer"));
  EXPECT_LE(trouble.patience, std::chrono::minutes(1));
}

TEST(PodTrouble, ThatWillNotMendItselfIsNotWaitedFor) {
  auto pod = waiting("CreateContainerError: no such file");
  EXPECT_GT(pod_trouble({}, pod, nodes_of_home(true)).patience, Duration{});
  pod.hopeless = true;
  EXPECT_EQ(pod_trouble({}, pod, nodes_of_home(true)).patience, Duration{});
}

}  // namespace
}  // namespace tombolo::cluster
