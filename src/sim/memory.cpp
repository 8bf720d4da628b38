#include "sim/memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/files.hpp"
#include "codec/json.hpp"

namespace tombolo::sim {

namespace {

constexpr std::size_t kLimit = std::size_t{256} << 20;

std::string line_of(Time at, const net::Request& request) {
  codec::JsonArray headers;
  for (const auto& h : request.headers) headers.push_back({h.name, h.value});
  return codec::to_text({{"at", at.time_since_epoch().count()},
                         {"method", request.method},
                         {"url", request.url},
                         {"headers", std::move(headers)},
                         {"body", request.body}}) +
         "\n";
}

struct Remembered {
  Time at;
  net::Request request;
};

Result<Remembered> read_line(std::string_view line) {
  const auto json = TRY(codec::parse_json(line));
  Remembered out;
  out.at = Time(Duration(codec::number_at(json, "at")));
  out.request.method = codec::text_at(json, "method");
  out.request.url = codec::text_at(json, "url");
  out.request.body = codec::text_at(json, "body");
  if (const auto* headers = codec::find(json, "headers"); headers && headers->is_array())
    for (const auto& h : headers->get_array())
      out.request.headers.push_back({codec::text_at(h, "0"), codec::text_at(h, "1")});
  if (out.request.url.empty()) return fail(Code::kCorrupt, "a line without a url");
  return out;
}

}  // namespace

Result<std::unique_ptr<LastingSite>> LastingSite::open(const std::string& path, Time begin, Options options) {
  std::string text;
  if (file_exists(path)) text = TRY(read_file(path, kLimit));
  auto out = std::unique_ptr<LastingSite>(new LastingSite());
  std::size_t number = 0, from = 0;
  for (; from < text.size(); ++number) {
    const auto end = text.find('\n', from);
    if (end == std::string::npos) break;  // a run was cut off while it wrote this line: the call was not carried out
    auto past = read_line(std::string_view(text).substr(from, end - from));
    if (!past)
      return fail(Code::kCorrupt, fmt::format("{}:{} is not a call of the simulated site", path, number + 1),
                  "Remove the file to begin with an empty simulated account.");
    if (!out->clock_) {
      out->clock_ = std::make_unique<VirtualClock>(past->at);
      out->site_ = std::make_unique<Site>(*out->clock_, options);
    }
    out->clock_->advance(past->at - out->clock_->now());
    (void)out->site_->answer(past->request);
    from = end + 1;
  }
  if (!out->clock_) {
    out->clock_ = std::make_unique<VirtualClock>(begin);
    out->site_ = std::make_unique<Site>(*out->clock_, options);
  }
  out->file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kPrivateFile);
  if (out->file_ < 0) return fail(Code::kIo, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  if (::ftruncate(out->file_, static_cast<off_t>(from)) != 0)
    return fail(Code::kIo, fmt::format("cannot cut {}: {}", path, std::strerror(errno)));
  out->site_->on_call([file = out->file_](Time at, const net::Request& request) {
    const auto line = line_of(at, request);
    // A line that could not be written whole is left out by the next start, and so is the call.
    if (::write(file, line.data(), line.size()) < 0) return;
  });
  return out;
}

LastingSite::~LastingSite() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace tombolo::sim
