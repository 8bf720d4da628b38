#include "sim/images.hpp"

#include <fmt/format.h>

#include <array>

#include "sim/filters.hpp"

namespace tombolo::sim {
namespace {

constexpr std::string_view kAmazon = "137112412989";
constexpr std::string_view kDebian = "136693071363";
constexpr std::string_view kCanonical = "099720109477";
constexpr std::string_view kDeepLearning = "898082745236";
constexpr std::string_view kStranger = "999988887777";

struct ImageRow {
  std::string_view name;
  std::string_view owner;
  std::string_view alias;
  std::string_view architecture;
  std::string_view created;
  std::string_view root_device;
  int size_gib;
  std::string_view parameter;  // SSM public parameters that name it, separated by blanks
};

constexpr std::string_view kPublished = "2026-11-18T22:41:00.000Z";
constexpr std::array kImages = {
    ImageRow{"al2023-ami-2023.9.20261117.1-kernel-6.1-x86_64", kAmazon, "amazon", "x86_64", kPublished, "/dev/xvda", 8,
             "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 "
             "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"},
    ImageRow{"al2023-ami-2023.9.20261117.1-kernel-6.12-x86_64", kAmazon, "amazon", "x86_64", kPublished, "/dev/xvda", 8,
             "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-x86_64"},
    ImageRow{"al2023-ami-2023.9.20261117.1-kernel-6.18-x86_64", kAmazon, "amazon", "x86_64", kPublished, "/dev/xvda", 8,
             "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.18-x86_64"},
    ImageRow{"al2023-ami-2023.9.20261117.1-kernel-6.1-arm64", kAmazon, "amazon", "arm64", kPublished, "/dev/xvda", 8,
             "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64 "
             "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64"},
    ImageRow{"al2023-ami-2023.8.20261020.0-kernel-6.1-x86_64", kAmazon, "amazon", "x86_64", "2026-10-21T19:02:00.000Z",
             "/dev/xvda", 8, ""},
    ImageRow{"al2023-ami-minimal-2023.9.20261117.1-kernel-6.1-x86_64", kAmazon, "amazon", "x86_64", kPublished,
             "/dev/xvda", 2, "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64"},
    ImageRow{"al2023-ami-2023.9.20261119.9-kernel-6.1-x86_64", kStranger, "", "x86_64", "2026-11-20T03:00:00.000Z",
             "/dev/xvda", 8, ""},
    ImageRow{"debian-12-amd64-20261110-2291", kDebian, "", "x86_64", "2026-11-10T07:11:00.000Z", "/dev/xvda", 8,
             "/aws/service/debian/release/12/latest/amd64"},
    ImageRow{"debian-12-arm64-20261110-2291", kDebian, "", "arm64", "2026-11-10T07:11:00.000Z", "/dev/xvda", 8,
             "/aws/service/debian/release/12/latest/arm64"},
    ImageRow{"ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261103", kCanonical, "", "x86_64",
             "2026-11-03T11:30:00.000Z", "/dev/sda1", 8,
             "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"},
    ImageRow{"Deep Learning Base OSS Nvidia Driver GPU AMI (Amazon Linux 2023) 20261112", kDeepLearning, "amazon",
             "x86_64", "2026-11-12T15:00:00.000Z", "/dev/xvda", 75,
             "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id"},
};

std::string id_in(std::string_view region, std::string_view prefix, std::string_view name) {
  return fmt::format("{}0{:016x}", prefix, stable_hash(fmt::format("{}/{}", region, name)));
}

void show(XmlOut& out, const Image& image) {
  out.leaf("imageId", image.id).leaf("imageLocation", fmt::format("{}/{}", image.owner, image.name));
  out.leaf("imageState", "available").leaf("imageOwnerId", image.owner).leaf("creationDate", image.created);
  out.leaf("isPublic", true).leaf("architecture", image.architecture).leaf("imageType", "machine");
  out.leaf("sriovNetSupport", "simple").leaf("name", image.name).leaf("description", image.description);
  out.leaf_if("imageOwnerAlias", image.owner_alias);
  out.leaf("rootDeviceType", "ebs").leaf("rootDeviceName", image.root_device);
  out.list("blockDeviceMapping", std::array{&image}, [&](const Image* each) {
    out.leaf("deviceName", each->root_device).node("ebs", [&] {
      out.leaf("snapshotId", each->snapshot_id).leaf("volumeSize", each->size_gib).leaf("deleteOnTermination", true);
      out.leaf("volumeType", "gp3").leaf("encrypted", false).leaf("iops", 3000).leaf("throughput", 125);
    });
  });
  out.leaf("virtualizationType", "hvm").leaf("hypervisor", "xen").leaf("enaSupport", true);
  out.leaf("bootMode", "uefi-preferred").leaf("imdsSupport", "v2.0").leaf("platformDetails", "Linux/UNIX");
  out.leaf("usageOperation", "RunInstances").leaf("deprecationTime", "2028-11-18T22:41:00.000Z");
}

const std::vector<FilterField<Image>>& image_fields() {
  static const std::vector<FilterField<Image>> table = {
      {"image-id", [](const Image& i) { return Values{i.id}; }},
      {"name", [](const Image& i) { return Values{i.name}; }},
      {"description", [](const Image& i) { return Values{i.description}; }},
      {"architecture", [](const Image& i) { return Values{i.architecture}; }},
      {"owner-id", [](const Image& i) { return Values{i.owner}; }},
      {"owner-alias", [](const Image& i) { return Values{i.owner_alias}; }},
      {"creation-date", [](const Image& i) { return Values{i.created}; }},
      {"root-device-name", [](const Image& i) { return Values{i.root_device}; }},
      {"state", [](const Image&) { return Values{"available"}; }},
      {"is-public", [](const Image&) { return Values{"true"}; }},
      {"image-type", [](const Image&) { return Values{"machine"}; }},
      {"root-device-type", [](const Image&) { return Values{"ebs"}; }},
      {"virtualization-type", [](const Image&) { return Values{"hvm"}; }},
      {"hypervisor", [](const Image&) { return Values{"xen"}; }},
      {"ena-support", [](const Image&) { return Values{"true"}; }},
      {"block-device-mapping.volume-type", [](const Image&) { return Values{"gp3"}; }},
  };
  return table;
}

bool owned_by(const Image& image, const std::vector<std::string>& owners) {
  for (const auto& owner : owners) {
    if (owner == image.owner || owner == image.owner_alias) return true;
    if (owner == "self" && image.owner == kAccount) return true;
  }
  return owners.empty();
}

}  // namespace

std::vector<Image> public_images(std::string_view region) {
  std::vector<Image> images;
  for (const auto& row : kImages) {
    Image image;
    image.id = id_in(region, "ami-", row.name);
    image.name = row.name;
    image.description = fmt::format("{} ({})", row.name, row.architecture);
    image.owner = row.owner;
    image.owner_alias = row.alias;
    image.architecture = row.architecture;
    image.created = row.created;
    image.root_device = row.root_device;
    image.snapshot_id = id_in(region, "snap-", row.name);
    image.size_gib = row.size_gib;
    images.push_back(std::move(image));
  }
  return images;
}

std::map<std::string, StoredParameter> public_parameters(const std::vector<Image>& images) {
  std::map<std::string, StoredParameter> parameters;
  for (std::size_t i = 0; i < images.size() && i < kImages.size(); ++i) {
    std::string_view names = kImages[i].parameter;
    while (!names.empty()) {
      auto end = std::min(names.find(' '), names.size());
      StoredParameter parameter;
      parameter.value = images[i].id;
      parameters.emplace(names.substr(0, end), parameter);
      names.remove_prefix(std::min(end + 1, names.size()));
    }
  }
  return parameters;
}

Outcome<> describe_images(Call& call, XmlOut& out) {
  auto wanted = call.q.list("ImageId");
  for (const auto& id : wanted) {
    if (!id.starts_with("ami-"))
      return refuse("InvalidAMIID.Malformed", fmt::format("Invalid id: \"{}\" (expecting \"ami-...\")", id));
    if (!by_id(call.region.images, id)) {
      return refuse("InvalidAMIID.NotFound", fmt::format("The image id '[{}]' does not exist", id));
    }
  }
  auto owners = call.q.list("Owner");
  auto passing = GRANTED(filtered<Image>(call, call.region.images, image_fields()));
  std::erase_if(passing, [&](const Image* image) {
    bool asked = wanted.empty() || std::find(wanted.begin(), wanted.end(), image->id) != wanted.end();
    return !asked || !owned_by(*image, owners);
  });
  auto page = GRANTED(page_of(call.q, passing.size(), 1, 1000));
  out.list("imagesSet", slice(passing, page), [&](const Image* image) { show(out, *image); });
  out.leaf_if("nextToken", page.next_token);
  return {};
}

}  // namespace tombolo::sim
