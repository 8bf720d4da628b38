#include "cluster/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.hpp"
#include "cloudinit/host_proof.hpp"
#include "codec/json.hpp"
#include "crypto/hash.hpp"
#include "store/known_hosts.hpp"

namespace tombolo::cluster {

namespace {

bool holds(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// The machine may have keys of other types too, which nobody has pinned.
std::vector<std::string> types_of(const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines) out.push_back(line.substr(0, line.find(' ')));
  return out;
}

tl::unexpected<Error> never_reached(const std::string& name) {
  return fail(Code::kNotFound, fmt::format("the {} was never reached from here", name),
              "Run `tombolo up` first: it proves and pins the machine's host keys.");
}

}  // namespace

Result<Secret<std::string>> host_token(const store::StateFolder& state, const std::string& cluster,
                                       const std::string& machine, std::int64_t generation) {
  const Secret<std::string> key(TRY(context(read_file(state.ssh_key()), "reading the operator's SSH key")));
  const auto what = fmt::format("tombolo host proof\n{}\n{}\n{}", cluster, machine, generation);
  return Secret<std::string>(to_hex(crypto::hmac_sha256(key.expose(), what)));
}

Result<std::optional<MachineRecord>> Machine::record() const {
  const auto path = place_.state.path() + "/" + record_file();
  if (!file_exists(path)) return std::optional<MachineRecord>();
  const auto json = TRY(context(codec::parse_json(TRY(read_file(path))), "reading " + path));
  return MachineRecord{codec::text_at(json, "instance"), codec::text_at(json, "address"), codec::text_at(json, "user"),
                       codec::text_at(json, "nebulaKey")};
}

Result<> Machine::remember(const MachineRecord& record) {
  const codec::Json json{{"instance", record.instance},
                         {"address", record.address},
                         {"user", record.user},
                         {"nebulaKey", record.nebula_key}};
  TRY(place_.state.write(record_file(), codec::to_text(json) + "\n"));
  return store::KnownHosts(place_.state)
      .write_ssh_config({place_.name, record.address, 22, record.user, record.instance});
}

Result<> Machine::forget() {
  hang_up();
  std::error_code ignored;
  std::filesystem::remove(place_.state.path() + "/" + record_file(), ignored);
  return store::KnownHosts(place_.state).forget_all_but("");
}

// A pinned key decides alone: a banner proves nothing once the machine is known.
Result<> Machine::judge(const Introducing& whom, const net::Introduction& shown) const {
  const store::KnownHosts pins(place_.state);
  if (!TRY(pins.pinned(whom.record.instance)).empty()) return pins.check(whom.record.instance, shown.key.line());
  const auto token = TRY(host_token(place_.state, place_.cluster, place_.name, whom.generation));
  const auto proven = cloudinit::check_banner(token, shown.key.line(), shown.banner);
  // A banner with proofs that are wrong is an attack or another machine. One without any may be a machine whose cloud-init
  // did not do its work, or that has forgotten its token since: its console can still vouch for it.
  if (proven) return pins.pin(whom.record.instance, {shown.key.line()});
  if (shown.banner.find("tombolo-host-proof:") != std::string::npos) return proven;
  const auto console = whom.console ? whom.console() : Result<std::string>(std::string());
  const auto named = cloudinit::console_host_keys(console ? *console : "");
  if (!named.empty() && !holds(named, shown.key.line()))
    return fail(Code::kUntrusted,
                fmt::format("the host key {} that {} shows is not one of those on the console of {}",
                            shown.key.fingerprint(), whom.record.address, whom.record.instance),
                "Somebody else answers at that address, or is in the middle. Nothing was sent to him.");
  if (named.empty())
    return fail(
        Code::kState, "the machine shows no proof of its host key, and its console is still silent",
        "AWS shows the console some minutes after the boot. The proof is missing when the user-data did not run.");
  return pins.pin(whom.record.instance, named);
}

Result<> Machine::introduce(const Introducing& whom, Duration patience, const std::stop_token& stop) {
  const std::lock_guard guard(mutex_);
  if (open_ && open_to_ == whom.record.instance) return {};
  open_.reset();
  net::Login login;
  login.host = whom.record.address;
  login.user = whom.record.user;
  login.private_key = place_.state.ssh_key();
  login.key_types = types_of(TRY(store::KnownHosts(place_.state).pinned(whom.record.instance)));
  login.judge = [&](const net::Introduction& shown) { return judge(whom, shown); };
  login.patience = patience;
  open_ = TRY(place_.shells.open(login, stop));
  open_to_ = whom.record.instance;
  return {};
}

// To a machine whose keys are pinned: nobody else is let in.
Result<net::Login> Machine::login_to(const MachineRecord& known, Duration patience) const {
  net::Login login;
  login.host = known.address;
  login.user = known.user;
  login.private_key = place_.state.ssh_key();
  login.patience = patience;
  const store::KnownHosts pins(place_.state);
  login.key_types = types_of(TRY(pins.pinned(known.instance)));
  login.judge = [pins, instance = known.instance](const net::Introduction& shown) {
    return pins.check(instance, shown.key.line());
  };
  return login;
}

Result<net::Shell*> Machine::shell(Duration patience, const std::stop_token& stop) {
  const auto known = TRY(record());
  if (!known) return never_reached(place_.name);
  if (open_ && open_to_ == known->instance) return open_.get();
  open_ = TRY(place_.shells.open(TRY(login_to(*known, patience)), stop));
  open_to_ = known->instance;
  return open_.get();
}

Result<std::unique_ptr<net::Tunnel>> Machine::tunnel(const std::string& host, std::uint16_t port, Duration patience,
                                                     const std::stop_token& stop) const {
  const auto known = TRY(record());
  if (!known) return never_reached(place_.name);
  return place_.shells.tunnel(TRY(login_to(*known, patience)), host, port, stop);
}

Result<net::Output> Machine::run(std::string_view command, std::string_view input, Duration patience,
                                 const std::stop_token& stop) {
  const std::lock_guard guard(mutex_);
  const bool kept = open_ != nullptr;
  auto* connection = TRY(shell(patience, stop));
  net::RunOptions options;
  options.input = input;
  options.patience = patience;
  auto done = connection->run(std::string(command), options, stop);
  if (!done) open_.reset();
  if (!done && kept && done.error().code() == Code::kTransient) {
    // A kept connection may have died with a reboot; the commands of this file may be repeated.
    connection = TRY(shell(patience, stop));
    done = connection->run(std::string(command), options, stop);
    if (!done) open_.reset();
  }
  return done;
}

Result<cloudinit::MachineReport> Machine::report(const cloudinit::ReportRequest& request, Duration patience,
                                                 const std::stop_token& stop) {
  const auto done = TRY(ask(cloudinit::kReportCommand, cloudinit::report_script(request), patience, stop));
  return cloudinit::read_report(done);
}

Result<> Machine::deliver(const cloudinit::Delivery& delivery, const std::stop_token& stop) {
  const auto script = cloudinit::deliver_script(delivery);
  const auto done = TRY(run(cloudinit::kDeliverCommand, script, std::chrono::seconds(30), stop));
  if (done.status != 0 || done.out.find(cloudinit::kDelivered) == std::string::npos)
    return fail(Code::kBroken, fmt::format("the {} did not take its files: {}", place_.name, done.err));
  return {};
}

Result<std::string> Machine::ask(std::string_view command, const std::string& script, Duration patience,
                                 const std::stop_token& stop) {
  const auto done = TRY(run(command, script, patience, stop));
  if (done.status != 0)
    return fail(Code::kBroken, fmt::format("the {} cannot answer: {}", place_.name, done.err),
                "It needs bash, and sudo without a password for the SSH user.");
  return done.out;
}

void Machine::hang_up() {
  const std::lock_guard guard(mutex_);
  open_.reset();
}

Result<> Machine::cross_check(const std::string& console) const {
  const auto known = TRY(record());
  const auto named = cloudinit::console_host_keys(console);
  if (!known || named.empty()) return {};
  for (const auto& line : TRY(store::KnownHosts(place_.state).pinned(known->instance)))
    if (holds(named, line)) return {};
  return fail(Code::kUntrusted,
              fmt::format("none of the host keys pinned for {} is among those on its console", known->instance),
              "Somebody may have been in the middle. Run `tombolo up --recreate lighthouse`.");
}

}  // namespace tombolo::cluster
