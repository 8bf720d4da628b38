// RunInstances: the request is checked as EC2 checks it (launch_request.cpp), then token, quota and capacity are asked, then
// the machines, their volumes, interfaces and spot requests come into being (launch.cpp).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/catalog.hpp"
#include "sim/tags.hpp"
#include "sim/world.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

struct RootVolume {
  std::string type = "gp3";
  int size_gib = 0;  // 0: the image's
  int iops = 0;  // 0: the type's
  int throughput = 0;
  bool encrypted = false;
  std::string kms_key;
  bool delete_on_termination = true;
};

struct MetadataOptions {
  std::string http_tokens = "optional";
  std::string http_endpoint = "enabled";
  std::string tags = "disabled";
  std::string ipv6 = "disabled";
  int hop_limit = 1;
};

// Everything a launch asks for, found and checked.
struct LaunchRequest {
  const Image* image = nullptr;
  const InstanceType* type = nullptr;
  int least = 1;
  int most = 1;
  std::string key_name;
  std::vector<std::string> groups;
  std::string subnet_id;  // "" until a zone has been chosen
  std::string zone;  // as the request names it, by zone or subnet; "" when it leaves that to EC2
  std::string vpc_id;
  std::string user_data;  // raw
  std::string token;
  bool public_ip = true;
  std::string private_ip;
  bool spot = false;
  std::string max_price;
  RootVolume root;
  MetadataOptions metadata;
  std::string credits;
  std::string shutdown_behavior;
  std::string profile_arn;
  std::string interface_description;
  bool termination_protection = false;
  bool stop_protection = false;
  bool monitoring = false;
  bool ebs_optimized = false;
  bool source_dest_check = true;
  TagsByType tags;
};

Outcome<LaunchRequest> read_launch(Call& call);
Outcome<MetadataOptions> read_metadata_options(const Query& q, MetadataOptions from);
Outcome<> run_instances(Call& call, XmlOut& out);

}  // namespace tombolo::sim
