#include "sim/spot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/filters.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

Outcome<SpotRequest*> find_request(Call& call, const std::string& id) {
  auto* request = by_id(call.region.spot_requests, id);
  if (!request)
    return refuse("InvalidSpotInstanceRequestID.NotFound",
                  fmt::format("The spot instance request ID '{}' does not exist", id));
  return request;
}

}  // namespace

Outcome<> describe_spot_requests(Call& call, XmlOut& out) {
  auto ids = call.q.list("SpotInstanceRequestId");
  for (const auto& id : ids) GRANTED(find_request(call, id));
  static const std::vector<FilterField<SpotRequest>> fields = {
      {"spot-instance-request-id", [](const SpotRequest& r) { return Values{r.id}; }},
      {"instance-id", [](const SpotRequest& r) { return Values{r.instance_id}; }},
      {"state", [](const SpotRequest& r) { return Values{r.state}; }},
      {"status-code", [](const SpotRequest& r) { return Values{r.status}; }},
      {"launched-availability-zone", [](const SpotRequest& r) { return Values{r.zone}; }},
      {"launch.instance-type", [](const SpotRequest& r) { return Values{r.type}; }},
  };
  auto passing = GRANTED(
      filtered<SpotRequest>(call, call.region.spot_requests, fields, [](const SpotRequest& r) { return r.id; }));
  std::erase_if(passing, [&](const SpotRequest* r) {
    return !ids.empty() && std::find(ids.begin(), ids.end(), r->id) == ids.end();
  });
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("spotInstanceRequestSet", slice(passing, page), [&](const SpotRequest* r) {
    out.leaf("spotInstanceRequestId", r->id)
        .leaf_if("spotPrice", r->price)
        .leaf("type", "one-time")
        .leaf("state", r->state);
    out.node("status",
             [&] { out.leaf("code", r->status).leaf("updateTime", iso_time(r->created)).leaf("message", r->status); });
    out.node("launchSpecification", [&] { out.leaf("imageId", r->image_id).leaf("instanceType", r->type); });
    out.leaf("instanceId", r->instance_id)
        .leaf("createTime", iso_time(r->created))
        .leaf("productDescription", "Linux/UNIX");
    out.leaf("launchedAvailabilityZone", r->zone).leaf("instanceInterruptionBehavior", "terminate");
    show_tags(out, call, r->id, r->tags);
  });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

// Cancelling a request leaves its instance running, as on AWS.
Outcome<> cancel_spot_requests(Call& call, XmlOut& out) {
  std::vector<SpotRequest*> found;
  for (const auto& id : call.q.list("SpotInstanceRequestId")) found.push_back(GRANTED(find_request(call, id)));
  if (found.empty()) return missing("spotInstanceRequestIdSet");
  for (auto* request : found) {
    if (request->state == "active") request->state = "cancelled";
  }
  out.list("spotInstanceRequestSet", found,
           [&](const SpotRequest* r) { out.leaf("spotInstanceRequestId", r->id).leaf("state", r->state); });
  return {};
}

}  // namespace tombolo::sim
