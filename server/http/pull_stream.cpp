#include "server/http/pull_stream.h"

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

std::shared_ptr<BodyStream> make_pull_stream(std::function<std::optional<std::string>()> pull) {
  return std::make_shared<PullStream>(std::move(pull));
}

}  // namespace fovea::server
