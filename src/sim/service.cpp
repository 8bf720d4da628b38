#include "sim/service.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>

#include "codec/url.hpp"
#include "sim/actions.hpp"
#include "sim/authentication.hpp"
#include "sim/sts.hpp"

namespace tombolo::sim {
namespace {

constexpr std::string_view kEc2Version = "2016-11-15";
constexpr std::string_view kStsVersion = "2011-06-15";

struct Target {
  std::string_view prefix;
  std::string_view service;
};
constexpr std::array kTargets = {Target{"AmazonSSM.", "ssm"}, Target{"ServiceQuotasV20190624.", "servicequotas"}};

struct AwsAnswer {
  int status = 200;
  std::string type;
  std::string body;
  std::string code;  // of the error, "" for success
};

std::string http_date(Time t) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(t)));
}

std::string_view type_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kJson: return "application/x-amz-json-1.1";
    case Protocol::kPlain: return "text/plain";
    default: return "text/xml;charset=UTF-8";
  }
}

// The parameters for faults and for the record: user-data by its size, secrets not at all.
std::map<std::string, std::string> flat(const Incoming& in) {
  std::map<std::string, std::string> out;
  if (in.query) out = in.query->values();
  if (auto it = out.find("UserData"); it != out.end()) it->second = fmt::format("({} characters)", it->second.size());
  if (!in.json.is_object()) return out;
  for (const auto& [key, value] : in.json.get_object()) {
    std::string name(key);
    if (in.service == "ssm" && name == "Value")
      out[name] = "***";
    else
      out[name] = value.is_string() ? std::string(value.get_string()) : codec::to_text(value);
  }
  return out;
}

std::string wrap(const Incoming& in, const XmlOut& body, const std::string& request_id) {
  XmlOut out;
  if (in.protocol == Protocol::kEc2) {
    out.node(in.action + "Response", fmt::format("http://ec2.amazonaws.com/doc/{}/", kEc2Version), [&] {
      out.leaf("requestId", request_id);
      out.append(body);
    });
  } else {
    out.node(in.action + "Response", fmt::format("https://sts.amazonaws.com/doc/{}/", kStsVersion), [&] {
      out.node(in.action + "Result", [&] { out.append(body); });
      out.node("ResponseMetadata", [&] { out.leaf("RequestId", request_id); });
    });
  }
  return out.document();
}

Outcome<> check_parameters(const QueryAction& action, const Query& q) {
  for (const auto& [name, value] : q.values()) {
    if (!action.accepts(name))
      return refuse("UnknownParameter", fmt::format("The parameter {} is not recognized", name));
  }
  return {};
}

// A dry run is a real one on a copy that is thrown away: it finds every fault that the real call would.
Outcome<std::string> run_query(World& world, Region& region, const Incoming& in, const AccessKey& caller, Time now,
                               const std::string& request_id) {
  const auto& q = *in.query;
  const auto* action = find_query_action(in.service, in.action);
  auto version = in.service == "ec2" ? kEc2Version : kStsVersion;
  if (q.text("Version") != version) {
    return refuse("NoSuchVersion", fmt::format("The requested version ({}) of service {} does not exist",
                                               q.text("Version"), in.service));
  }
  GRANTED(check_parameters(*action, q));
  XmlOut body;
  if (!GRANTED(q.flag("DryRun", false))) {
    Call call{world, region, q, caller, now};
    GRANTED(action->handler(call, body));
    return wrap(in, body, request_id);
  }
  Region scratch = region;
  auto random = world.random;
  auto addresses = world.elastic_addresses;
  auto dooms = world.dooms;
  Call call{world, scratch, q, caller, now};
  auto outcome = action->handler(call, body);
  world.random = random;
  world.elastic_addresses = addresses;
  world.dooms = dooms;
  GRANTED(std::move(outcome));
  return refuse("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
}

Outcome<std::string> run_json(World& world, Region& region, const Incoming& in, const AccessKey& caller, Time now) {
  if (!in.readable) return refuse("SerializationException", "The request body is not a JSON object");
  Query none;
  Call call{world, region, none, caller, now};
  return codec::to_text(GRANTED(find_json_action(in.service, in.action)->handler(call, in.json)));
}

Outcome<> check_action(const Incoming& in) {
  if (!in.query) return tl::unexpected<Refusal>(in.query.error());
  bool known = in.protocol == Protocol::kJson ? find_json_action(in.service, in.action) != nullptr
                                              : find_query_action(in.service, in.action) != nullptr;
  if (known) return {};
  if (in.protocol == Protocol::kJson) return refuse("UnknownOperationException", "");
  if (in.action.empty()) return refuse("MissingAction", "The request must contain the parameter Action");
  return refuse("InvalidAction", fmt::format("The action {} is not valid for this web service.", in.action));
}

// What comes before the work. `region` is set as soon as it is known.
Outcome<Caller> let_in(World& world, const net::Request& request, const Incoming& in, Time now,
                       std::string& region_name) {
  auto caller = GRANTED(authenticate(world, request, in.protocol, in.service, now + world.options.clock_skew));
  region_name = caller.region;
  GRANTED(check_action(in));
  for (const auto& denied : {in.action, fmt::format("{}:{}", in.service, in.action)}) {
    if (world.denied.contains(denied))
      return tl::unexpected<Refusal>(not_authorized(in.protocol, caller.key, in.service, in.action));
  }
  auto& region = world.region(caller.region);
  let_time_pass(world, region, now);
  const auto* action = find_query_action(in.service, in.action);
  auto pace = action ? action->pace : in.service == "sts" ? Pace::kFree : Pace::kRead;
  if (world.options.throttling && !take_token(region, in.action, pace, in.query ? *in.query : Query{}, now)) {
    if (in.protocol == Protocol::kJson) return refuse("ThrottlingException", "Rate exceeded");
    return refuse("RequestLimitExceeded", "Request limit exceeded.", 503);
  }
  return caller;
}

// A server that runs for days keeps the newer half.
void remember(World& world, CallRecord record) {
  constexpr std::size_t kKept = 100'000;
  if (world.calls.size() >= kKept) world.calls.erase(world.calls.begin(), world.calls.begin() + kKept / 2);
  world.calls.push_back(std::move(record));
}

AwsAnswer refused(const Incoming& in, const Refusal& refusal, const std::string& request_id) {
  return {refusal.status, std::string(type_of(in.protocol)), envelope(in.protocol, refusal, request_id), refusal.code};
}

}  // namespace

Incoming read_request(const net::Request& request) {
  Incoming in;
  auto url = codec::parse_url(request.url);
  std::string host(net::header(request.headers, "host"));
  if (host.empty() && url) host = url->host;
  if (host.starts_with("checkip.")) return {Protocol::kPlain, "checkip", "CheckIp", Query{}, nullptr, true};
  auto target = net::header(request.headers, "x-amz-target");
  if (!target.empty()) {
    in.protocol = Protocol::kJson;
    in.service = "unknown";
    for (const auto& each : kTargets) {
      if (target.starts_with(each.prefix)) in.service = each.service;
    }
    in.action = target.substr(target.rfind('.') + 1);
    auto json = codec::parse_json(request.body.empty() ? "{}" : request.body);
    in.readable = json && json->is_object();
    if (in.readable) in.json = std::move(*json);
    return in;
  }
  std::string form = request.body;
  if (url && !url->query.empty()) form += (form.empty() ? "" : "&") + url->query;
  in.query = Query::parse(form);
  in.action = in.query ? in.query->text("Action") : "";
  bool sts = (in.query && in.query->text("Version") == kStsVersion) || host.starts_with("sts.");
  in.protocol = sts ? Protocol::kQuery : Protocol::kEc2;
  in.service = sts ? "sts" : "ec2";
  return in;
}

Reply serve(World& world, const net::Request& request, const Incoming& in) {
  Time now = world.clock.now();
  if (world.witness) world.witness(now, request);
  auto request_id = Random(world.options.seed * 1'000'003 + ++world.requests).uuid();
  CallRecord record{now, in.service, "", in.action, flat(in), 0, "", false};
  Reply reply;
  AwsAnswer answer;
  auto fault = in.service == "checkip" ? take_fault(world, in.action, {}) : std::nullopt;
  if (in.service == "checkip" && !fault) {
    answer = {200, "text/plain", world.options.caller_address + "\n", ""};
  } else if (in.service != "checkip") {
    auto caller = let_in(world, request, in, now, record.region);
    if (caller) fault = take_fault(world, in.action, record.parameters);
    bool works = caller && (!fault || fault->kind == Fault::Kind::kErrorAfter ||
                            fault->kind == Fault::Kind::kCutAfter || fault->kind == Fault::Kind::kSlow);
    if (!caller) answer = refused(in, caller.error(), request_id);
    if (works) {
      auto& region = world.region(caller->region);
      auto body = in.protocol == Protocol::kJson ? run_json(world, region, in, caller->key, now)
                                                 : run_query(world, region, in, caller->key, now, request_id);
      record.executed = body.has_value();
      let_time_pass(world, region, now);  // with instant lifetimes everything is over at once
      answer =
          body ? AwsAnswer{200, std::string(type_of(in.protocol)), *body, ""} : refused(in, body.error(), request_id);
    }
  }
  if (fault) {
    using Kind = Fault::Kind;
    reply.cut = fault->kind == Kind::kCutBefore || fault->kind == Kind::kCutAfter;
    if (fault->kind == Kind::kSlow) reply.latency += fault->delay;
    if (fault->kind == Kind::kError || fault->kind == Kind::kErrorAfter)
      answer = refused(in, {fault->code, fault->message, fault->status}, request_id);
    if (fault->kind == Kind::kHtml)
      answer = {500, "text/html",
                "<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>\n", "HTML"};
  }
  record.status = reply.cut ? 0 : answer.status;
  record.code = answer.code;
  remember(world, std::move(record));
  reply.response = {answer.status,
                    {{"Content-Type", answer.type},
                     {"x-amzn-RequestId", request_id},
                     {"Date", http_date(now + world.options.clock_skew)}},
                    answer.body};
  return reply;
}

}  // namespace tombolo::sim
