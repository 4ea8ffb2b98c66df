#include <curl/curl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>

#include "engine/core/error.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

constexpr std::size_t kMaxBody = 1 << 16;
constexpr const char* kNotFovea = ": this is not a Fovea server";

struct HealthArguments {
  std::string address = "http://127.0.0.1:8080";
  double timeout = 3;  // seconds
  bool ready = false;
};

struct HealthAnswer {
  long status = 0;
  std::string body;
};

std::size_t add_to_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& body = *static_cast<std::string*>(user);
  if (body.size() + size > kMaxBody) return 0;  // curl reports a write error
  body.append(data, size);
  return size;
}

HealthAnswer request_health(const std::string& url, double timeout) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw IoError("cannot start libcurl");
  HealthAnswer answer;
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");  // the server itself, not what $http_proxy says
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout * 1000));
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, add_to_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_WRITE_ERROR) throw IoError(url + kNotFovea);
  if (code != CURLE_OK) {
    throw IoError(fmt::format("{}: {}", url, reason[0] ? reason : curl_easy_strerror(code)));
  }
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

// The text of a member of a JSON object; empty if there is none.
std::string text_member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

void check_health(const HealthArguments& arguments) {
  std::string address = arguments.address;
  if (!address.starts_with("http://")) {
    throw UsageError("the address " + address + " does not start with http://");
  }
  while (address.ends_with('/')) address.pop_back();
  const std::string url = address + (arguments.ready ? "/readyz" : "/livez");
  const HealthAnswer answer = request_health(url, arguments.timeout);
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status != 200) {
    const std::string detail = text_member(json, "detail");
    throw IoError(
        fmt::format("{}: status {}{}{}", url, answer.status, detail.empty() ? "" : ": ", detail));
  }
  const std::string status = text_member(json, "status");
  if (status.empty()) throw IoError(url + kNotFovea);
  fmt::print("{}: {}\n", url, status);
}

}  // namespace

void add_health(Verb& program) {
  auto arguments = std::make_shared<HealthArguments>();
  Verb verb = program.verb(
      "health", "Check that a server is running: exit status 0 if it is, 1 if it is not");
  verb.option("url", arguments->address, "Address of the server, http://HOST:PORT").show_default();
  verb.flag("--ready", arguments->ready,
            "Check that it also accepts requests (/readyz), not only that it runs (/livez)");
  verb.option("--timeout", arguments->timeout, "Time for the whole request")
      .value_name("SECONDS")
      .range(0.1, 60.0)
      .show_default();
  verb.action([arguments] { check_health(*arguments); });
}

}  // namespace fovea::tools
