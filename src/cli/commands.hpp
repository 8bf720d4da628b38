// The functions that make the commands, one in each command's own .cpp; commands.cpp lists them in the order of --help.
#pragma once
#include "cli/command.hpp"

namespace tombolo::cli {

Command make_init();
Command make_validate();
Command make_schema();
Command make_plan();
Command make_up();
Command make_down();
Command make_status();
Command make_show();
Command make_doctor();
Command make_why();
Command make_ssh();
Command make_logs();
Command make_ping();
Command make_peer();
Command make_unpeer();
Command make_offload();
Command make_unoffload();
Command make_test();
Command make_kubeconfig();
Command make_kubectl();
Command make_export();
Command make_cert_ca();
Command make_cert_sign();
Command make_cert_print();
Command make_cert_verify();
Command make_cert_import();
Command make_cert_status();
Command make_cert_rotate_ca();
Command make_cert_revoke();
Command make_mesh_config();
Command make_secrets_backup();
Command make_secrets_restore();
Command make_secrets_status();
Command make_sim_serve();
Command make_completion();
Command make_version();

}  // namespace tombolo::cli
