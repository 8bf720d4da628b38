// What the commands that touch a cluster share: the cluster file, and the world (real AWS, or the simulated site with --sim).
#pragma once
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cluster/session.hpp"

namespace tombolo::cli {

struct LoadedFile {
  spec::Cluster cluster;
  std::string text;
};

// Reads and checks the cluster file; warnings and faults go to the console at once, with their lines.
// Errors: kBadInput after faults were shown; kNotFound with the way to make a file.
Result<LoadedFile> load_cluster_file(Invocation& call);

class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual Clock& clock() = 0;
  virtual net::Transport& transport() = 0;
  // A session on the file's cluster. `progress` may be nullptr.
  virtual Result<std::unique_ptr<cluster::Session>> open(const spec::Cluster& cluster, cluster::Access access,
                                                         std::string_view command, Progress* progress,
                                                         bool wait_for_bootstrap) = 0;
};

// The world as the command line and the environment ask for it.
Result<std::unique_ptr<Runtime>> make_runtime(Invocation& call);

// The options of the commands that talk to AWS: --profile.
std::vector<Option> aws_options();

}  // namespace tombolo::cli
