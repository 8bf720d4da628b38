// The prober over a real UDP socket.
#pragma once
#include <memory>

#include "mesh/prober.hpp"

namespace tombolo::mesh {

// `clock` tells the time that certificates and handshakes are measured by; it must live as long. Any thread may probe.
std::unique_ptr<Prober> make_udp_prober(Clock& clock);

}  // namespace tombolo::mesh
