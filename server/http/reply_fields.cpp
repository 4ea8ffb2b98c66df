#include "server/http/reply_fields.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

#include "server/text/time.h"

namespace fovea::server {

const Fields& security_fields() {
  static const Fields fields{
      {"Content-Security-Policy",
       "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; "
       "worker-src 'self' blob:; style-src 'self'; object-src 'none'; base-uri 'none'; "
       "form-action 'self'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Embedder-Policy", "require-corp"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Referrer-Policy", "no-referrer"},
  };
  return fields;
}

std::string make_request_id() {
  thread_local std::mt19937_64 random{(std::uint64_t{std::random_device()()} << 32) ^
                                      std::random_device()()};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id(16, '0');
  std::uint64_t bits = random();
  for (char& digit : id) {
    digit = kDigits[bits & 15];
    bits >>= 4;
  }
  return id;
}

bool is_valid_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:/+=@").find(c) != std::string_view::npos;
  });
}

std::string_view trace_parent(const Request& request) {
  const std::string_view text = request.field("traceparent").value_or("");
  constexpr std::string_view kPattern = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
  const bool good =
      std::equal(text.begin(), text.end(), kPattern.begin(), kPattern.end(), [](char c, char p) {
        return p == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  return good ? text : std::string_view();
}

std::string http_date() {
  return format_utc("%a, %d %b %Y %H:%M:%S GMT", std::chrono::system_clock::now());
}

}  // namespace fovea::server
