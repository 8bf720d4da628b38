#include "codec/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace tombolo::codec {
namespace {

constexpr int kGzipWrapper = 15 + 16;     // zlib: window bits 15, plus 16 for a gzip header
constexpr std::size_t kChunk = 64 << 10;
constexpr std::size_t kOsByte = 9;        // RFC 1952: place of OS in the header
constexpr Byte kOsUnknown = 255;

// zlib counts in unsigned ints.
uInt piece(std::size_t left) {
  return static_cast<uInt>(std::min<std::size_t>(left, std::numeric_limits<uInt>::max()));
}

}  // namespace

Bytes gzip(ByteView plain) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWrapper, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  Bytes packed;
  std::size_t taken = 0;
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0 && taken < plain.size()) {
      stream.next_in = const_cast<Byte*>(plain.data() + taken);
      stream.avail_in = piece(plain.size() - taken);
      taken += stream.avail_in;
    }
    const std::size_t written = packed.size();
    packed.resize(written + kChunk);
    stream.next_out = packed.data() + written;
    stream.avail_out = kChunk;
    state = deflate(&stream, taken == plain.size() ? Z_FINISH : Z_NO_FLUSH);
    packed.resize(packed.size() - stream.avail_out);
  }
  deflateEnd(&stream);
  packed[kOsByte] = kOsUnknown;
  return packed;
}

Result<Bytes> gunzip(ByteView packed, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWrapper) != Z_OK) return fail(Code::kInternal, "zlib did not start");
  struct End {
    z_stream& stream;
    ~End() { inflateEnd(&stream); }
  } end{stream};

  Bytes plain;
  std::size_t taken = 0;
  while (true) {
    if (stream.avail_in == 0) {
      if (taken == packed.size()) return fail(Code::kCorrupt, "the gzip data is cut short");
      stream.next_in = const_cast<Byte*>(packed.data() + taken);
      stream.avail_in = piece(packed.size() - taken);
      taken += stream.avail_in;
    }
    const std::size_t written = plain.size();
    plain.resize(written + kChunk);
    stream.next_out = plain.data() + written;
    stream.avail_out = kChunk;
    const int state = inflate(&stream, Z_NO_FLUSH);
    plain.resize(plain.size() - stream.avail_out);
    if (plain.size() > limit)
      return fail(Code::kBadInput, fmt::format("the gzip data unpacks to more than {} bytes", limit));
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0 && taken == packed.size()) return plain;
      if (inflateReset(&stream) != Z_OK) return fail(Code::kInternal, "zlib did not start again");
    } else if (state != Z_OK && state != Z_BUF_ERROR) {
      return fail(Code::kCorrupt,
                  fmt::format("not gzip data, or damaged: {}", stream.msg ? stream.msg : "unknown reason"));
    }
  }
}

}  // namespace tombolo::codec
