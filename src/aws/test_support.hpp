// A world for the tests of this folder: AWS as a list of answers, in virtual time.
#pragma once
#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <mutex>

#include "aws/client.hpp"
#include "base/virtual_clock.hpp"
#include "codec/url.hpp"

namespace tombolo::aws {

// Answers in the order they were written down; every request is kept. Asked for more than it was told, it fails the test.
class Script final : public net::Transport {
 public:
  using Answer = std::function<Result<net::Response>(const net::Request&)>;

  Script& then(Answer answer) {
    answers_.push_back(std::move(answer));
    return *this;
  }
  Script& then(int status, std::string body, net::Headers headers = {}) {
    return then([=](const net::Request&) { return net::Response{status, headers, body}; });
  }
  Script& then(Code code) {
    return then([=](const net::Request&) -> Result<net::Response> { return fail(code, "as the test wants it"); });
  }
  // EC2's envelope of an error.
  Script& then_error(int status, std::string_view code, std::string_view message = "", net::Headers headers = {}) {
    return then(
        status,
        fmt::format(
            "<?xml version=\"1.0\"?><Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>"
            "<RequestID>r-1</RequestID></Response>",
            code, message),
        std::move(headers));
  }

  Result<net::Response> send(const net::Request& request, const std::stop_token& stop) override {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
    Answer answer;
    {
      std::lock_guard guard(mutex_);
      requests.push_back(request);
      if (answers_.empty()) {
        ADD_FAILURE() << "unexpected request: " << request.method << " " << request.url << " " << request.body;
        return fail(Code::kInternal, "the script has ended");
      }
      answer = std::move(answers_.front());
      answers_.pop_front();
    }
    return answer(request);
  }

  bool at_end() const { return answers_.empty(); }
  // The decoded form of a request that was sent.
  codec::Form form(std::size_t i) const { return codec::decode_form(requests.at(i).body).value_or(codec::Form()); }

  std::vector<net::Request> requests;

 private:
  std::mutex mutex_;
  std::deque<Answer> answers_;
};

inline Time noon() { return *parse_time("2026-11-26T12:00:00Z"); }
inline Credentials some_keys() { return {"AKIDEXAMPLE", Secret<std::string>("secret"), {}, {}, "test"}; }
inline Credentials session_keys(std::string token) {
  return {"ASIAEXAMPLE", Secret<std::string>("secret"), Secret<std::string>(std::move(token)), {}, "test"};
}

inline ClientConfig test_config() {
  ClientConfig config;
  config.environment = {};
  config.region = "us-west-2";
  return config;
}

// A client in us-west-2 with fixed keys.
struct World {
  VirtualClock clock{noon()};
  Script aws;
  Client client{clock, aws, CredentialStore::fixed(clock, some_keys()), test_config()};
  Duration passed() const { return clock.now() - noon(); }
};

}  // namespace tombolo::aws
