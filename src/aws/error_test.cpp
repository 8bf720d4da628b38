#include "aws/error.hpp"

#include <gtest/gtest.h>

namespace tombolo::aws {
namespace {

struct Case {
  const char* code;
  int status;
  Code expected;
  const char* message = "";
};

const CallContext kOld{CallKind::kRead, {}};
const CallContext kYoung{CallKind::kCreate, std::chrono::seconds(3)};

TEST(Errors, EveryClassHasItsCode) {
  const Case cases[] = {
      {"RequestLimitExceeded", 503, Code::kThrottled},
      {"Throttling", 400, Code::kThrottled},
      {"ThrottlingException", 400, Code::kThrottled},
      {"EC2ThrottledException", 503, Code::kThrottled},
      {"SlowDown", 503, Code::kThrottled},
      {"InternalError", 500, Code::kTransient},
      {"Unavailable", 503, Code::kTransient},
      {"RequestTimeout", 400, Code::kTransient},
      {"InsufficientInstanceCapacity", 500, Code::kCapacity},
      {"InsufficientAddressCapacity", 503, Code::kCapacity},
      {"SpotMaxPriceTooLow", 400, Code::kCapacity},
      {"Unsupported", 400, Code::kCapacity,
       "Your requested instance type (g6.xlarge) is not supported in your requested Availability Zone (x)."},
      {"Unsupported", 400, Code::kUnsupported, "The requested configuration is currently not supported."},
      {"VcpuLimitExceeded", 400, Code::kQuota},
      {"AddressLimitExceeded", 400, Code::kQuota},
      {"SecurityGroupLimitExceeded", 400, Code::kQuota},
      {"MaxSpotInstanceCountExceeded", 400, Code::kQuota},
      {"AuthFailure", 401, Code::kAccount},
      {"AuthFailure", 401, Code::kPermission, "You do not have permission to access the specified resource."},
      {"InvalidClientTokenId", 403, Code::kAccount},
      {"SignatureDoesNotMatch", 403, Code::kAccount,
       "The request signature we calculated does not match the signature you provided."},
      {"SignatureDoesNotMatch", 403, Code::kClock,
       "Signature expired: 20150830T123600Z is now earlier than 20261126T115500Z"},
      {"SignatureDoesNotMatch", 403, Code::kClock,
       "Signature not yet current: 20261126T130000Z is still later than 20261126T120500Z"},
      {"InvalidSignatureException", 400, Code::kClock, "Signature expired: 1 is now earlier than 2"},
      {"ExpiredToken", 400, Code::kCredentials},
      {"ExpiredTokenException", 400, Code::kCredentials},
      {"RequestExpired", 400, Code::kClock},
      {"RequestTimeTooSkewed", 403, Code::kClock},
      {"UnauthorizedOperation", 403, Code::kPermission},
      {"AccessDeniedException", 400, Code::kPermission},
      {"InvalidGroup.Duplicate", 400, Code::kDuplicate},
      {"InvalidPermission.Duplicate", 400, Code::kDuplicate},
      {"InvalidKeyPair.Duplicate", 400, Code::kDuplicate},
      {"Resource.AlreadyAssociated", 400, Code::kDuplicate},
      {"ParameterAlreadyExists", 400, Code::kDuplicate},
      {"InvalidInstanceID.NotFound", 400, Code::kNotFound},
      {"ParameterNotFound", 400, Code::kNotFound},
      {"InvalidSubnetID.NotFound", 400, Code::kNotFound},
      {"DependencyViolation", 400, Code::kDependency},
      {"InvalidGroup.InUse", 400, Code::kDependency},
      {"InvalidIPAddress.InUse", 400, Code::kDependency},
      {"VolumeInUse", 400, Code::kDependency},
      {"IncorrectInstanceState", 400, Code::kState,
       "The pending-instance-creation instance to which 'eni' is attached"},
      {"IncorrectInstanceState", 400, Code::kConflict,
       "The instance 'i-1' is not in a state from which it can be started."},
      {"InvalidInstanceID", 400, Code::kState,
       "The pending instance 'i-1' is not in a valid state for this operation."},
      {"InvalidInstanceID", 400, Code::kBadInput, "The instance ID 'i-1' is strange"},
      {"IdempotentParameterMismatch", 400, Code::kConflict},
      {"IdempotentInstanceTerminated", 400, Code::kTokenSpent},
      {"OperationNotPermitted", 400, Code::kConflict},
      {"InvalidAMIID.Malformed", 400, Code::kBadInput},
      {"InvalidParameterValue", 400, Code::kBadInput, "Value (x) for parameter availabilityZone is invalid."},
      {"SomethingNew", 400, Code::kBadInput},
      {"SomethingNew", 503, Code::kTransient},
      {"SomethingNew", 403, Code::kPermission},
      {"NewThing.NotFound", 400, Code::kNotFound},
      {"NewThingLimitExceeded", 400, Code::kQuota},
      {"", 502, Code::kTransient},
      {"", 429, Code::kThrottled},
  };
  for (const Case& c : cases)
    EXPECT_EQ(name(classify(c.code, c.message, c.status, kOld)), name(c.expected)) << c.code << " " << c.message;
}

TEST(Errors, NotFoundOfOurOwnFreshThingIsNotBelieved) {
  for (const char* code : {"InvalidInstanceID.NotFound", "InvalidGroup.NotFound", "InvalidKeyPair.NotFound",
                           "InvalidAllocationID.NotFound"}) {
    EXPECT_EQ(classify(code, "", 400, kYoung), Code::kInconsistent) << code;
    EXPECT_EQ(classify(code, "", 400, {CallKind::kDelete, std::chrono::seconds(121)}), Code::kNotFound) << code;
  }
  // An image, a subnet or a parameter is never of our making.
  for (const char* code : {"InvalidAMIID.NotFound", "InvalidSubnetID.NotFound", "ParameterNotFound"})
    EXPECT_EQ(classify(code, "", 400, kYoung), Code::kNotFound) << code;
  EXPECT_EQ(classify("InvalidParameterValue",
                     "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
                     400, kYoung),
            Code::kInconsistent);
}

TEST(Errors, BodiesOfEveryDialectAreRead) {
  struct Dialect {
    const char* body;
    const char* code;
    const char* message;
    const char* request_id;
  };
  const Dialect dialects[] = {
      {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>A</Code><Message>m &amp; "
       "n</Message></Error></Errors><RequestID>r</RequestID></Response>",
       "A", "m & n", "r"},
      {"<ErrorResponse "
       "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>B</Code><Message>m</"
       "Message></Error><RequestId>r</RequestId></ErrorResponse>",
       "B", "m", "r"},
      {"<ErrorResponse><Errors><Error><Code>AuthFailure</Code><Message>m</Message></Error></Errors><RequestID>r</"
       "RequestID></ErrorResponse>",
       "AuthFailure", "m", "r"},
      {"<Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>r</RequestId></Error>", "NoSuchKey", "m", "r"},
      {R"({"__type":"com.amazonaws.ssm#ParameterNotFound","message":"m"})", "ParameterNotFound", "m", ""},
      {R"({"__type":"AccessDeniedException","Message":"m"})", "AccessDeniedException", "m", ""},
      {R"({"code":"ExpiredTokenException:http://internal.amazon.com/","message":"m"})", "ExpiredTokenException", "m",
       ""},
  };
  for (const Dialect& d : dialects) {
    const auto read = read_error_body(d.body);
    ASSERT_TRUE(read) << d.body;
    EXPECT_EQ(read->code, d.code);
    EXPECT_EQ(read->message, d.message);
    EXPECT_EQ(read->request_id, d.request_id);
  }
}

TEST(Errors, WhatIsNoErrorBodyIsNotTakenForOne) {
  for (const char* body : {"", "   ", "<html><body><h1>Internal Server Error</h1></body></html>",
                           "<!doctype html><title>500</title>", "{", "{}", "[]", "<Response><Errors/></Response>",
                           "<Response><Errors><Error><Code>A</Code>", "upstream connect error"})
    EXPECT_FALSE(read_error_body(body)) << body;
}

TEST(Errors, AnHtmlPageWithStatus500IsTransient) {
  const Error error = error_of("RunInstances", {500, {}, "<!doctype html><title>Internal Server Error</title>"}, kOld);
  EXPECT_EQ(error.code(), Code::kTransient);
  EXPECT_EQ(error.remote()->http_status, 500);
  EXPECT_NE(error.sentence().find("RunInstances"), std::string::npos);
}

TEST(Errors, ARefusalCarriesAwsOwnWordsAndWhatToDo) {
  const Error error = error_of("RunInstances",
                               {403,
                                {},
                                "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not "
                                "authorized.</Message></Error></Errors><RequestID>r-7</RequestID></Response>"},
                               kOld);
  EXPECT_EQ(error.sentence(), "AWS refused RunInstances: You are not authorized.");
  EXPECT_EQ(error.remote()->code, "UnauthorizedOperation");
  EXPECT_EQ(error.remote()->request_id, "r-7");
  EXPECT_FALSE(error.hint().empty());
}

}  // namespace
}  // namespace tombolo::aws
