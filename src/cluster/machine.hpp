// One machine of the cluster as the operator's side reaches it: its proven and pinned host keys, the connection that is kept
// while a command runs, and what it reports of itself.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock_mutex.hpp"
#include "base/secret.hpp"
#include "cloudinit/report.hpp"
#include "net/shell.hpp"
#include "store/state_folder.hpp"

namespace tombolo::cluster {

// What a later run must know to find the machine again: .tombolo/machines/<name>.json. Losing it costs a new proof.
struct MachineRecord {
  std::string instance;  // "i-…": also the name its host keys are pinned under, so a new machine never meets old pins
  std::string address;  // where it answers: the elastic address
  std::string user;  // for SSH
  std::string nebula_key;  // public half of the key it made, base64; "" when it made none
};

// The one-time token of a launch, hex. Derived from the operator's SSH key, which nobody else has, and never stored: the
// same launch has the same token, however often it is asked for again. kNotFound without the SSH key.
Result<Secret<std::string>> host_token(const store::StateFolder& state, const std::string& cluster,
                                       const std::string& machine, std::int64_t generation);

class Machine {
 public:
  struct Place {
    store::StateFolder state;
    std::string cluster;
    std::string name;  // "lighthouse"
    net::Shells& shells;
    Clock& clock;
  };
  explicit Machine(Place place) : place_(std::move(place)), mutex_(place_.clock) {}

  const std::string& name() const { return place_.name; }
  Result<std::optional<MachineRecord>> record() const;  // nothing: never reached
  // Keeps the record and writes ssh_config, so that plain ssh and scp find the machine too.
  Result<> remember(const MachineRecord& record);
  Result<> forget();  // record, pins and ssh_config entry, after the machine is gone

  struct Introducing {
    MachineRecord record;
    std::int64_t generation = 1;  // of the instance: which launch's token
    std::function<Result<std::string>()> console;  // the machine's console through AWS; "" while it is silent
  };
  // Opens a connection to a machine whose keys need not be known yet, and pins them. Known ones are only compared.
  // Errors as net::Shells::open(); kUntrusted also for a machine whose console names other keys; kState while neither
  // banner nor console have proven anything yet.
  Result<> introduce(const Introducing& whom, Duration patience, const std::stop_token& stop);

  // The connection to the recorded machine, opened when there is none. Its host keys must be pinned: kUntrusted otherwise.
  Result<net::Shell*> shell(Duration patience, const std::stop_token& stop);
  // Asks over the kept connection; opens a new one when that one is dead.
  Result<cloudinit::MachineReport> report(const cloudinit::ReportRequest& request, Duration patience,
                                          const std::stop_token& stop);
  Result<> deliver(const cloudinit::Delivery& delivery, const std::stop_token& stop);
  // One of the commands of cloudinit/ that look, and its output. kBroken when it fails, with what it said.
  Result<std::string> ask(std::string_view command, const std::string& script, Duration patience,
                          const std::stop_token& stop);
  // A way through the machine to a port only it reaches. Nothing is asked of the kept connection.
  Result<std::unique_ptr<net::Tunnel>> tunnel(const std::string& host, std::uint16_t port, Duration patience,
                                              const std::stop_token& stop) const;
  void hang_up();

  // The keys the machine's console names must hold one of the pinned keys; nothing is said while it names none.
  Result<> cross_check(const std::string& console) const;

 private:
  Result<net::Output> run(std::string_view command, std::string_view input, Duration patience,
                          const std::stop_token& stop);
  Result<net::Login> login_to(const MachineRecord& known, Duration patience) const;
  Result<> judge(const Introducing& whom, const net::Introduction& shown) const;
  std::string record_file() const { return "machines/" + place_.name + ".json"; }

  Place place_;
  ClockMutex mutex_;  // one at a time: steps of several resources share the connection
  std::unique_ptr<net::Shell> open_;
  std::string open_to_;  // instance
};

}  // namespace tombolo::cluster
