// A world for the tests of this folder: an API server as a list of answers, in virtual time. Only for what is parsed and
// when it is repeated; how a real server behaves is tests/interop/kube's business.
#pragma once
#include <gmock/gmock.h>

#include <deque>
#include <mutex>

#include "base/virtual_clock.hpp"
#include "kube/client.hpp"

namespace tombolo::kube {

class Script final : public net::Transport {
 public:
  Script& then(int status, std::string body, net::Headers headers = {}) {
    answers_.push_back(net::Response{status, std::move(headers), std::move(body)});
    return *this;
  }
  Script& then(Code code) {
    answers_.push_back(fail(code, "as the test wants it"));
    return *this;
  }
  Script& then_status(int status, std::string_view reason, std::string_view message = "", net::Headers headers = {}) {
    return then(
        status,
        codec::to_text(codec::JsonObject{
            {"kind", "Status"}, {"status", "Failure"}, {"reason", reason}, {"message", message}, {"code", status}}),
        std::move(headers));
  }

  Result<net::Response> send(const net::Request& request, const std::stop_token& stop) override {
    std::lock_guard guard(mutex_);
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
    requests.push_back(request);
    if (answers_.empty()) {
      ADD_FAILURE() << "unexpected request: " << request.method << " " << request.url;
      return fail(Code::kInternal, "the script has ended");
    }
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  bool at_end() const { return answers_.empty(); }
  std::vector<net::Request> requests;

 private:
  std::mutex mutex_;
  std::deque<Result<net::Response>> answers_;
};

inline Time noon() { return *parse_time("2026-11-26T12:00:00Z"); }

inline Access some_access() {
  Access access;
  access.server = "https://192.168.1.54:6443";
  access.user.name = "me";
  access.user.token = Secret<std::string>("a-token");
  return access;
}

struct World {
  VirtualClock clock{noon()};
  std::shared_ptr<Script> server = std::make_shared<Script>();
  Access access = some_access();
  Client client{clock, access, {}, [this](const net::CurlOptions&) { return server; }};
  Duration passed() const { return clock.now() - noon(); }
  const std::string& url(std::size_t i) const { return server->requests.at(i).url; }
};

}  // namespace tombolo::kube
