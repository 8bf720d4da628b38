// Who we are to one cluster and whom we believe to be it: a context of a kubeconfig, resolved and checked, and the credentials
// that come with it, fresh whenever they are asked for (token files are read again, exec plugins run again).
#pragma once
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "kube/kubeconfig.hpp"
#include "net/tls.hpp"

namespace tombolo::kube {

// What a context says, without the credentials that change with time.
struct Access {
  std::string context;
  std::string server;  // without a slash at its end
  std::string name_space;  // the context's, or "default"
  net::TlsOptions tls;
  std::string proxy;  // as net::CurlOptions::proxy
  std::string connect_to;  // as net::CurlOptions::connect_to: the near end of a tunnel
  UserEntry user;
  ClusterEntry cluster;
  std::vector<std::string> warnings;  // sentences for the user
};

// `context` "" means the current one. Reads the files that the entries name. Errors: kBadInput for a context that is not
// there or says nonsense, kNotFound and kIo for its files, kCredentials for a certificate that has expired by `now`.
Result<Access> resolve(const Kubeconfig& config, std::string_view context, Time now);

struct Credential {
  Secret<std::string> token;
  std::string certificate;  // PEM; "": none
  Secret<std::string> key;
  std::optional<Time> expires;
};

// What an exec plugin printed. `api_version` is the one it was asked for. Errors: kCorrupt.
Result<Credential> parse_exec_credential(std::string_view output, const std::string& api_version);

class Identity {
 public:
  Identity(Clock& clock, const Access& access) : clock_(clock), user_(access.user), cluster_(access.cluster) {}

  // Never an expired one, as far as anybody can know. Errors: kCredentials, and kNotFound for a plugin that is not installed.
  Result<Credential> current(const std::stop_token& stop);
  // After the server refused what current() gave. False: there is nothing newer to be had.
  Result<bool> renew(const Credential& refused, const std::stop_token& stop);

 private:
  Result<Credential> fetch(const std::stop_token& stop);

  Clock& clock_;
  UserEntry user_;
  ClusterEntry cluster_;
  std::mutex mutex_;
  std::optional<Credential> known_;  // by the plugin
};

}  // namespace tombolo::kube
