#include "cluster/identity.hpp"

#include <charconv>

#include "base/bytes.hpp"
#include "crypto/hash.hpp"

namespace tombolo::cluster {

aws::Tags our_tags(const std::string& cluster, const engine::Address& address, std::int64_t generation) {
  return {{std::string(kTagCluster), cluster},
          {std::string(kTagAddress), address.text()},
          {std::string(kTagGeneration), std::to_string(generation)},
          {"Name", cluster + "-" + address.name}};
}

aws::Filters ours(const std::string& cluster) { return {{"tag:" + std::string(kTagCluster), {cluster}}}; }

bool is_ours(const aws::Tags& tags, const std::string& cluster) { return tag(tags, kTagCluster) == cluster; }

std::string tag(const aws::Tags& tags, std::string_view key) {
  const auto it = tags.find(std::string(key));
  return it == tags.end() ? "" : it->second;
}

std::optional<Mark> mark_of(const aws::Tags& tags) {
  auto address = engine::Address::parse(tag(tags, kTagAddress));
  if (!address) return std::nullopt;
  const auto text = tag(tags, kTagGeneration);
  Mark mark{std::move(*address), 0};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mark.generation);
  if (error != std::errc{} || end != text.data() + text.size() || mark.generation < 1) return std::nullopt;
  return mark;
}

aws::ClientToken launch_token(const std::string& cluster, const engine::Address& address, std::int64_t generation,
                              const aws::Zone& zone) {
  // Length-free joining is safe: none of the parts may contain a newline.
  const auto text = cluster + "\n" + address.text() + "\n" + std::to_string(generation) + "\n" + zone.text();
  return aws::ClientToken(to_hex(crypto::sha256(as_bytes(text))));
}

}  // namespace tombolo::cluster
