#include "cli/commands.hpp"

namespace tombolo::cli {

const CommandTable& command_table() {
  static const CommandTable table = {
      {"init", make_init},
      {"validate", make_validate},
      {"schema", make_schema},
      {"plan", make_plan},
      {"up", make_up},
      {"down", make_down},
      {"status", make_status},
      {"show", make_show},
      {"doctor", make_doctor},
      {"why", make_why},
      {"ssh", make_ssh},
      {"logs", make_logs},
      {"ping", make_ping},
      {"peer", make_peer},
      {"unpeer", make_unpeer},
      {"offload", make_offload},
      {"unoffload", make_unoffload},
      {"test", make_test},
      {"kubeconfig", make_kubeconfig},
      {"kubectl", make_kubectl},
      {"export", make_export},
      {"cert ca", make_cert_ca},
      {"cert sign", make_cert_sign},
      {"cert print", make_cert_print},
      {"cert verify", make_cert_verify},
      {"mesh config", make_mesh_config},
      {"cert status", make_cert_status},
      {"cert rotate-ca", make_cert_rotate_ca},
      {"cert revoke", make_cert_revoke},
      {"cert import", make_cert_import},
      {"secrets backup", make_secrets_backup},
      {"secrets restore", make_secrets_restore},
      {"secrets status", make_secrets_status},
      {"sim serve", make_sim_serve},
      {"completion", make_completion},
      {"version", make_version},
  };
  return table;
}

std::vector<Command> make_all(const CommandTable& table) {
  std::vector<Command> commands;
  for (const auto& entry : table) commands.push_back(entry.make());
  return commands;
}

}  // namespace tombolo::cli
