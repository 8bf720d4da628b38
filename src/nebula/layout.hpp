// Where certificates and keys lie in the state folder. Pure strings; `state` is the folder, without a final slash.
#pragma once
#include <string>
#include <string_view>

namespace tombolo::nebula {

class Layout {
 public:
  explicit Layout(std::string_view state) : root_(std::string(state) + "/nebula") {}

  const std::string& root() const { return root_; }
  std::string home_ca_certificate() const { return root_ + "/home-ca.crt"; }
  std::string home_ca_key() const { return root_ + "/home-ca.key"; }      // may be encrypted
  // The authority before, while it is being replaced.
  std::string previous_ca_certificate() const { return root_ + "/home-ca.previous.crt"; }
  std::string previous_ca_key() const { return root_ + "/home-ca.previous.key"; }
  std::string worker_ca_certificate() const { return root_ + "/worker-ca.crt"; }
  std::string worker_ca_key() const { return root_ + "/worker-ca.key"; }
  std::string ledger() const { return root_ + "/ledger.json"; }
  std::string members() const { return root_ + "/members"; }
  std::string member(std::string_view name) const { return members() + "/" + std::string(name); }
  std::string member_certificate(std::string_view name) const { return member(name) + "/host.crt"; }
  // Only of a member that made its key itself.
  std::string member_public_key(std::string_view name) const { return member(name) + "/host.pub"; }
  std::string member_key(std::string_view name) const { return member(name) + "/host.key"; }

 private:
  std::string root_;
};

// Whether a member's name can be a folder's name: letters, digits, '.', '_' and '-', at most 63, not beginning with a
// '.'.
inline bool is_member_folder(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.front() == '.') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
         std::string_view::npos;
}

}  // namespace tombolo::nebula
