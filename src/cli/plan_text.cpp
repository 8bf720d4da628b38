#include "cli/plan_text.hpp"

#include <fmt/format.h>

#include "aws/prices.hpp"
#include "cli/console.hpp"
#include "cli/table.hpp"

namespace tombolo::cli {

namespace {

using engine::Action;

struct Look {
  std::string_view sign;
  Colour colour;
};

Look look_of(Action action) {
  switch (action) {
    case Action::kCreate: return {"+", Colour::kGreen};
    case Action::kAdopt: return {"=", Colour::kBlue};
    case Action::kUpdate: return {"~", Colour::kYellow};
    case Action::kReplace: return {"-/+", Colour::kRed};
    case Action::kDelete: return {"-", Colour::kRed};
    case Action::kWait: return {".", Colour::kBlue};
    case Action::kSettle: return {"?", Colour::kYellow};
    case Action::kForget: return {"x", Colour::kGrey};
    case Action::kNone: break;
  }
  return {"", Colour::kNone};
}

std::string value_text(const engine::Json& value) {
  if (engine::is_unknown(value)) return engine::unknown_text(value);
  return value.is_string() ? std::string(value.get_string()) : codec::to_text(value);
}

}  // namespace

std::string plan_text(const engine::Plan& plan, bool colour) {
  std::string out;
  for (const auto& c : plan.changes) {
    if (c.action == Action::kNone) continue;
    const auto look = look_of(c.action);
    out += "  " + paint(pad_left(look.sign, 3), look.colour, colour) + " " +
           paint(pad_right(engine::name(c.action), 8), look.colour, colour) + c.address.text();
    if (!c.reason.empty()) out += "   (" + printable(c.reason) + ")";
    out += "\n";
    for (const auto& f : c.fields)
      out += fmt::format("        {}: {} -> {}{}\n", f.field, printable(value_text(f.before)),
                         printable(value_text(f.after)), f.replaces ? "   (cannot be changed in place)" : "");
  }
  return out.empty() ? "  Nothing to do: everything is as the cluster file says.\n" : out;
}

std::string plan_summary(const engine::Plan& plan) {
  std::string out;
  const auto say = [&](int count, std::string_view words) {
    if (count) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, words);
  };
  say(plan.count(Action::kCreate), "to create");
  say(plan.count(Action::kUpdate), "to change");
  say(plan.count(Action::kReplace), "to replace");
  say(plan.count(Action::kDelete), "to remove");
  say(plan.count(Action::kWait), "to wait for");
  say(plan.count(Action::kAdopt), "to adopt");
  say(plan.count(Action::kSettle) + plan.count(Action::kForget), "to settle");
  return out.empty() ? "Plan: no change." : "Plan: " + out + ".";
}

std::string cost_text(const spec::Cluster& cluster) {
  const auto cost = cluster::standing_cost(cluster);
  if (!cost) return fmt::format("The price of {} is not in the price table.", cluster.lighthouse.instance_type);
  return fmt::format(
      "About ${:.3f} an hour (${:.0f} a month) while only the lighthouse runs; prices of {}, {}, without traffic.",
      *cost, *cost * aws::kHoursPerMonth, aws::kPricesRegion, aws::kPricesDate);
}

}  // namespace tombolo::cli
