#include "codec/pem.hpp"

#include <fmt/format.h>

#include "codec/base64.hpp"

namespace tombolo::codec {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kLine = 64;
constexpr std::size_t kTextLimit = 16u << 20;
constexpr std::size_t kBlockLimit = 4096;

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const auto end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return true;
  }
  int number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

bool is_border(std::string_view line, std::string_view opening) {
  return line.starts_with(opening) && line.ends_with(kDashes) && line.size() > opening.size() + kDashes.size();
}

std::string_view label_of(std::string_view line, std::string_view opening) {
  return line.substr(opening.size(), line.size() - opening.size() - kDashes.size());
}

Result<PemBlock> read_block(Lines& lines, std::string_view label) {
  const int first = lines.number();
  Secret<std::string> text;
  std::string joined;
  std::string_view line;
  while (lines.next(line)) {
    if (!line.starts_with(kDashes)) {
      joined += line;
      continue;
    }
    text = Secret<std::string>(std::move(joined));
    if (!is_border(line, kEnd) || label_of(line, kEnd) != label) {
      return fail(Code::kBadInput, fmt::format("line {}: the PEM block {} of line {} must end before this line",
                                               lines.number(), label, first));
    }
    auto body = decode_base64(text.expose());
    if (!body)
      return context(Result<PemBlock>(fail(body.error())), fmt::format("the PEM block {} of line {}", label, first));
    return PemBlock{std::string(label), Secret<Bytes>(std::move(*body))};
  }
  return fail(Code::kBadInput, fmt::format("line {}: the PEM block {} has no end", first, label));
}

}  // namespace

Result<std::vector<PemBlock>> decode_pem(std::string_view text) {
  if (text.size() > kTextLimit) return fail(Code::kBadInput, "this PEM text is larger than 16 MiB");
  std::vector<PemBlock> blocks;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (!is_border(line, kBegin)) {
      if (line.starts_with(kBegin) || line.starts_with(kEnd)) {
        return fail(
            Code::kBadInput,
            fmt::format("line {}: this line of a PEM block is damaged, or stands outside its block", lines.number()));
      }
      continue;
    }
    if (blocks.size() == kBlockLimit) return fail(Code::kBadInput, "this PEM text holds more than 4096 blocks");
    blocks.push_back(TRY(read_block(lines, label_of(line, kBegin))));
  }
  return blocks;
}

std::string encode_pem(std::string_view label, ByteView body) {
  const Secret<std::string> text(encode_base64(body));
  std::string pem;
  pem.reserve(text.expose().size() + text.expose().size() / kLine + 2 * label.size() + 64);
  pem.append(kBegin).append(label).append(kDashes).append("\n");
  for (std::size_t at = 0; at < text.expose().size(); at += kLine) pem.append(text.expose(), at, kLine).append("\n");
  pem.append(kEnd).append(label).append(kDashes).append("\n");
  return pem;
}

}  // namespace tombolo::codec
