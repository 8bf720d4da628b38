#include "cloudinit/progress.hpp"

#include <algorithm>
#include <optional>

namespace tombolo::cloudinit {
namespace {

constexpr std::size_t kLogLines = 50;  // the bootstrap sends a dozen; a hostile console does not fill our memory
constexpr std::size_t kPublicKeyBytes = 1024;

// Takes the text up to the next separator off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  auto taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return taken;
}

std::optional<PhaseState> parse_state(std::string_view text) {
  for (auto state : {PhaseState::kStarted, PhaseState::kOk, PhaseState::kWaiting, PhaseState::kFailed})
    if (text == name(state)) return state;
  return std::nullopt;
}

bool is_phase(std::string_view text) {
  const auto& all = phases();
  return std::find(all.begin(), all.end(), text) != all.end();
}

// "phase=<name> state=<state> [detail]"
void read_phase(std::string_view line, BootstrapProgress& progress) {
  auto phase = take_until(line, ' ');
  auto state_word = take_until(line, ' ');
  phase.remove_prefix(std::string_view("phase=").size());
  if (!state_word.starts_with("state=") || !is_phase(phase)) return;
  const auto state = parse_state(state_word.substr(6));
  if (!state) return;
  if (phase == phases().front() && state == PhaseState::kStarted) progress = {};  // a new run
  auto known =
      std::find_if(progress.phases.begin(), progress.phases.end(), [&](const auto& p) { return p.name == phase; });
  if (known == progress.phases.end()) {
    progress.phases.push_back({std::string(phase), *state, std::string(line)});
    return;
  }
  // The same line can come twice (console and cloud-init's own copy), so a start never takes an outcome back.
  if (*state == PhaseState::kStarted) return;
  known->state = *state;
  known->detail = line;
}

void read_public_key(std::string_view line, BootstrapProgress& progress, std::string& partial) {
  if (line.starts_with("-----BEGIN ")) partial.clear();
  if (partial.size() + line.size() > kPublicKeyBytes) return;
  partial += std::string(line) + "\n";
  if (line.starts_with("-----END ") && partial.starts_with("-----BEGIN ")) progress.public_key_pem = partial;
}

}  // namespace

const std::vector<std::string_view>& phases() {
  static const std::vector<std::string_view> all{
      "system", "artefacts", "nebula-install", "keys", "certificate", "nebula-start", "mesh", "k3s", "liqo", "ready"};
  return all;
}

std::string_view name(PhaseState state) {
  switch (state) {
    case PhaseState::kStarted: return "start";
    case PhaseState::kOk: return "ok";
    case PhaseState::kWaiting: return "waiting";
    case PhaseState::kFailed: return "failed";
  }
  return "";
}

const PhaseProgress* BootstrapProgress::current() const { return phases.empty() ? nullptr : &phases.back(); }

const PhaseProgress* BootstrapProgress::failed() const {
  const auto it =
      std::find_if(phases.begin(), phases.end(), [](const auto& p) { return p.state == PhaseState::kFailed; });
  return it == phases.end() ? nullptr : &*it;
}

bool BootstrapProgress::waiting() const { return current() && current()->state == PhaseState::kWaiting; }

bool BootstrapProgress::done() const {
  return current() && current()->name == cloudinit::phases().back() && current()->state == PhaseState::kOk;
}

BootstrapProgress read_console(std::string_view text) {
  BootstrapProgress progress;
  std::string partial_key;
  while (!text.empty()) {
    auto line = take_until(text, '\n');
    while (line.ends_with('\r')) line.remove_suffix(1);
    const auto at = line.find(kLinePrefix);  // cloud-init and the kernel put their own words in front
    if (at == std::string_view::npos) continue;
    line.remove_prefix(at + kLinePrefix.size());
    if (line.starts_with("phase=")) {
      read_phase(line, progress);
    } else if (line.starts_with("log: ")) {
      if (progress.failed() && progress.log.size() < kLogLines) progress.log.emplace_back(line.substr(5));
    } else if (line.starts_with("pub: ")) {
      read_public_key(line.substr(5), progress, partial_key);
    }
  }
  return progress;
}

std::string phase_line(std::string_view phase, PhaseState state, std::string_view detail) {
  std::string line = std::string(kLinePrefix) + "phase=" + std::string(phase) + " state=" + std::string(name(state));
  if (!detail.empty()) line += " " + std::string(detail);
  return line;
}

}  // namespace tombolo::cloudinit
