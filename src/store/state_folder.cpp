#include "store/state_folder.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.hpp"
#include "crypto/hash.hpp"

namespace tombolo::store {

Result<StateFolder> StateFolder::make(std::string path) {
  TRY(make_private_folder(path));
  StateFolder folder(std::move(path));
  auto kept_out_of_git =
      create_file(folder.path_ + "/.gitignore", "# Keys and the journal: never for a repository.\n*\n", kPrivateFile);
  if (!kept_out_of_git && kept_out_of_git.error().code() != Code::kDuplicate)
    return fail(std::move(kept_out_of_git.error()));
  return folder;
}

std::string StateFolder::kubeconfig(std::string_view side) const { return fmt::format("{}/kube/{}.yaml", path_, side); }
std::string StateFolder::user_data(std::string_view sha256) const {
  return fmt::format("{}/userdata/{}", path_, sha256);
}

Result<std::string> StateFolder::keep_user_data(std::string_view content) const {
  auto hash = to_hex(crypto::sha256(content));
  if (!file_exists(user_data(hash))) TRY(write("userdata/" + hash, content));
  return hash;
}

Result<std::string> StateFolder::read_user_data(std::string_view sha256) const {
  auto content = TRY(read_file(user_data(sha256)));
  if (to_hex(crypto::sha256(content)) != sha256)
    return fail(Code::kCorrupt, fmt::format("{} is not what was written there", user_data(sha256)),
                "Remove that file; it is written again when it is needed.");
  return content;
}

Result<> StateFolder::make_folder_for(std::string_view relative) const {
  return make_private_folder((std::filesystem::path(path_) / relative).parent_path().string());
}

Result<> StateFolder::write(std::string_view relative, std::string_view content) const {
  TRY(make_folder_for(relative));
  return write_file(path_ + "/" + std::string(relative), content, kPrivateFile);
}

Result<> StateFolder::create(std::string_view relative, std::string_view content) const {
  TRY(make_folder_for(relative));
  return create_file(path_ + "/" + std::string(relative), content, kPrivateFile);
}

}  // namespace tombolo::store
