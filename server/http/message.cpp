#include "server/http/message.h"

#include <algorithm>

#include "server/text/strings.h"

namespace fovea::server {
namespace {

class PullStream : public BodyStream {
 public:
  explicit PullStream(std::function<std::optional<std::string>()> pull) : pull_(std::move(pull)) {}

  void next(Ready ready) override {
    std::optional<std::string> bytes = pull_();
    const bool more = bytes.has_value();
    ready(std::move(bytes).value_or(std::string()), more);
  }
  bool waits_for_disk() const override { return true; }

 private:
  std::function<std::optional<std::string>()> pull_;
};

}  // namespace

// Beast's iequals (1.81) reads the byte after the texts if they differ only in case.
bool iequals(std::string_view a, std::string_view b) {
  const auto lower_letter = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (iequals(key, name)) return value;
  }
  return std::nullopt;
}

std::shared_ptr<BodyStream> make_pull_stream(std::function<std::optional<std::string>()> pull) {
  return std::make_shared<PullStream>(std::move(pull));
}

Reply download_reply(std::string type, const std::string& file,
                     std::function<std::optional<std::string>()> pull) {
  Reply reply;
  reply.fields = {{"Content-Type", std::move(type)},
                  {"Content-Disposition", "attachment; filename=\"" + file + '"'},
                  {"Cache-Control", "no-store"}};
  reply.stream = make_pull_stream(std::move(pull));
  return reply;
}

bool etag_matches(const Request& request, std::string_view etag) {
  std::string_view list = request.field("If-None-Match").value_or("");
  while (!list.empty()) {
    std::string_view tag = trim(take_until(list, ","), " ");
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

}  // namespace fovea::server
