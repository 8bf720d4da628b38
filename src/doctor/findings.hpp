// From evidence to findings: what is wrong, how one sees it, why, and what to do. Pure. A finding that explains another one
// stands alone: the cause is named, not its echoes.
#pragma once
#include <string>
#include <vector>

#include "doctor/evidence.hpp"

namespace tombolo::doctor {

enum class Severity { kFault, kWarning };

struct Finding {
  std::string id;  // stable: docs/doctor.md lists them
  Severity severity = Severity::kFault;
  std::string symptom;  // what the evidence shows
  std::string cause;
  std::string fix;
  bool fixable = false;  // `tombolo up`, and so `doctor --fix`, mends it safely
};

// Worst first.
std::vector<Finding> findings(const Evidence& evidence);

// One row of docs/doctor.md for each id that findings() can give.
struct Known {
  std::string_view id, sees, cause, fix;
};
const std::vector<Known>& known_findings();

// The topics, each appending what it finds. In the order in which they explain each other.
void look_at_cloud(const Evidence& e, std::vector<Finding>& out);
void look_at_boot(const Evidence& e, std::vector<Finding>& out);
void look_at_way(const Evidence& e, std::vector<Finding>& out);
void look_at_certificates(const Evidence& e, std::vector<Finding>& out);
void look_at_mesh(const Evidence& e, std::vector<Finding>& out);

bool has(const std::vector<Finding>& list, std::string_view id);

}  // namespace tombolo::doctor
