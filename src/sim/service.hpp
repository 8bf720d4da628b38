// From an HTTP request to an HTTP answer: protocol and action, signature, faults, permission, pace, parameters, handler,
// envelope, record. The order is AWS's: who you are, whether you may, whether not too often, whether it makes sense.
#pragma once
#include <string>

#include "codec/json.hpp"
#include "net/transport.hpp"
#include "sim/site.hpp"
#include "sim/world.hpp"

namespace tombolo::sim {

// A request, taken apart as far as it goes without believing it.
struct Incoming {
  Protocol protocol = Protocol::kEc2;
  std::string service;  // "ec2", "sts", "ssm", "servicequotas", "checkip"
  std::string action;
  Outcome<Query> query = Query{};  // kEc2, kQuery
  codec::Json json;  // kJson
  bool readable = true;  // the JSON parses
};

Incoming read_request(const net::Request& request);
// Carries it out at the clock's present time. The caller holds the world's mutex.
Reply serve(World& world, const net::Request& request, const Incoming& in);

}  // namespace tombolo::sim
