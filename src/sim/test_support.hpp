// For the tests of this folder: a caller of the simulated AWS that signs its requests with aws/sigv4 and reads the answers.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "aws/sigv4.hpp"
#include "base/virtual_clock.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"
#include "codec/xml.hpp"
#include "sim/site.hpp"

namespace tombolo::sim {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Answered {
  int status = 0;
  std::string body;
  codec::XmlElement xml;
  codec::Json json;
  bool cut = false;

  // The error code in any envelope; "" for success.
  std::string code() const {
    for (auto path : {"Errors/Error/Code", "Error/Code"}) {
      if (auto text = xml.text_at(path); !text.empty()) return text;
    }
    return json.is_object() ? codec::text_at(json, "__type") : "";
  }
  std::string message() const {
    auto text = xml.text_at("Errors/Error/Message", xml.text_at("Error/Message"));
    return text.empty() && json.is_object() ? codec::text_at(json, "message") : text;
  }
  std::string operator[](std::string_view path) const { return xml.text_at(path); }
  std::size_t count(std::string_view path) const { return xml.all(path).size(); }
};

inline Time test_start() { return *parse_time("2026-11-26T01:00:00Z"); }

// A site in virtual time that a test can take apart. The clock stands still unless the test moves it.
struct SimTest : ::testing::Test {
  explicit SimTest(Options options = {}) : site(clock, std::move(options)) {}

  aws::Credentials credentials{
      std::string(kAccessKeyId), Secret<std::string>(std::string(kSecretAccessKey)), {}, {}, "test"};
  std::string region = "us-east-1";
  VirtualClock clock{test_start()};
  Site site;

  net::Request signed_request(const std::string& service, const std::string& body, net::Headers headers) {
    net::Request request{"POST", "https://" + service + "." + region + ".amazonaws.com/", std::move(headers), body,
                         60s};
    EXPECT_TRUE(aws::sign(request, credentials, {region, service}, clock.now()));
    return request;
  }
  net::Request query_request(const std::string& service, const std::string& version, const std::string& action,
                             Parameters parameters) {
    parameters.insert(parameters.begin(), {{"Action", action}, {"Version", version}});
    return signed_request(service, codec::encode_form(parameters),
                          {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}});
  }
  Answered ask(const net::Request& request) {
    auto reply = site.answer(request);
    Answered out{reply.response.status, reply.response.body, {}, {}, reply.cut};
    if (auto xml = codec::parse_xml(out.body))
      out.xml = *xml;
    else if (auto json = codec::parse_json(out.body))
      out.json = *json;
    return out;
  }
  Answered ec2(const std::string& action, Parameters parameters = {}) {
    return ask(query_request("ec2", "2016-11-15", action, std::move(parameters)));
  }
  Answered sts(const std::string& action, Parameters parameters = {}) {
    return ask(query_request("sts", "2011-06-15", action, std::move(parameters)));
  }
  Answered json(const std::string& service, const std::string& target, const codec::Json& body) {
    return ask(signed_request(service, codec::to_text(body),
                              {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", target}}));
  }
  Answered ssm(const std::string& action, const codec::Json& body) { return json("ssm", "AmazonSSM." + action, body); }
  Answered quotas(const std::string& action, const codec::Json& body) {
    return json("servicequotas", "ServiceQuotasV20190624." + action, body);
  }

  std::string image(const std::string& suffix = "kernel-default-x86_64") {
    auto answer =
        ssm("GetParameter", codec::JsonObject{{"Name", "/aws/service/ami-amazon-linux-latest/al2023-ami-" + suffix}});
    return codec::text_at(answer.json, "Parameter.Value");
  }
  Parameters launch(Parameters more = {}) {
    Parameters parameters = {{"ImageId", image()}, {"InstanceType", "t3.small"}, {"MinCount", "1"}, {"MaxCount", "1"}};
    for (auto& [name, value] : more) {
      std::erase_if(parameters, [&](const auto& each) { return each.first == name; });
      parameters.emplace_back(name, value);
    }
    return parameters;
  }
  // Launches one machine and returns its id.
  std::string run(Parameters more = {}) {
    auto answer = ec2("RunInstances", launch(std::move(more)));
    EXPECT_EQ(answer.code(), "") << answer.message();
    return answer["instancesSet/item/instanceId"];
  }
  std::string run_to_running(Parameters more = {}) {
    auto id = run(std::move(more));
    clock.advance(30s);
    return id;
  }
  std::string state_of(const std::string& id) {
    return ec2("DescribeInstances",
               {{"Filter.1.Name", "instance-id"},
                {"Filter.1.Value.1", id}})["reservationSet/item/instancesSet/item/instanceState/name"];
  }
  std::string group(const std::string& name = "mesh", Parameters more = {}) {
    more.insert(more.end(), {{"GroupName", name}, {"GroupDescription", "for tests"}});
    auto answer = ec2("CreateSecurityGroup", std::move(more));
    EXPECT_EQ(answer.code(), "") << answer.message();
    return answer["groupId"];
  }
  std::string allocate() {
    auto answer = ec2("AllocateAddress", {{"Domain", "vpc"}});
    EXPECT_EQ(answer.code(), "");
    return answer["allocationId"];
  }
  Answered authorize(const std::string& group_id, const std::string& cidr, const std::string& port = "4242") {
    return ec2("AuthorizeSecurityGroupIngress", {{"GroupId", group_id},
                                                 {"IpPermissions.1.IpProtocol", "udp"},
                                                 {"IpPermissions.1.FromPort", port},
                                                 {"IpPermissions.1.ToPort", port},
                                                 {"IpPermissions.1.IpRanges.1.CidrIp", cidr}});
  }
};

}  // namespace tombolo::sim
