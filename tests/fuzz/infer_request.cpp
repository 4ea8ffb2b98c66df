#include "server/api/kserve/infer_request.h"
#include "server/http/problem.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: the first line is the header field Inference-Header-Content-Length (empty: absent), the
// rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text({data, size});
  const std::string_view length = fuzz::take_line(rest);
  server::Request request;
  if (!length.empty()) request.fields.emplace_back("Inference-Header-Content-Length", length);
  request.body = rest;
  try {
    const server::InferRequest parsed = server::read_infer_request(request);
    fuzz::require(parsed.images.size() <= 1000 && !parsed.outputs.empty());
    std::size_t total = 0;
    for (const auto& image : parsed.images) total += image.size();
    // A BMP has a header of 54 bytes and pads rows to 4 bytes; a JSON number has at least one
    // digit.
    fuzz::require(total <= 4 * size + 58 * parsed.images.size());
  } catch (const server::HttpError& refusal) {
    fuzz::require(refusal.status >= 400 && refusal.status < 500);
  }
  return 0;
}
