#include "aws/sigv4.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/url.hpp"

namespace tombolo::aws {
namespace {

// AWS's own example key, published in its documentation.
const Credentials kExample{
    "AKIDEXAMPLE", Secret<std::string>("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {}, {}, "test"};
constexpr const char* kForm = "application/x-www-form-urlencoded; charset=utf-8";

Time vector_time() { return *parse_time("2015-08-30T12:36:00Z"); }

struct Vector {
  const char* name;
  const char* service;
  net::Request request;
  const char* token;
  const char* signed_headers;
  const char* signature;
};

net::Request ask(std::string method, std::string url, net::Headers headers, std::string body = "") {
  return {std::move(method), std::move(url), std::move(headers), std::move(body), std::chrono::seconds(1)};
}

std::vector<Vector> vectors() {
  const std::string host = "http://127.0.0.1:5061";
  const std::string strange = codec::percent_encode("x*/y+\xc3\xa9~(1)'");
  return {
      {"form", "ec2", ask("POST", host + "/", {{"Content-Type", kForm}}, "Action=DescribeVpcs&Version=2016-11-15"), "",
       "content-type;host;x-amz-date", "f9a728982c23118dae0de25c29867d4cf87676ae15cab923c2049f699c23f462"},
      {"token", "ec2", ask("POST", host + "/", {{"Content-Type", kForm}}, "Action=DescribeVpcs&Version=2016-11-15"),
       "FwoGZXIvYXdzE+/=token", "content-type;host;x-amz-date;x-amz-security-token",
       "959e176f07ac8ca49fa96d51891bf5b3fdd65465880f32b86517b9f3de80048e"},
      {"empty body", "ec2", ask("POST", host + "/", {{"Content-Type", kForm}}), "", "content-type;host;x-amz-date",
       "c87c39e2cd30dff82a55f17f3d757eb6f3d4d1bcb340c524879601e7b3a60154"},
      {"query", "ec2",
       ask("GET", host + "/?Filter.1.Value.1=" + strange + "&Action=DescribeVpcs&Filter.1.Name=tag%3Aa%20b", {}), "",
       "host;x-amz-date", "c11c1bafd00b093648202f56a6ff79cbb7421de7ea22da8895e3e54a830a39f8"},
      {"s3 put", "s3",
       ask("PUT", host + "/b/a%20b%2Bc/%C3%A9~x%3D", {{"content-type", "text/plain"}, {"if-none-match", "*"}}, "hello"),
       "tok", "content-type;host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token",
       "a7da86c73a7e53b54c3d15427aef62191555588181c8670b230d79961ee70d3f"},
      {"s3 list", "s3", ask("GET", host + "/b?list-type=2&prefix=a%2Fb%20c%2Bd", {}), "",
       "host;x-amz-content-sha256;x-amz-date", "2e579978ea1b6a2ca1451b1fcfa1fa0e9eb794cc5d83e07747666ee8dfb18919"},
      {"json", "servicequotas",
       ask("POST", host + "/",
           {{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "ServiceQuotasV20190624.GetServiceQuota"}},
           "{}"),
       "", "content-type;host;x-amz-date;x-amz-target",
       "0e36f9c450b6157e8c7a8ba390a84bb8ba9db34b9ba2b9e3aa5e46753f3370fd"},
      {"path encoded twice", "execute-api", ask("GET", host + "/a%20b/c", {}), "", "host;x-amz-date",
       "664b86f4a23c86dd073c9516cf78eeb6b11249e425a8707d5cf9a1f6fe810ac9"},
      {"get-vanilla", "service", ask("GET", "https://example.amazonaws.com/", {}), "", "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"documented iam", "iam",
       ask("GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", {{"Content-Type", kForm}}), "",
       "content-type;host;x-amz-date", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
  };
}

TEST(Signature, IsTheOneOfEveryPublishedVector) {
  for (Vector v : vectors()) {
    Credentials credentials = kExample;
    credentials.session_token = Secret<std::string>(v.token);
    ASSERT_TRUE(sign(v.request, credentials, {"us-east-1", v.service}, vector_time())) << v.name;
    auto received = read_signature(v.request);
    ASSERT_TRUE(received) << v.name << received.error().text();
    std::string names;
    for (const auto& name : received->signed_headers) names += (names.empty() ? "" : ";") + name;
    EXPECT_EQ(names, v.signed_headers) << v.name;
    EXPECT_EQ(received->signature, v.signature) << v.name;
  }
}

TEST(Signature, SigningKeyIsTheDocumentedOne) {
  EXPECT_EQ(to_hex(signing_key(kExample.secret_key, "20150830", {"us-east-1", "iam"})),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST(Signature, WhatWasSignedIsRecomputedFromWhatArrived) {
  for (Vector v : vectors()) {
    ASSERT_TRUE(sign(v.request, kExample, {"eu-central-1", v.service}, vector_time()));
    // As a server sees it: Host among the headers, the port in it.
    v.request.headers.insert(v.request.headers.begin(), {"Host", codec::parse_url(v.request.url)->authority()});
    auto received = *read_signature(v.request);
    EXPECT_EQ(received.access_key, "AKIDEXAMPLE");
    EXPECT_EQ(received.scope.region, "eu-central-1");
    EXPECT_EQ(received.at, vector_time());
    EXPECT_EQ(*expected_signature(v.request, received, kExample.secret_key), received.signature) << v.name;
    EXPECT_NE(*expected_signature(v.request, received, Secret<std::string>("other")), received.signature) << v.name;
  }
}

TEST(Signature, AnyChangeOnTheWayIsSeen) {
  net::Request request = vectors()[0].request;
  ASSERT_TRUE(sign(request, kExample, {"us-east-1", "ec2"}, vector_time()));
  const auto received = *read_signature(request);
  const auto differs = [&](net::Request changed) {
    return *expected_signature(changed, received, kExample.secret_key) != received.signature;
  };
  EXPECT_FALSE(differs(request));
  net::Request changed = request;
  changed.body += "&DryRun=true";
  EXPECT_TRUE(differs(changed));
  changed = request;
  changed.method = "PUT";
  EXPECT_TRUE(differs(changed));
  changed = request;
  changed.url += "?x=1";
  EXPECT_TRUE(differs(changed));
  changed = request;
  changed.headers[0].value = "text/plain";
  EXPECT_TRUE(differs(changed));
}

TEST(Signature, SigningAgainReplacesTheFirstSignature) {
  net::Request request = vectors()[0].request;
  Credentials temporary = kExample;
  temporary.session_token = Secret<std::string>("old");
  ASSERT_TRUE(sign(request, temporary, {"us-east-1", "ec2"}, vector_time() + std::chrono::hours(1)));
  ASSERT_TRUE(sign(request, kExample, {"us-east-1", "ec2"}, vector_time()));
  EXPECT_EQ(read_signature(request)->signature, vectors()[0].signature);
  EXPECT_EQ(
      std::ranges::count_if(request.headers,
                            [](const net::Header& h) { return h.name == "Authorization" || h.name == "X-Amz-Date"; }),
      2);
}

TEST(Signature, MalformedAuthorizationsAreNamed) {
  const auto reading = [](std::string authorization) {
    return read_signature(
        ask("GET", "http://h/", {{"Authorization", std::move(authorization)}, {"X-Amz-Date", "20150830T123600Z"}}));
  };
  EXPECT_EQ(read_signature(ask("GET", "http://h/", {})).error().code(), Code::kNotFound);
  for (const char* bad :
       {"Basic abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20150831/r/s/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, SignedHeaders=x-amz-date, Signature=0"}) {
    auto got = reading(bad);
    ASSERT_FALSE(got) << bad;
    EXPECT_EQ(got.error().code(), Code::kBadInput) << bad;
  }
  EXPECT_TRUE(reading("AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request,SignedHeaders=host,Signature=0"));
}

}  // namespace
}  // namespace tombolo::aws
