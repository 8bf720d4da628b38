// kubeconfig: every text is a configuration or at least one fault inside it; what is resolved from it can be written and read back.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "kube/identity.hpp"
#include "kube/kubeconfig.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  auto config = kube::parse_kubeconfig(text, "config", diagnostics);
  if (config.has_value() == diagnostics.has_errors()) std::abort();
  const auto lines = std::count(text.begin(), text.end(), '\n') + 2;
  for (const auto& d : diagnostics.list())
    if (d.at.line < 0 || d.at.line > lines) std::abort();
  if (!config) return 0;
  kube::merge(*config, *config);
  for (auto& cluster : config->clusters) cluster.authority.file.clear();  // no file of this computer is read
  for (auto& user : config->users) user.certificate.file = user.key.file = "";
  for (const auto& context : config->contexts) {
    const auto access = kube::resolve(*config, context.name, Time());
    if (!access && access.error().sentence().empty()) std::abort();
    if (!access || access->user.exec || context.name.empty()) continue;
    const auto written = kube::kubeconfig_text(access->cluster, access->user, context);
    Diagnostics none;
    const auto again = kube::parse_kubeconfig(written.expose(), "config", none);
    if (!again || !again->cluster(access->cluster.name) ||
        again->cluster(access->cluster.name)->server != access->cluster.server)
      std::abort();
    if (again->user(context.user) && again->user(context.user)->token.expose() != access->user.token.expose())
      std::abort();
  }
  return 0;
}
