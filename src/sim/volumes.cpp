#include "sim/volumes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/filters.hpp"
#include "sim/tags.hpp"

namespace tombolo::sim {
namespace {

Outcome<Volume*> find_volume(Call& call, const std::string& id) {
  if (!id.starts_with("vol-"))
    return refuse("InvalidParameterValue",
                  fmt::format("Value ({}) for parameter volumes is invalid. Expected: 'vol-...'.", id));
  auto* volume = by_id(call.region.volumes, id);
  if (!volume || !call.sees(volume->visible))
    return refuse("InvalidVolume.NotFound", fmt::format("The volume '{}' does not exist.", id));
  return volume;
}

std::string_view status_of(const Volume& volume) { return volume.instance_id.empty() ? "available" : "in-use"; }

const std::vector<FilterField<Volume>>& volume_fields() {
  static const std::vector<FilterField<Volume>> table = {
      {"volume-id", [](const Volume& v) { return Values{v.id}; }},
      {"attachment.instance-id", [](const Volume& v) { return Values{v.instance_id}; }},
      {"attachment.device", [](const Volume& v) { return Values{v.device}; }},
      {"attachment.delete-on-termination",
       [](const Volume& v) { return Values{v.delete_on_termination ? "true" : "false"}; }},
      {"attachment.status", [](const Volume& v) { return v.instance_id.empty() ? Values{} : Values{"attached"}; }},
      {"availability-zone", [](const Volume& v) { return Values{v.zone}; }},
      {"encrypted", [](const Volume& v) { return Values{v.encrypted ? "true" : "false"}; }},
      {"size", [](const Volume& v) { return Values{std::to_string(v.size_gib)}; }},
      {"snapshot-id", [](const Volume& v) { return Values{v.snapshot_id}; }},
      {"status", [](const Volume& v) { return Values{std::string(status_of(v))}; }},
      {"volume-type", [](const Volume& v) { return Values{v.type}; }},
  };
  return table;
}

void show(XmlOut& out, const Call& call, const Volume& v) {
  out.leaf("volumeId", v.id)
      .leaf("size", v.size_gib)
      .leaf("snapshotId", v.snapshot_id)
      .leaf("availabilityZone", v.zone);
  out.leaf("status", status_of(v))
      .leaf("createTime", iso_time(v.created))
      .leaf("volumeType", v.type)
      .leaf("encrypted", v.encrypted);
  out.leaf_if("kmsKeyId", v.kms_key).leaf("multiAttachEnabled", false);
  if (v.iops > 0) out.leaf("iops", v.iops);
  if (v.throughput > 0) out.leaf("throughput", v.throughput);
  out.node("attachmentSet", [&] {
    if (v.instance_id.empty()) return;
    out.node("item", [&] {
      out.leaf("volumeId", v.id).leaf("instanceId", v.instance_id).leaf("device", v.device).leaf("status", "attached");
      out.leaf("attachTime", iso_time(v.created)).leaf("deleteOnTermination", v.delete_on_termination);
    });
  });
  show_tags(out, call, v.id, v.tags);
}

}  // namespace

Outcome<> describe_volumes(Call& call, XmlOut& out) {
  auto ids = call.q.list("VolumeId");
  for (const auto& id : ids) GRANTED(find_volume(call, id));
  auto passing =
      GRANTED(filtered<Volume>(call, call.region.volumes, volume_fields(), [](const Volume& v) { return v.id; }));
  std::erase_if(passing, [&](const Volume* v) {
    return !call.sees(v->visible) || (!ids.empty() && std::find(ids.begin(), ids.end(), v->id) == ids.end());
  });
  auto page = GRANTED(page_of(call.q, passing.size(), 5, 1000));
  out.list("volumeSet", slice(passing, page), [&](const Volume* v) { show(out, call, *v); });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

Outcome<> create_volume(Call& call, XmlOut& out) {
  auto zone = GRANTED(call.q.required("AvailabilityZone"));
  const auto& zones = call.region.zones;
  if (std::find(zones.begin(), zones.end(), zone) == zones.end()) {
    return refuse("InvalidZone.NotFound", fmt::format("The zone '{}' does not exist.", zone));
  }
  auto specifications = GRANTED(read_tag_specifications(call.q, {"volume"}));
  auto size = GRANTED(call.q.number("Size", 0));
  if (size < 1 || size > 16384) return invalid_value("size", std::to_string(size));
  auto type = call.q.text("VolumeType", "gp2");
  if (type != "gp2" && type != "gp3") return invalid_value("volumeType", type);
  auto parameters = call.q.values();
  parameters.erase("DryRun");
  auto token = call.q.text("ClientToken");
  auto& use = call.region.tokens;
  if (auto it = use.find("volume/" + token); !token.empty() && it != use.end()) {
    if (it->second.parameters != parameters) {
      return refuse(
          "IdempotentParameterMismatch",
          "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).");
    }
    if (const auto* volume = by_id(call.region.volumes, it->second.made.front())) {
      show(out, call, *volume);
      return {};
    }
  }
  Volume volume;
  volume.id = call.world.random.id("vol-");
  volume.zone = zone;
  volume.type = type;
  volume.size_gib = static_cast<int>(size);
  volume.iops = type == "gp3" ? 3000 : 100;
  volume.throughput = type == "gp3" ? 125 : 0;
  volume.encrypted = GRANTED(call.q.flag("Encrypted", false));
  volume.tags = tags_for(specifications, "volume");
  volume.created = call.now;
  volume.visible = call.visible_from();
  call.region.volumes.push_back(volume);
  if (!token.empty()) use["volume/" + token] = {parameters, {volume.id}};
  show(out, call, volume);
  return {};
}

Outcome<> delete_volume(Call& call, XmlOut& out) {
  const auto* volume = GRANTED(find_volume(call, GRANTED(call.q.required("VolumeId"))));
  if (!volume->instance_id.empty()) {
    return refuse("VolumeInUse", fmt::format("Volume {} is currently attached to {}", volume->id, volume->instance_id));
  }
  auto id = volume->id;
  std::erase_if(call.region.volumes, [&](const Volume& each) { return each.id == id; });
  out.leaf("return", true);
  return {};
}

}  // namespace tombolo::sim
