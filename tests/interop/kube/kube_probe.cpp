// Our Kubernetes client as a program, for test_kube.py: kube_probe KUBECONFIG COMMAND ARGUMENT... The environment's KUBECONFIG is
// used when KUBECONFIG is "-"; CONTEXT names a context. Prints JSON, one value a line; errors as {"error", "code", "hint"}.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "kube/discovery.hpp"
#include "kube/exec.hpp"
#include "kube/logs.hpp"
#include "kube/port_forward.hpp"
#include "kube/review.hpp"
#include "kube/watch.hpp"

namespace {

using namespace tombolo;
using codec::Json;
using codec::JsonObject;
using Arguments = std::vector<std::string>;

void print(const Json& value) {
  std::puts(codec::to_text(value).c_str());
  std::fflush(stdout);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<Json> from_input() { return codec::parse_json(std::string(std::istreambuf_iterator<char>(std::cin), {})); }

// APIVERSION KIND NAMESPACE NAME, "-" for none.
Result<kube::ObjectName> named(kube::Client& client, const Arguments& a, std::size_t from = 0) {
  const auto resource = TRY(kube::Catalogue(client).find(a.at(from), a.at(from + 1), {}));
  const auto text = [&](std::size_t i) { return a.size() > i && a[i] != "-" ? a[i] : std::string(); };
  return kube::ObjectName{resource, text(from + 2), text(from + 3)};
}

long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  return 0;
}

std::string_view kind_name(kube::EventKind kind) {
  constexpr std::string_view kNames[] = {"added", "modified", "deleted", "synced"};
  return kNames[static_cast<int>(kind)];
}

// watch ... UNTIL: names are told until an object of that name is deleted.
Result<> watch(kube::Client& client, const Arguments& a) {
  kube::Selection selection{TRY(named(client, a)), "", "", 500};
  const std::string until = a.at(4);
  selection.of.name.clear();
  kube::WatchOptions options;
  if (const auto seconds = variable("WATCH_SECONDS"); !seconds.empty())
    options.one_request = std::chrono::seconds(std::stoi(seconds));
  if (const auto seconds = variable("PATIENCE"); !seconds.empty())
    options.patience = std::chrono::seconds(std::stoi(seconds));
  const bool quiet = !variable("QUIET").empty();
  std::map<std::string, int> counts;
  const kube::EventSink sink = [&](kube::Event&& event) {
    const auto name = event.object.is_null() ? "" : kube::name_of(event.object);
    const bool last = event.kind == kube::EventKind::kDeleted && name == until;
    const bool synced = event.kind == kube::EventKind::kSynced;
    ++counts[std::string(kind_name(event.kind))];
    if (!quiet || synced)
      print(JsonObject{
          {"event", kind_name(event.kind)}, {"name", name}, {"value", codec::text_at(event.object, "data.value")}});
    return !last;
  };
  TRY(kube::watch(client, selection, sink, {}, options));
  JsonObject out{{"peak_kib", peak_kib()}, {"calls", client.statistics().calls}};
  for (const auto& [kind, count] : counts) out[kind] = count;
  print(out);
  return {};
}

// Our standard input goes to the command.
Result<> exec_with_input(kube::Client& client, const Arguments& a) {
  std::string out;
  kube::ExecStreams streams;
  streams.output = [&](std::string_view piece) { return out += piece, true; };
  streams.input = [](const std::stop_token&) {
    std::string piece(64 << 10, 0);
    const ssize_t n = ::read(STDIN_FILENO, piece.data(), piece.size());
    piece.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return piece;
  };
  const int status = TRY(
      kube::exec(client, {kube::kPods, a.at(0), a.at(1)}, {"", Arguments(a.begin() + 2, a.end()), false}, streams, {}));
  print(JsonObject{{"status", status}, {"out", out.substr(0, 1000)}, {"size", out.size()}});
  return {};
}

Result<> perform(kube::Client& client, const std::string& command, const Arguments& a) {
  const std::stop_token stop;
  if (command == "version") {
    const auto v = TRY(kube::server_version(client, stop));
    print(JsonObject{{"git", v.git}, {"major", v.major}, {"minor", v.minor}});
  } else if (command == "ready") {
    TRY(kube::server_ready(client, stop));
    print(true);
  } else if (command == "resource") {
    const auto r = TRY(kube::Catalogue(client).find(a.at(0), a.at(1), stop));
    print(JsonObject{{"text", r.text()}, {"namespaced", r.namespaced}, {"path", kube::ObjectName{r, "n", "x"}.path()}});
  } else if (command == "groups") {
    for (const auto& group : TRY(kube::preferred_versions(client, stop))) print(Json(group));
  } else if (command == "get") {
    print(TRY(kube::get(client, TRY(named(client, a)), stop)));
  } else if (command == "list") {
    kube::Selection selection{TRY(named(client, a)), a.size() > 4 ? a[4] : "", "",
                              a.size() > 5 ? std::stoi(a[5]) : 500};
    selection.of.name.clear();
    for (const auto& object : TRY(kube::list(client, selection, stop))) print(Json(kube::name_of(object)));
  } else if (command == "each") {  // the figures: nothing is kept
    std::size_t count = 0;
    const kube::Selection selection{{kube::kConfigMaps, a.at(0), ""}, "", "", std::stoi(a.at(1))};
    const auto started = std::chrono::steady_clock::now();
    (void)TRY(kube::each(client, selection, [&](Json&&) { return ++count, true; }, stop));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    print(JsonObject{{"count", count}, {"seconds", took.count()}, {"peak_kib", peak_kib()}});
  } else if (command == "create") {
    print(TRY(kube::create(client, TRY(named(client, a)), TRY(from_input()), stop)));
  } else if (command == "apply") {
    const bool force = a.size() > 4 && a[4] == "force";
    print(TRY(kube::apply(client, TRY(named(client, a)), TRY(from_input()), stop,
                          {force, a.size() > 4 && a[4] == "dry-run"})));
  } else if (command == "patch") {
    const auto kind = a.at(4) == "merge"  ? kube::PatchKind::kMerge
                      : a.at(4) == "json" ? kube::PatchKind::kJson
                                          : kube::PatchKind::kStrategic;
    print(TRY(kube::patch(client, TRY(named(client, a)), kind, TRY(from_input()), stop, a.size() > 5 ? a[5] : "")));
  } else if (command == "replace") {
    print(TRY(kube::replace(client, TRY(named(client, a)), TRY(from_input()), stop)));
  } else if (command == "delete") {  // ... [UID]
    const auto name = TRY(named(client, a));
    kube::DeleteOptions options;
    if (a.size() > 4 && a[4] != "-") options.uid = a[4];
    options.propagation =
        a.size() > 5 && a[5] == "foreground" ? kube::Propagation::kForeground : kube::Propagation::kBackground;
    print(TRY(kube::remove(client, name, stop, options)));
  } else if (command == "gone") {  // ... UID SECONDS
    TRY(kube::wait_until_gone(client, TRY(named(client, a)), a.at(4) == "-" ? "" : a.at(4),
                              std::chrono::milliseconds(std::stoi(a.at(5))), stop));
    print(true);
  } else if (command == "watch") {
    TRY(watch(client, a));
  } else if (command == "logs") {  // NAMESPACE POD [follow]
    kube::LogOptions options;
    options.follow = a.size() > 2 && a[2] == "follow";
    TRY(kube::logs(
        client, {kube::kPods, a.at(0), a.at(1)}, options,
        [](std::string_view line) { return print(Json(boost::json::string_view(line.data(), line.size()))), true; },
        stop));
  } else if (command == "exec") {  // NAMESPACE POD WORD...
    const auto r =
        TRY(kube::run(client, {kube::kPods, a.at(0), a.at(1)}, {"", Arguments(a.begin() + 2, a.end()), false}, stop));
    print(JsonObject{{"status", r.status}, {"out", r.out}, {"err", r.err}});
  } else if (command == "exec-input") {
    TRY(exec_with_input(client, a));
  } else if (command == "port") {  // NAMESPACE POD PORT WHAT-TO-SAY
    const auto port = TRY(
        kube::open_port(client, {kube::kPods, a.at(0), a.at(1)}, static_cast<std::uint16_t>(std::stoi(a.at(2))), stop));
    (void)port->write(a.at(3), stop);  // read() knows better why it failed
    std::string heard;
    for (std::string piece; !(piece = TRY(port->read(stop))).empty();) heard += piece;
    print(JsonObject{{"begins", heard.substr(0, 100)}, {"size", heard.size()}});
  } else if (command == "may-i") {  // VERB APIVERSION KIND NAMESPACE
    const auto name = TRY(named(client, a, 1));
    const kube::Permission permission{a.at(0), name.resource, name.name_space, ""};
    const auto missing = TRY(kube::missing(client, {permission}, stop));
    print(JsonObject{{"allowed", missing.empty()}, {"text", permission.text()}, {"rules", kube::rules_for(missing)}});
  } else if (command == "approve") {
    TRY(kube::approve(client, a.at(0), "as the test wants it", stop));
    print(true);
  } else {
    return fail(Code::kBadInput, "no such command: " + command);
  }
  return {};
}

Result<> run_all(const std::string& file, const std::string& command, const Arguments& arguments) {
  RealClock clock;
  Diagnostics diagnostics;
  const auto places = kube::kubeconfig_places(file == "-" ? "" : file, variable("KUBECONFIG"), variable("HOME"));
  auto access = TRY(kube::resolve(TRY(kube::load_kubeconfig(places, diagnostics)), variable("CONTEXT"), clock.now()));
  if (!variable("CONNECT_TO").empty()) access.connect_to = variable("CONNECT_TO");
  for (const auto& warning : access.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  kube::Client client(clock, access);
  TRY(perform(client, command, arguments));
  if (!variable("STATISTICS").empty())
    print(JsonObject{{"calls", client.statistics().calls},
                     {"retries", client.statistics().retries},
                     {"writes", client.statistics().writes}});
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: kube_probe KUBECONFIG COMMAND ARGUMENT...\n", stderr), 2;
  const auto done = run_all(argv[1], argv[2], Arguments(argv + 3, argv + argc));
  if (done) return 0;
  const Error& error = done.error();
  print(JsonObject{{"error", error.text()}, {"code", name(error.code())}, {"hint", error.hint()}});
  return 1;
}
