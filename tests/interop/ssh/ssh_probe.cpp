// Drives net/ssh, the host proof and the pins against a real sshd, for test_ssh.py.
//   ssh_probe script                                   prints the machine's script
//   ssh_probe pin folder=… alias=… address=… port=… user=… KEY…
//   ssh_probe tunnel port=… user=… key=… to=PORT       until its input ends; says near_end, and lost
//   ssh_probe run|stream port=… user=… key=… [trust=any|token|pins|console] [token=…] [folder=… alias=…] [console=FILE]
//             [types=a,b] [patience=ms] [run_patience=ms] [limit=bytes] [cancel=ms] [keep=ms] [enough=bytes] [host=…]
//             [at_once=threads] COMMAND…
// Prints lines "word value". `keep`: tries again for so long while the server does not answer. Standard input goes to
// every command of `run`.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "cloudinit/host_proof.hpp"
#include "codec/base64.hpp"
#include "net/ssh.hpp"
#include "store/known_hosts.hpp"

namespace {
using namespace tombolo;

std::map<std::string, std::string> settings;
std::vector<std::string> words;
const auto started = std::chrono::steady_clock::now();

std::string setting(const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}
void say(std::string_view word, std::string_view value) {
  std::cout << fmt::format("{} {}\n", word, value) << std::flush;
}
int milliseconds(const char* name, int otherwise) {
  return settings.contains(name) ? std::stoi(setting(name)) : otherwise;
}

void say_time(const char* word) {
  say(word, fmt::format("{:.3f}", std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count()));
}

int report(const Error& error) {
  say("error", name(error.code()));
  say("sentence", error.sentence());
  say("hint", error.hint());
  say_time("seconds");
  return 1;
}

std::string everything(std::istream& in) { return {std::istreambuf_iterator<char>(in), {}}; }

store::KnownHosts pins() { return store::KnownHosts(*store::StateFolder::make(setting("folder"))); }

Result<> judge(const net::Introduction& shows) {
  say("shown", shows.key.line());
  say("fingerprint", shows.key.fingerprint());
  const auto trust = setting("trust");
  if (trust == "token")
    return cloudinit::check_banner(Secret<std::string>(setting("token")), shows.key.line(), shows.banner);
  if (trust == "pins") return pins().check(setting("alias"), shows.key.line());
  if (trust == "console") {
    std::ifstream file(setting("console"));
    for (const auto& key : cloudinit::console_host_keys(everything(file)))
      if (key == shows.key.line()) return {};
    return fail(Code::kUntrusted, "the console shows other host keys", "Somebody may stand between.");
  }
  return {};
}

net::Login login() {
  net::Login login;
  login.host = settings.contains("host") ? setting("host") : "127.0.0.1";
  login.port = static_cast<std::uint16_t>(milliseconds("port", 22));
  login.user = setting("user");
  login.private_key = setting("key");
  login.judge = judge;
  login.patience = std::chrono::milliseconds(milliseconds("patience", 5000));
  const auto types = setting("types");
  for (std::string_view rest = types; !rest.empty();) {
    const auto comma = rest.find(',');
    login.key_types.emplace_back(rest.substr(0, comma));
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return login;
}

Result<std::unique_ptr<net::Shell>> open(net::Shells& shells, const std::stop_token& stop) {
  const auto until = started + std::chrono::milliseconds(milliseconds("keep", 0));
  for (;;) {
    auto shell = shells.open(login(), stop);
    const bool again =
        !shell && (shell.error().code() == Code::kUnreachable || shell.error().code() == Code::kTransient);
    if (!again || std::chrono::steady_clock::now() >= until) return shell;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<> use(net::Shell& shell, bool streams, const std::stop_token& stop) {
  if (streams) {
    std::size_t bytes = 0;
    std::size_t errors = 0;
    const auto enough = static_cast<std::size_t>(milliseconds("enough", 0));
    const auto sink = [&](std::string_view piece, bool is_error) {
      if (bytes + errors == 0) say_time("first");
      (is_error ? errors : bytes) += piece.size();
      return !enough || bytes < enough;
    };
    auto status = shell.stream(words.at(0), sink, stop);
    say("bytes", std::to_string(bytes));
    say("error_bytes", std::to_string(errors));
    say("status", std::to_string(TRY(std::move(status))));
    return {};
  }
  const auto input = everything(std::cin);
  net::RunOptions options;
  options.input = input;
  options.patience = std::chrono::milliseconds(milliseconds("run_patience", 20000));
  if (settings.contains("limit")) options.limit = static_cast<std::size_t>(milliseconds("limit", 0));
  std::optional<Error> failed;
  for (const auto& command : words) {
    auto output = shell.run(command, options, stop);
    if (!output) {
      if (failed) say("then", name(output.error().code()));
      if (!failed) failed = output.error();
      continue;
    }
    say("status", std::to_string(output->status));
    say("out", codec::encode_base64(as_bytes(output->out)));
    say("err", codec::encode_base64(as_bytes(output->err)));
  }
  if (failed) return fail(*failed);
  return {};
}

std::ptrdiff_t descriptors() { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); }

int connect_and_use(bool streams) {
  std::stop_source source;
  std::jthread canceller;
  if (const int after = milliseconds("cancel", 0))
    canceller = std::jthread([&source, after] {
      std::this_thread::sleep_for(std::chrono::milliseconds(after));
      source.request_stop();
    });
  RealClock clock;
  const auto shells = net::make_ssh_shells(clock);
  const auto before = descriptors();
  const auto whole = [&]() -> Result<> {
    auto shell = TRY(open(*shells, source.get_token()));
    say_time("opened");
    return use(*shell, streams, source.get_token());
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < milliseconds("at_once", 1); ++i)
      others.emplace_back([&] {
        if (const auto done = whole(); !done) report(done.error());
      });
  }
  const auto result = whole();
  say("left_open", std::to_string(descriptors() - before));
  if (!result) return report(result.error());
  say_time("seconds");
  return 0;
}

// Serves until its input ends, and says when the way is lost.
int tunnel() {
  RealClock clock;
  const auto shells = net::make_ssh_shells(clock);
  const auto way = shells->tunnel(login(), "127.0.0.1", static_cast<std::uint16_t>(milliseconds("to", 0)), {});
  if (!way) return report(way.error());
  say("near_end", (*way)->near_end());
  std::jthread watch([&](const std::stop_token& stop) {
    while ((*way)->alive() && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (!stop.stop_requested()) say("lost", "");
  });
  everything(std::cin);
  return 0;
}

int pin() {
  const auto hosts = pins();
  const auto done = hosts.pin(setting("alias"), words);
  if (!done) return report(done.error());
  const auto written =
      hosts.write_ssh_config({"lighthouse", setting("address"), static_cast<std::uint16_t>(milliseconds("port", 22)),
                              setting("user"), setting("alias")});
  return written ? 0 : report(written.error());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  bool in_words = false;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    in_words = in_words || equals == word.npos || word.find(' ') < equals;
    if (in_words)
      words.push_back(word);
    else
      settings[word.substr(0, equals)] = word.substr(equals + 1);
  }
  if (mode == "script") return (std::cout << cloudinit::host_proof_script()), 0;
  if (mode == "pin") return pin();
  if (mode == "tunnel") return tunnel();
  if (mode == "run" || mode == "stream") return connect_and_use(mode == "stream");
  std::cerr << "usage: see the source\n";
  return 2;
}
