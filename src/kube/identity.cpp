#include "kube/identity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.hpp"
#include "base/subprocess.hpp"
#include "codec/base64.hpp"
#include "codec/pem.hpp"
#include "codec/url.hpp"
#include "kube/certificate.hpp"

namespace tombolo::kube {
namespace {

constexpr std::string_view kExecGroup = "client.authentication.k8s.io/";
constexpr Duration kBeforeExpiry = std::chrono::seconds(10);  // so that a credential does not die under way

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

// The text of a Material, from wherever it is.
Result<Secret<std::string>> text_of(const Material& material, std::string_view what, const std::string& where) {
  if (!material.data.empty() && !material.file.empty())
    return fail(Code::kBadInput, fmt::format("{}: {} is given twice, as data and as a file", where, what),
                "Take one of the two out.");
  Secret<std::string> text = material.data;
  if (text.empty() && !material.file.empty())
    text = Secret<std::string>(
        TRY(context(read_file(material.file, 1u << 20), fmt::format("reading the {} of {}", what, where))));
  if (text.empty()) return text;
  const auto blocks = codec::decode_pem(text.expose());
  if (!blocks || blocks->empty())
    return fail(Code::kBadInput, fmt::format("{}: {} is not PEM", where, what),
                "It should begin with -----BEGIN and end with an -----END line.");
  return text;
}

Result<> check_exec(const UserEntry& user) {
  const ExecPlugin& exec = *user.exec;
  const auto wrong = [&](std::string what, std::string hint) {
    return fail(Code::kBadInput, fmt::format("{}: the exec plugin of user \"{}\" {}", user.where, user.name, what),
                std::move(hint));
  };
  if (exec.command.empty()) return wrong("has no command", "Write the program's name or path as exec.command.");
  const bool v1 = exec.api_version == fmt::format("{}v1", kExecGroup);
  if (!v1 && exec.api_version != fmt::format("{}v1beta1", kExecGroup))
    return wrong(fmt::format("has apiVersion \"{}\"", exec.api_version),
                 "Only client.authentication.k8s.io/v1 and /v1beta1 are spoken; newer plugins know v1.");
  if (v1 && exec.interactive_mode.empty())
    return wrong("has no interactiveMode", "The version v1 demands it: Never, IfAvailable or Always.");
  if (exec.interactive_mode == "Always")
    return fail(
        Code::kUnsupported,
        fmt::format("{}: the exec plugin {} wants to ask questions at a terminal", user.where, exec.command),
        "Take a user that logs in without questions: a client certificate, a token, or a plugin with IfAvailable.");
  return {};
}

// Everything that can be said about a user before he is used. Fills in the certificate.
Result<> check_user(const UserEntry& user, Time now, net::TlsOptions& tls) {
  if (!user.refused.empty())
    return fail(Code::kBadInput, fmt::format("{}: user \"{}\" {}", user.where, user.name, user.refused),
                "Take a user with a client certificate, a token or an exec plugin.");
  const bool token = !user.token.empty() || !user.token_file.empty();
  if (user.exec && (token || !user.certificate.empty()))
    return fail(Code::kBadInput,
                fmt::format("{}: user \"{}\" has an exec plugin and a second way to log in", user.where, user.name),
                "Leave one of them.");
  if (user.exec) TRY(check_exec(user));
  if (user.certificate.empty() != user.key.empty())
    return fail(
        Code::kBadInput,
        fmt::format("{}: user \"{}\" has a {} without its {}", user.where, user.name,
                    user.key.empty() ? "client certificate" : "client key", user.key.empty() ? "key" : "certificate"),
        "Both belong together: client-certificate and client-key, or their -data forms.");
  if (user.certificate.empty()) return {};
  tls.certificate = TRY(text_of(user.certificate, "client-certificate", user.where)).expose();
  tls.key = TRY(text_of(user.key, "client-key", user.where));
  const auto end = not_after(tls.certificate);
  if (!end)
    return fail(Code::kBadInput, fmt::format("{}: the client certificate of user \"{}\" cannot be read: {}", user.where,
                                             user.name, end.error().sentence()));
  if (*end <= now)
    return fail(Code::kCredentials,
                fmt::format("{}: the client certificate of user \"{}\" expired on {}", user.where, user.name,
                            format_time(*end)),
                "Fetch a new kubeconfig (for Talos: `talosctl kubeconfig`; for k3s: /etc/rancher/k3s/k3s.yaml).");
  return {};
}

Result<std::string> proxy_of(const ClusterEntry& cluster) {
  if (cluster.proxy_url.empty()) return std::string();
  const auto url = codec::parse_url(cluster.proxy_url);
  if (!url) return fail(Code::kBadInput, fmt::format("{}: proxy-url: {}", cluster.where, url.error().sentence()));
  if (url->scheme != "http" && url->scheme != "https" && url->scheme != "socks5")
    return fail(Code::kBadInput, fmt::format("{}: proxy-url is of scheme {}", cluster.where, url->scheme),
                "Proxies are http, https or socks5.");
  // Go, and so kubectl, lets a SOCKS proxy look names up; libcurl does that for its scheme socks5h only.
  return url->scheme == "socks5" ? "socks5h" + cluster.proxy_url.substr(6) : cluster.proxy_url;
}

std::string names(const std::vector<ContextEntry>& contexts) {
  std::vector<std::string> all;
  for (const auto& c : contexts) all.push_back(c.name);
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

Result<Access> resolve(const Kubeconfig& config, std::string_view wanted, Time now) {
  const std::string name = wanted.empty() ? config.current_context : std::string(wanted);
  if (name.empty())
    return fail(Code::kBadInput, "the kubeconfig has no current-context, and none is named",
                fmt::format("Name one of its contexts: {}.", names(config.contexts)));
  const ContextEntry* chosen = config.context(name);
  if (!chosen)
    return fail(Code::kBadInput, fmt::format("the kubeconfig has no context \"{}\"", name),
                fmt::format("It has: {}.", names(config.contexts)));
  const ClusterEntry* cluster = config.cluster(chosen->cluster);
  if (!cluster)
    return fail(Code::kBadInput, fmt::format("{}: context \"{}\" names a cluster \"{}\" that is not there",
                                             chosen->where, name, chosen->cluster));
  const UserEntry* user = config.user(chosen->user);
  if (!user && !chosen->user.empty())
    return fail(Code::kBadInput, fmt::format("{}: context \"{}\" names a user \"{}\" that is not there", chosen->where,
                                             name, chosen->user));

  Access out;
  out.context = name;
  out.cluster = *cluster;
  if (user) out.user = *user;
  out.name_space = chosen->name_space.empty() ? "default" : chosen->name_space;
  const auto url = codec::parse_url(cluster->server);
  if (!url || (url->scheme != "https" && url->scheme != "http"))
    return fail(
        Code::kBadInput,
        fmt::format("{}: the server of cluster \"{}\" is \"{}\"", cluster->where, cluster->name, cluster->server),
        "A server is a URL such as https://192.168.1.54:6443.");
  out.server = cluster->server;
  while (out.server.ends_with('/')) out.server.pop_back();
  if (url->scheme == "http") out.warnings.push_back(fmt::format("{} is spoken to without TLS", out.server));
  if (cluster->insecure && !cluster->authority.empty())
    return fail(
        Code::kBadInput,
        fmt::format("{}: cluster \"{}\" has an authority and insecure-skip-tls-verify", cluster->where, cluster->name),
        "Take insecure-skip-tls-verify out.");
  if (cluster->insecure)
    out.warnings.push_back(fmt::format("whoever answers at {} is believed: insecure-skip-tls-verify is set in {}",
                                       out.server, cluster->where));
  out.tls.verify = !cluster->insecure;
  out.tls.server_name = cluster->tls_server_name;
  out.tls.authorities = TRY(text_of(cluster->authority, "certificate-authority", cluster->where)).expose();
  out.proxy = TRY(proxy_of(*cluster));
  TRY(check_user(out.user, now, out.tls));
  return out;
}

Result<Credential> parse_exec_credential(std::string_view output, const std::string& api_version) {
  const auto json = TRY(codec::parse_json(output));
  const auto version = codec::text_at(json, "apiVersion");
  if (codec::text_at(json, "kind") != "ExecCredential" || version != api_version)
    return fail(Code::kCorrupt, fmt::format("it printed {} {}, not ExecCredential {}",
                                            codec::text_at(json, "kind", "no kind"), version, api_version));
  Credential out;
  out.token = Secret<std::string>(codec::text_at(json, "status.token"));
  out.certificate = codec::text_at(json, "status.clientCertificateData");
  out.key = Secret<std::string>(codec::text_at(json, "status.clientKeyData"));
  if (const auto expires = codec::text_at(json, "status.expirationTimestamp"); !expires.empty()) {
    auto time = parse_time(expires);
    if (!time) return fail(Code::kCorrupt, fmt::format("its expirationTimestamp \"{}\" is not a time", expires));
    out.expires = *time;
  }
  if (out.certificate.empty() != out.key.empty())
    return fail(Code::kCorrupt, "it printed a certificate without its key, or the other way round");
  if (out.token.empty() && out.certificate.empty())
    return fail(Code::kCorrupt, "it printed neither token nor certificate");
  return out;
}

namespace {

// KUBERNETES_EXEC_INFO, which tells a plugin how it is called and, if it wishes, for which cluster.
std::string exec_info(const ExecPlugin& exec, const ClusterEntry& cluster) {
  codec::JsonObject spec{{"interactive", false}};
  if (exec.provide_cluster_info) {
    codec::JsonObject about{{"server", cluster.server}};
    if (!cluster.tls_server_name.empty()) about["tls-server-name"] = cluster.tls_server_name;
    if (cluster.insecure) about["insecure-skip-tls-verify"] = true;
    if (!cluster.proxy_url.empty()) about["proxy-url"] = cluster.proxy_url;
    if (const auto authority = text_of(cluster.authority, "certificate-authority", cluster.where);
        authority && !authority->empty())
      about["certificate-authority-data"] = codec::encode_base64(as_bytes(authority->expose()));
    if (!cluster.exec_config.is_null()) about["config"] = cluster.exec_config;
    spec["cluster"] = std::move(about);
  }
  return codec::to_text(
      codec::JsonObject{{"apiVersion", exec.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
}

Result<Credential> run_plugin(const ExecPlugin& exec, const ClusterEntry& cluster, const std::stop_token& stop) {
  Subprocess command;
  command.argv = {exec.command};
  command.argv.insert(command.argv.end(), exec.args.begin(), exec.args.end());
  for (const auto& [name, value] : exec.env) command.environment[name] = value;
  command.environment["KUBERNETES_EXEC_INFO"] = exec_info(exec, cluster);
  const auto ended = run(command, stop);
  if (!ended && ended.error().code() == Code::kNotFound)
    return fail(
        Code::kNotFound, fmt::format("the exec plugin {} is not installed", exec.command),
        exec.install_hint.empty() ? "Install it, or write its full path into the kubeconfig." : exec.install_hint);
  if (!ended) return fail(Error(ended.error()).context(fmt::format("running the exec plugin {}", exec.command)));
  if (ended->status != 0)
    return fail(Code::kCredentials,
                fmt::format("the exec plugin {} ended with {}: {}", exec.command, ended->status,
                            trimmed(ended->err.substr(0, 500))),
                "Run it by hand: it usually wants a new login.");
  auto credential = parse_exec_credential(ended->out, exec.api_version);
  if (!credential)
    return fail(Code::kCredentials, fmt::format("the answer of the exec plugin {} is unusable: {}", exec.command,
                                                credential.error().sentence()));
  return credential;
}

}  // namespace

Result<Credential> Identity::fetch(const std::stop_token& stop) {
  known_ = TRY(run_plugin(*user_.exec, cluster_, stop));
  if (known_->expires && *known_->expires <= clock_.now())
    return fail(Code::kCredentials,
                fmt::format("the exec plugin {} gives a credential that expired on {}", user_.exec->command,
                            format_time(*known_->expires)),
                "Run it by hand: it usually wants a new login. Look at this computer's clock, too.");
  return *known_;
}

Result<Credential> Identity::current(const std::stop_token& stop) {
  std::lock_guard guard(mutex_);
  if (user_.exec) {
    if (known_ && (!known_->expires || clock_.now() + kBeforeExpiry < *known_->expires)) return *known_;
    return fetch(stop);
  }
  Credential out;
  out.token = user_.token;
  if (!user_.token_file.empty()) {
    // Bound tokens of pods and short-lived ones of operators are written anew while we run: read it each time.
    auto text = read_file(user_.token_file, 1u << 20);
    if (text)
      out.token = Secret<std::string>(trimmed(std::move(*text)));
    else if (out.token.empty())
      return fail(Error(text.error()).context(fmt::format("reading the token of {}", user_.where)));
  }
  return out;
}

Result<bool> Identity::renew(const Credential& refused, const std::stop_token& stop) {
  const auto differs = [&](const Credential& other) {
    return other.token.expose() != refused.token.expose() || other.certificate != refused.certificate;
  };
  if (!user_.exec) return differs(TRY(current(stop)));
  std::lock_guard guard(mutex_);
  if (known_ && differs(*known_)) return true;  // another call has just renewed it
  return differs(TRY(fetch(stop)));
}

}  // namespace tombolo::kube
