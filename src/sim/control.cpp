#include "sim/control.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json.hpp"
#include "codec/url.hpp"

namespace tombolo::sim {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::array kFaultKinds = {
    std::pair{std::string_view("error"), Fault::Kind::kError},
    std::pair{std::string_view("error_after"), Fault::Kind::kErrorAfter},
    std::pair{std::string_view("html"), Fault::Kind::kHtml},
    std::pair{std::string_view("cut_before"), Fault::Kind::kCutBefore},
    std::pair{std::string_view("cut_after"), Fault::Kind::kCutAfter},
    std::pair{std::string_view("slow"), Fault::Kind::kSlow},
};

net::Response json_response(int status, const Json& value) {
  return {status, {{"Content-Type", "application/json"}}, codec::to_text(value)};
}

// Nothing when the kind is none of the table's.
std::optional<Fault> read_fault(const Json& in) {
  Fault fault;
  fault.action = codec::text_at(in, "action", "*");
  auto kind = codec::text_at(in, "kind", "error");
  auto it = std::find_if(kFaultKinds.begin(), kFaultKinds.end(), [&](const auto& each) { return each.first == kind; });
  if (it == kFaultKinds.end()) return std::nullopt;
  fault.kind = it->second;
  fault.code = codec::text_at(in, "code", fault.code);
  fault.status = static_cast<int>(codec::number_at(in, "status", fault.status));
  fault.message = codec::text_at(in, "message", fault.message);
  fault.delay = std::chrono::milliseconds(codec::number_at(in, "delay_ms"));
  fault.skip = static_cast<int>(codec::number_at(in, "skip"));
  fault.times = static_cast<int>(codec::number_at(in, "times", 1));
  const auto* match = codec::find(in, "match");
  if (!match || !match->is_object()) return fault;
  for (const auto& [name, value] : match->get_object()) {
    if (value.is_string()) fault.match.emplace(name, value.get_string());
  }
  return fault;
}

void change_options(Site& site, const Json& in) {
  auto options = site.options();
  options.throttling = codec::bool_at(in, "throttling", options.throttling);
  options.caller_address = codec::text_at(in, "caller_address", options.caller_address);
  options.boot.failing_phase = codec::text_at(in, "failing_phase", options.boot.failing_phase);
  if (codec::find(in, "stale_reads_ms"))
    options.times.stale_reads = std::chrono::milliseconds(codec::number_at(in, "stale_reads_ms"));
  if (codec::find(in, "clock_skew_s")) options.clock_skew = std::chrono::seconds(codec::number_at(in, "clock_skew_s"));
  site.set_options(options);
}

Json log_of(const Site& site) {
  JsonArray all;
  for (const auto& call : site.calls()) {
    JsonObject parameters;
    for (const auto& [name, value] : call.parameters) parameters[name] = value;
    all.push_back(JsonObject{{"service", call.service},
                             {"region", call.region},
                             {"action", call.action},
                             {"parameters", parameters},
                             {"status", call.status},
                             {"code", call.code},
                             {"executed", call.executed}});
  }
  return all;
}

Json billable_of(const Site& site) {
  JsonArray all;
  for (const auto& each : site.billable())
    all.push_back(JsonObject{{"region", each.region}, {"kind", each.kind}, {"id", each.id}});
  return all;
}

// False: there is no such control.
bool carry_out(Site& site, std::string_view name, const Json& in) {
  auto action = codec::text_at(in, "action");
  if (name == "shortage")
    site.add_shortage({codec::text_at(in, "type"), codec::text_at(in, "zone"), codec::text_at(in, "market")});
  else if (name == "doom") {
    Doom doom;
    doom.reason_code = codec::text_at(in, "code", doom.reason_code);
    doom.reason = codec::text_at(in, "message", doom.reason);
    doom.after = std::chrono::milliseconds(codec::number_at(in, "after_ms", 5000));
    doom.times = static_cast<int>(codec::number_at(in, "times", 1));
    site.doom_launches(doom);
  } else if (name == "quota") {
    const auto* value = codec::find(in, "value");
    site.set_quota(codec::text_at(in, "region", "us-east-1"), codec::text_at(in, "code"),
                   value && value->is_number() ? value->to_number<double>() : 0);
  } else if (name == "deny")
    site.deny(action);
  else if (name == "allow")
    site.allow(action);
  else if (name == "options")
    change_options(site, in);
  else if (name == "reset")
    site.reset();
  else if (name == "clear") {
    site.clear_faults();
    site.clear_shortages();
  } else
    return false;
  return true;
}

}  // namespace

std::optional<net::Response> control(Site& site, const net::Request& request) {
  constexpr std::string_view kPrefix = "/_sim/";
  auto url = codec::parse_url(request.url);
  if (!url || !url->path.starts_with(kPrefix)) return std::nullopt;
  auto name = std::string_view(url->path).substr(kPrefix.size());
  if (name == "log") return json_response(200, log_of(site));
  if (name == "billable") return json_response(200, billable_of(site));
  auto body = codec::parse_json(request.body.empty() ? "{}" : request.body);
  if (!body || !body->is_object()) return json_response(400, JsonObject{{"error", "the body must be a JSON object"}});
  if (name == "fault") {
    auto fault = read_fault(*body);
    if (!fault)
      return json_response(
          400, JsonObject{{"error", "kind must be one of error, error_after, html, cut_before, cut_after, slow"}});
    site.add_fault(*fault);
  } else if (!carry_out(site, name, *body)) {
    return json_response(404, JsonObject{{"error", "there is no such control"}});
  }
  return json_response(200, JsonObject{{"ok", true}});
}

}  // namespace tombolo::sim
