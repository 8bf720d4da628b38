// `up`, `plan`, `down` from end to end in virtual time: fair weather, drift, strangers, refusals, and how long it takes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "campaign/lab.hpp"
#include "crypto/ssh_key.hpp"

namespace tombolo::campaign {
namespace {

using testing::HasSubstr;

// Calls that change something.
int changes(const sim::Site& site) {
  int count = 0;
  for (const auto& call : site.calls())
    if (call.service == "kube")
      count += call.executed && !call.parameters.contains("dryRun") && !call.action.starts_with("get ") &&
               !call.action.starts_with("list ") && !call.action.starts_with("watch ");
    else if (!call.action.starts_with("Describe") && !call.action.starts_with("Get") && call.action != "CheckIp")
      ++count;
  return count;
}

TEST(Up, MakesOneOfEverythingAndThenChangesNothing) {
  Lab lab(1);
  auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_EQ(lab.fault_of_up(), "");
  lab.site().clear_calls();
  report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_FALSE(report->changed);
  EXPECT_EQ(changes(lab.site()), 0);
}

TEST(Up, DownLeavesNothingAndSaysSo) {
  Lab lab(2);
  ASSERT_TRUE(lab.up());
  auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero()) << codec::to_text(cluster::to_json(*receipt));
  EXPECT_EQ(receipt->removed.size(), 9u);  // five in AWS, Nebula and Liqo at home
  EXPECT_EQ(lab.fault_of_down(), "");
  receipt = lab.down();
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->zero());
  EXPECT_TRUE(receipt->removed.empty());
}

TEST(Up, DownOfAClusterThatNeverWasIsZero) {
  Lab lab(3);
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero());
}

TEST(Up, DownWithoutItsJournalFindsEverythingByTags) {
  Lab lab(4);
  ASSERT_TRUE(lab.up());
  lab.lose_journal();
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero());
  EXPECT_EQ(lab.fault_of_down(), "");
}

TEST(Up, WithoutItsJournalItAdoptsWhatIsThere) {
  Lab lab(5);
  ASSERT_TRUE(lab.up());
  lab.lose_journal();
  lab.site().clear_calls();
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_FALSE(report->changed);
  EXPECT_EQ(changes(lab.site()), 0);
  EXPECT_EQ(lab.fault_of_up(), "");
}

TEST(Up, ReplacesTheMachineWhenItsTypeChangesAndKeepsTheAddress) {
  Lab lab(6);
  ASSERT_TRUE(lab.up());
  const auto address = lab.site().addresses()[0].public_ip;
  const auto machine = lab.site().live_instances()[0].id;
  lab.cluster.lighthouse.instance_type = "t3.medium";
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_NE(lab.site().live_instances()[0].id, machine);
  EXPECT_EQ(lab.site().addresses()[0].public_ip, address);
}

TEST(Up, RecreatesTheLighthouseOnRequestOnce) {
  Lab lab(7);
  ASSERT_TRUE(lab.up());
  const auto machine = lab.site().live_instances()[0].id;
  ASSERT_TRUE(lab.up({{"aws.instance", "lighthouse"}}));
  EXPECT_NE(lab.site().live_instances()[0].id, machine);
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_TRUE(lab.plan()->empty());
}

// Somebody else's client in the same account.
struct Stranger {
  explicit Stranger(Lab& lab)
      : client(lab.clock(), lab.site(), aws::CredentialStore::fixed(lab.clock(), keys()), config()), ec2(client) {}
  static aws::Credentials keys() {
    aws::Credentials out;
    out.access_key = sim::kAccessKeyId;
    out.secret_key = Secret<std::string>(std::string(sim::kSecretAccessKey));
    return out;
  }
  static aws::ClientConfig config() {
    aws::ClientConfig out;
    out.environment = {};
    out.region = "us-west-2";
    return out;
  }
  aws::Client client;
  aws::Ec2 ec2;
};

TEST(Up, AStrangersGroupAndKeyOfTheSameNameAreNamedAndNotTouched) {
  Lab lab(8);
  Stranger stranger(lab);
  const auto vpc = stranger.ec2.vpcs({}, {})->at(0).id;
  ASSERT_TRUE(stranger.ec2.create_security_group("homelab-lighthouse", "of somebody else", vpc, {}, {}));
  const auto key = crypto::openssh_public_line(crypto::Ed25519Key::generate().public_key(), "somebody else");
  ASSERT_TRUE(stranger.ec2.import_key_pair("homelab-operator", key, {}, {}));
  const auto report = lab.up();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->applied.ok());
  std::string said;
  for (const auto& error : report->applied.errors()) {
    EXPECT_EQ(error.code(), Code::kConflict);
    EXPECT_THAT(error.hint(), HasSubstr("metadata.name"));
    said += error.text() + "\n";
  }
  EXPECT_THAT(said, HasSubstr("the security group homelab-lighthouse"));
  EXPECT_THAT(said, HasSubstr("the EC2 key pair homelab-operator"));
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->zero());
  EXPECT_EQ(lab.site().security_groups().size(), 1u);
  EXPECT_EQ(lab.site().key_pairs().size(), 1u);
}

TEST(Up, WithoutADefaultVpcSaysWhatToDo) {
  Lab lab(10);
  lab.site().remove_default_vpc("us-west-2");
  const auto report = lab.up();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::kNotFound);
  EXPECT_THAT(report.error().hint(), HasSubstr("create-default-vpc"));
}

TEST(Up, WithAQuotaOfZeroMakesNothingAndNamesTheCommand) {
  Lab lab(11);
  lab.site().set_quota("us-west-2", "L-1216C47A", 0);
  const auto report = lab.up();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::kQuota);
  EXPECT_THAT(report.error().hint(), HasSubstr("L-1216C47A"));
  EXPECT_EQ(changes(lab.site()), 0);
}

TEST(Up, WithoutAnImageSaysSo) {
  Lab lab(12);
  lab.site().remove_images("us-west-2");
  EXPECT_EQ(lab.up().error().code(), Code::kNotFound);
}

TEST(Up, AClockTwentyMinutesOffIsCorrected) {
  sim::Options options;
  options.clock_skew = 20min;
  Lab lab(13, options);
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(lab.fault_of_up(), "");
}

TEST(Up, AZoneWithoutCapacityMeansTheNextZone) {
  Lab lab(14);
  lab.site().add_shortage({"t3.small", "us-west-2a", ""});
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_NE(lab.site().live_instances()[0].zone, "us-west-2a");
}

TEST(Up, AMachineThatDiesForWantOfCapacityIsMadeElsewhere) {
  Lab lab(15);
  lab.site().doom_launches({});
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(lab.fault_of_up(), "");
}

TEST(Up, AFailedBootstrapSaysWhichPhaseWithItsLog) {
  sim::Options options;
  options.boot.failing_phase = "artefacts";
  Lab lab(16, options);
  const auto report = lab.up();
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->applied.ok());
  EXPECT_THAT(report->applied.errors()[0].text(), HasSubstr("artefacts"));
  EXPECT_THAT(report->applied.errors()[0].text(), HasSubstr("503"));
}

TEST(Down, AStrangersNetworkInterfaceIsNamedAndTheReceiptIsNotZero) {
  Lab lab(17);
  ASSERT_TRUE(lab.up());
  const auto interface = lab.site().add_foreign_interface("us-west-2", lab.site().security_groups()[0].id);
  auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_FALSE(receipt->zero());
  EXPECT_EQ(receipt->billable(), 0);
  ASSERT_EQ(receipt->left.size(), 1u);
  EXPECT_THAT(receipt->left[0].reason, HasSubstr(interface));
  lab.site().remove_interface("us-west-2", interface);
  receipt = lab.down();
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(receipt->zero());
}

TEST(Up, AnotherRegionInTheFileIsRefusedUntilTheOldOneIsEmpty) {
  Lab lab(18);
  ASSERT_TRUE(lab.up());
  lab.cluster.region = "eu-west-1";
  const auto refused = lab.up();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kConflict);
  const auto receipt = lab.down();
  ASSERT_TRUE(receipt) << receipt.error().text();
  EXPECT_TRUE(receipt->zero());
  EXPECT_EQ(receipt->regions, (std::vector<std::string>{"eu-west-1", "us-west-2"}));
  EXPECT_EQ(lab.fault_of_down(), "");
  EXPECT_TRUE(lab.up());
}

TEST(Up, StoppedInTheMiddleGoesOnLater) {
  Lab lab(19);
  std::stop_source stop;
  lab.point = [&](const std::string& where) {
    if (where == "after Action=RunInstances") stop.request_stop();
  };
  const auto stopped = lab.up({}, stop.get_token());
  lab.point = {};
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->applied.cancelled);
  ASSERT_TRUE(lab.up());
  EXPECT_EQ(lab.fault_of_up(), "");
}

TEST(Up, InTheRecipesFormTheUserDataHoldsThreeNebulaBlocksAndTheBootstrapEnds) {
  Lab lab(20);
  lab.cluster.bootstrap.keys = spec::KeyOrigin::kEmbedded;
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  const auto machine = lab.site().live_instances()[0];
  int blocks = 0;
  for (std::size_t at = 0; (at = machine.user_data.find("BEGIN NEBULA", at)) != std::string::npos; ++at) ++blocks;
  EXPECT_EQ(blocks, 3);
  EXPECT_EQ(lab.fault_of_up(), "");
  EXPECT_TRUE(machine.deliveries.empty());  // it needed nothing from us
  EXPECT_TRUE(lab.plan()->empty());
}

TEST(Up, AnOrdinaryMachineMakesItsOwnKeyAndGetsItsCertificate) {
  Lab lab(21);
  std::vector<std::string> phases;
  lab.events = [&](const engine::Event& event) {
    if (event.type == engine::EventType::kStepPhase) phases.push_back(event.phase);
  };
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_TRUE(std::filesystem::exists(lab.folder() + "/nebula/members/lighthouse/host.crt"));
  EXPECT_FALSE(std::filesystem::exists(lab.folder() + "/nebula/members/lighthouse/host.key"));
  EXPECT_EQ(lab.site().live_instances()[0].deliveries.size(), 1u);
  for (const auto* phase : {"launch", "running", "ssh", "Nebula installed", "keys made", "certificate delivered",
                            "Nebula active", "handshake seen"})
    EXPECT_THAT(phases, testing::Contains(phase));
  EXPECT_THAT(phases, testing::Not(testing::Contains("console keys")));  // the banner was proof enough
}

TEST(Up, AChangeOfWhatTheMachineRunsIsDeliveredAndNotAReasonToReplaceIt) {
  Lab lab(24);
  ASSERT_TRUE(lab.up());
  const auto id = lab.site().live_instances()[0].id;
  lab.cluster.addresses.mesh_mtu = 1280;
  EXPECT_EQ(lab.plan()->count(engine::Action::kUpdate), 3);  // the machine's mesh, its k3s, Nebula at home
  ASSERT_TRUE(lab.up());
  EXPECT_EQ(lab.site().live_instances()[0].id, id);
  EXPECT_EQ(lab.fault_of_up(), "");
  lab.clock().advance(1min);  // `up` has what it needs before the machine has come to the end of its script
  EXPECT_TRUE(lab.plan()->empty()) << codec::to_text(engine::to_json(*lab.plan()));
}

TEST(Up, ARecreatedLighthouseIsProvenAnewAndKeepsAddressAndMeshPlace) {
  Lab lab(25);
  ASSERT_TRUE(lab.up());
  const auto address = lab.site().addresses()[0].public_ip;
  const auto pins = *read_file(lab.folder() + "/known_hosts");
  const auto report = lab.up({{"aws.instance", "lighthouse"}});
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_EQ(lab.site().addresses()[0].public_ip, address);
  EXPECT_NE(*read_file(lab.folder() + "/known_hosts"), pins);
  EXPECT_EQ(lab.fault_of_up(), "");
}

TEST(Up, UserDataThatDidNotRunIsRunOverSshOnceTheConsoleHasVouchedForTheMachine) {
  Lab lab(26);
  lab.wait_for_bootstrap = false;
  ASSERT_TRUE(lab.up());
  lab.site().set_user_data(lab.site().live_instances()[0].id, "just some text");
  lab.wait_for_bootstrap = true;
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_EQ(lab.fault_of_up(), "");
}

TEST(Up, JoinsBothClustersAndSaysWhatItSaw) {
  Lab lab(27);
  std::map<std::string, std::set<std::string>> said;
  lab.events = [&](const engine::Event& event) {
    if (event.type == engine::EventType::kStepPhase) said[event.address].insert(event.phase);
  };
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_THAT(said["home.nebula/home"], testing::IsSupersetOf({"apply", "interface active"}));
  EXPECT_THAT(said["home.member/talos-homelab"], testing::Contains("handshake seen"));
  EXPECT_THAT(said["k3s.server/lighthouse"], testing::IsSupersetOf({"credentials", "API answers"}));
  EXPECT_THAT(said["liqo.installation/home"], testing::IsSupersetOf({"apply", "ready"}));
  EXPECT_THAT(said["liqo.installation/cloud"], testing::Contains("ready"));
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/liqo/configmaps/liqo-clusterid-configmap"), 200);
}

TEST(Up, AReplacedLighthouseHasANewClusterWithCredentialsOfItsOwn) {
  Lab lab(28);
  ASSERT_TRUE(lab.up());
  const auto before = *read_file(store::StateFolder(lab.folder()).kubeconfig("cloud"));
  const auto report = lab.up({{"aws.instance", "lighthouse"}});
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  EXPECT_NE(*read_file(store::StateFolder(lab.folder()).kubeconfig("cloud")), before);
  EXPECT_TRUE(lab.plan()->empty());
}

TEST(Up, ANebulaOfSomebodyElseAtHomeIsLeftAlone) {
  Lab lab(29);
  net::Request request{"PATCH",
                       "https://home.simulated:6443/apis/apps/v1/namespaces/default/daemonsets/nebula?fieldManager=me",
                       {{"Content-Type", "application/apply-patch+yaml"}},
                       R"({"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"nebula"},"spec":{"selector":)"
                       R"({"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},"spec":)"
                       R"({"containers":[{"name":"a","image":"a"}]}}}})",
                       60s};
  lab.cluster.home.nebula_namespace = "default";
  ASSERT_EQ(lab.site().handle(request).status, 201);
  const auto refused = lab.up();
  EXPECT_TRUE(!refused || !refused->applied.ok());
  EXPECT_EQ(lab.status_at_home("/apis/apps/v1/namespaces/default/daemonsets/nebula"), 200);
  EXPECT_EQ(lab.status_at_home("/api/v1/namespaces/default/secrets/nebula-host"), 404);
}

TEST(Up, TheCaKeyIsBackedUpIntoSsmAndNotWrittenAgain) {
  Lab lab(23);
  lab.simulated_vault = false;
  lab.cluster.secrets.backup = spec::BackupKind::kSsm;
  lab.cluster.secrets.backup_target = "/homelab/nebula-ca-key";
  const auto report = lab.up();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_TRUE(report->applied.ok()) << report->applied.errors()[0].text();
  ASSERT_TRUE(lab.up());
  int puts = 0;
  for (const auto& call : lab.site().calls())
    if (call.action == "PutParameter") ++puts;
  EXPECT_EQ(puts, 1);
}

TEST(Up, RulesChangedBehindItsBackArePutRight) {
  Lab lab(22);
  ASSERT_TRUE(lab.up());
  lab.cluster.lighthouse.ssh_allowed_from = "198.51.100.0/24";
  EXPECT_EQ(lab.plan()->count(engine::Action::kUpdate), 1);
  ASSERT_TRUE(lab.up());
  EXPECT_EQ(lab.site().security_groups()[0].rules.size(), 3u);  // SSH, the mesh, and what AWS lets out by itself
  EXPECT_TRUE(lab.plan()->empty());
}

}  // namespace
}  // namespace tombolo::campaign
