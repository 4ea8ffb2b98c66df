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
  bool loopback = true;                      // the server is bound to a loopback address
  std::string tokens;                        // see Tokens; from the environment
  std::filesystem::path token_file;          // empty = none
  bool public_predict = false;               // Role::predict needs no token although tokens exist
  std::vector<std::string> host_names;       // besides localhost and loopback addresses
  std::vector<std::string> trusted_proxies;  // networks
  std::vector<std::string> cors_origins;     // "https://other.example"
  double rate_limit = 0;                     // requests per second and client; 0 = no limit
  std::function<void(const std::string&)> on_problem;  // with the token file; any thread
};

// Authentication, rate limits and origin checks: docs/decisions/0009-access-control.md. Any thread.
class Guard {
 public:
  explicit Guard(const GuardOptions& options);  // throws FormatError and IoError

  // Checks a request by its head and returns the error response, or nullopt if it is allowed. Sets
  // its actor and only_project and, when a trusted proxy sent it, `remote` and `secure` to those of
  // the client. `project` is that of the route; empty: it is server-wide.
  std::optional<Reply> check(Request& request, Role needed,
                             std::string_view project = kDefaultProject);
  // The response to a CORS preflight from an allowed origin; nullopt for any other request.
  std::optional<Reply> preflight(const Request& request) const;
  // The fields that let a page of an allowed origin read the response. They replace existing ones.
  Fields cors_fields(const Request& request) const;

  bool has_tokens() const { return tokens_.any(); }

 private:
  std::optional<Reply> check_token(Request& request, Role needed, std::string_view project,
                                   std::string_view token);
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
