#include "cli/commands.hpp"

namespace tombolo::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      make_init(),           make_validate(),    make_schema(),      make_plan(),           make_up(),
      make_down(),           make_status(),      make_show(),        make_cert_ca(),        make_cert_sign(),
      make_cert_print(),     make_cert_verify(), make_cert_import(), make_secrets_backup(), make_secrets_restore(),
      make_secrets_status(), make_sim_serve(),   make_completion(),  make_version(),
  };
  return table;
}

}  // namespace tombolo::cli
