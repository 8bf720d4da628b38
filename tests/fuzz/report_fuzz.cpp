// A machine's report is whatever a machine sends: reading it must end with a report or an error, in memory that the answer's
// own size bounds.
#include <cstdint>
#include <cstdlib>

#include "cloudinit/report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = tombolo::cloudinit::read_report({reinterpret_cast<const char*>(data), size});
  if (!report) return 0;
  if (report->log_tail.size() + report->certificate_pem.size() + report->nebula_log.size() > 4 * size) std::abort();
  if (report->pings.size() + report->handshakes.size() + report->udp_ports.size() > size) std::abort();
  return 0;
}
