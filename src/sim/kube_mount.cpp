#include "sim/kube_mount.hpp"

#include <fmt/format.h>

#include "codec/url.hpp"
#include "sim/kube_clusters.hpp"

namespace tombolo::sim {
namespace {

class MountedTransport final : public net::Transport {
 public:
  MountedTransport(net::Transport& next, std::string connect_to) : next_(next), connect_to_(std::move(connect_to)) {}
  Result<net::Response> send(const net::Request& request, const std::stop_token& stop) override {
    if (connect_to_.empty()) return next_.send(request, stop);
    const auto authority = TRY(codec::parse_url(request.url)).authority();
    auto there = request;
    there.url.replace(there.url.find(authority), authority.size(), connect_to_);
    return next_.send(there, stop);
  }

 private:
  net::Transport& next_;
  std::string connect_to_;
};

}  // namespace

kube::TransportMaker kube_transport(net::Transport& next) {
  return [&next](const net::CurlOptions& options) -> std::shared_ptr<net::Transport> {
    return std::make_shared<MountedTransport>(next, options.connect_to);
  };
}

kube::Access home_access() {
  kube::Access out;
  out.context = "admin@home.simulated";
  out.server = fmt::format("https://{}:6443", kHomeHost);
  out.name_space = "default";
  out.user.name = "operator";
  out.user.token = Secret<std::string>("operator");
  return out;
}

}  // namespace tombolo::sim
