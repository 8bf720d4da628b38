// For the .cpp files of this folder only: owners of libcurl's objects, and what an HTTP exchange and a WebSocket both do to
// a connection before it is made and say about it when it fails.
#pragma once
#include <curl/curl.h>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "net/curl_transport.hpp"

namespace tombolo::net {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, FreeList>;

void start_curl_once();
void append(CurlList& list, const std::string& line);
std::string host_of(const std::string& url);  // "" when it is not a URL
bool breaks_the_message(std::string_view text);
long whole_milliseconds(Duration span);  // at least 1: libcurl takes 0 for "for ever"

// The request's headers as libcurl wants them. Errors: kBadInput for one that would break the message.
Result<CurlList> header_list(const Request& request);

// What libcurl reads while a connection is made, and does not copy.
struct Connecting {
  CurlList headers;
  CurlList connect_to;
  char error_text[CURL_ERROR_SIZE] = "";
};

// Where to, through what, and with whose certificates. `options` and `connecting` must outlive the handle's work.
// Errors: kBadInput for a URL or header that is none.
Result<> configure_connection(CURL* easy, const Request& request, const CurlOptions& options, Connecting& connecting);

// Runs the transfer on this thread until it ends or a stop comes. CURLE_ABORTED_BY_CALLBACK stands for the stop.
// The handle stays with `multi`, which a connection that is to be used on needs: curl_multi_remove_handle() is the caller's.
CURLcode perform(CURLM* multi, CURL* easy, const std::stop_token& stop);

// Our Error for libcurl's, by what had been sent until then.
Error curl_failure(CURLcode code, CURL* easy, const Request& request, const CurlOptions& options,
                   const char* error_text);

}  // namespace tombolo::net
