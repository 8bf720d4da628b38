// What a service, a proxy or a stranger may send instead of an error body: read, or said to be unreadable, never believed twice.
#include <cstdint>
#include <cstdlib>

#include "aws/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tombolo;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto read = aws::read_error_body(body);
  if (read && read->code.empty()) std::abort();
  for (const int status : {400, 403, 500}) {
    const aws::CallContext context{aws::CallKind::kCreate, std::chrono::seconds(1)};
    const Error error = aws::error_of("RunInstances", {status, {}, std::string(body)}, context);
    if (!error.remote() || error.remote()->http_status != status || error.sentence().empty()) std::abort();
    if (read && error.code() != aws::classify(read->code, read->message, status, context)) std::abort();
    if (!read && status == 500 && error.code() != Code::kTransient) std::abort();
  }
  return 0;
}
