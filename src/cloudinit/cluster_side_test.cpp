#include "cloudinit/cluster_side.hpp"

#include <gmock/gmock.h>

#include "codec/base64.hpp"

namespace tombolo::cloudinit {
namespace {

using testing::HasSubstr;

TEST(K3sConfig, KeepsTheClusterOnTheMesh) {
  const auto text = k3s_config({"lighthouse", codec::Address::v4(0x0A2A0001), "nebula1",
                                *codec::Cidr::parse("10.52.0.0/16"), *codec::Cidr::parse("10.53.0.0/16")});
  for (const auto* line :
       {"node-ip: 10.42.0.1", "advertise-address: 10.42.0.1", "flannel-iface: nebula1", "cluster-cidr: 10.52.0.0/16",
        "service-cidr: 10.53.0.0/16", "cluster-dns: 10.53.0.10", "secrets-encryption: true"})
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
}

TEST(Credentials, ComeAsTheyLay) {
  const auto read = read_credentials(credentials_answer("apiVersion: v1\n", "K10abc::server:x\n"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kubeconfig.expose(), "apiVersion: v1\n");
  EXPECT_EQ(read->join_token.expose(), "K10abc::server:x");
}

TEST(Credentials, ThatAreNotThereYetAreWaitedFor) {
  EXPECT_EQ(read_credentials(credentials_answer("", "")).error().code(), Code::kState);
  EXPECT_EQ(read_credentials("bash: sudo: not found\n").error().code(), Code::kCorrupt);
  EXPECT_EQ(read_credentials("@begin kubeconfig\n!!\n@end kubeconfig\n@begin join-token\nx\n@end join-token\n@done\n")
                .error()
                .code(),
            Code::kCorrupt);
}

TEST(Rendered, IsOneTextForEachDocument) {
  const auto read =
      read_rendered(rendered_answer("---\n# Source: a\nkind: A\ndata: |\n  ---\n---\n# only words\n---\nkind: B\n"));
  ASSERT_TRUE(read);
  EXPECT_THAT(*read, testing::ElementsAre("# Source: a\nkind: A\ndata: |\n  ---\n", "kind: B\n"));
}

TEST(Rendered, SaysWhatHelmSaid) {
  const auto error =
      "@begin error\n" + codec::encode_base64(as_bytes("Error: values don't meet the schema\n")) + "\n@end error\n";
  EXPECT_EQ(read_rendered(error).error().code(), Code::kBadInput);
  EXPECT_THAT(read_rendered(error).error().sentence(), HasSubstr("values don't meet the schema"));
  EXPECT_EQ(read_rendered("@begin wait\n\n@end wait\n").error().code(), Code::kNotFound);
  EXPECT_EQ(read_rendered("").error().code(), Code::kCorrupt);
}

TEST(Rendered, ScriptCarriesTheValuesWhereNoShellReadsThem) {
  const auto script = render_script({"v1.2.0", "liqo", "a: '$(rm -rf /)'\n", "v1.35.4"});
  EXPECT_THAT(script, testing::Not(HasSubstr("rm -rf /)")));
  EXPECT_THAT(script, HasSubstr("--kube-version 'v1.35.4'"));
}

}  // namespace
}  // namespace tombolo::cloudinit
