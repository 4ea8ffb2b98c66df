#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/http/message.h"
#include "server/http/networks.h"
#include "server/http/rate_limit.h"
#include "server/http/router.h"
#include "server/http/tokens.h"

namespace fovea::server {

struct GuardOptions {
  bool loopback = true;                 // bound to an address of this machine alone
  std::string tokens;                   // Tokens says the form; from the environment
  std::filesystem::path token_file;     // empty = none
  bool public_predict = false;          // Role::predict without a token although there are some
  std::vector<std::string> host_names;  // besides localhost and loopback addresses
  std::vector<std::string> trusted_proxies;            // networks
  std::vector<std::string> cors_origins;               // "https://other.example"
  double rate_limit = 0;                               // requests a second and client; 0 = no limit
  std::function<void(const std::string&)> on_problem;  // of a token file that changed; any thread
};

// Who may do what: docs/decisions/0009-access-control.md. Thread contract: any.
class Guard {
 public:
  explicit Guard(const GuardOptions& options);  // throws FormatError and IoError

  // Judges a request by its head. Sets its actor, and when a trusted proxy sent it, `remote` and
  // `secure` to what the client used. Nothing: it may go on.
  std::optional<Reply> check(Request& request, Role needed);
  // The answer to a CORS preflight of an allowed origin; nothing for any other request.
  std::optional<Reply> preflight(const Request& request) const;
  // What a page of an allowed other origin needs to read the answer. Replaces fields of that name.
  Fields cors_fields(const Request& request) const;

  bool has_tokens() const { return tokens_.any(); }

 private:
  std::optional<Reply> check_token(Request& request, Role needed, std::string_view token);
  std::optional<Reply> check_without_token(Request& request, Role needed);
  std::optional<Reply> check_host(const Request& request) const;
  std::optional<Reply> check_origin(const Request& request) const;
  void find_client(Request& request) const;
  bool allows_origin(std::string_view origin) const;

  const GuardOptions options_;
  Networks proxies_;
  Tokens tokens_;
  std::optional<RateLimit> requests_;
  RateLimit wrong_tokens_;
};

}  // namespace fovea::server
