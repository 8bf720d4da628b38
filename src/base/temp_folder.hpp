// A fresh folder that goes away with its owner, for tests and for work that must not be left behind.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace tombolo {

class TempFolder {
 public:
  // In $TMPDIR, or in memory where the system has /dev/shm, or in /tmp; 0700. Aborts when there is no room for a folder:
  // nothing that needs one can go on.
  TempFolder() {
    const char* chosen = std::getenv("TMPDIR");
    for (const char* root : {chosen ? chosen : "", "/dev/shm", "/tmp"}) {
      path_ = std::string(root) + "/tombolo.XXXXXX";
      if (*root && ::mkdtemp(path_.data())) return;
    }
    std::abort();
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tombolo
