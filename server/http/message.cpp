#include "server/http/message.h"

#include <boost/beast/core/string.hpp>

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

bool iequals(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
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
