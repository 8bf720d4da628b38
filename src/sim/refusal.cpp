#include "sim/refusal.hpp"

#include <fmt/format.h>

#include "codec/json.hpp"
#include "sim/xml_out.hpp"

namespace tombolo::sim {

tl::unexpected<Refusal> missing(std::string_view parameter) {
  return refuse("MissingParameter", fmt::format("The request must contain the parameter {}", parameter));
}

tl::unexpected<Refusal> invalid_value(std::string_view parameter, std::string_view value, std::string_view why) {
  return refuse("InvalidParameterValue", fmt::format("Value ({}) for parameter {} is invalid.{}{}", value, parameter,
                                                     why.empty() ? "" : " ", why));
}

tl::unexpected<Refusal> not_there(std::string_view code, std::string_view what, std::string_view id) {
  return refuse(std::string(code), fmt::format("The {} '{}' does not exist", what, id));
}

std::string envelope(Protocol protocol, const Refusal& refusal, std::string_view request_id) {
  if (protocol == Protocol::kPlain) return refusal.message + "\n";
  if (protocol == Protocol::kJson) {
    return codec::to_text(codec::JsonObject{{"__type", refusal.code}, {"message", refusal.message}});
  }
  XmlOut xml;
  if (protocol == Protocol::kEc2) {
    xml.node("Response", [&] {
      xml.node("Errors",
               [&] { xml.node("Error", [&] { xml.leaf("Code", refusal.code).leaf("Message", refusal.message); }); });
      xml.leaf("RequestID", request_id);
    });
  } else {
    xml.node("ErrorResponse", "https://sts.amazonaws.com/doc/2011-06-15/", [&] {
      xml.node("Error", [&] {
        xml.leaf("Type", refusal.status < 500 ? "Sender" : "Receiver");
        xml.leaf("Code", refusal.code).leaf("Message", refusal.message);
      });
      xml.leaf("RequestId", request_id);
    });
  }
  return xml.document();
}

}  // namespace tombolo::sim
