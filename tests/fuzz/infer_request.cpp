#include "server/api/kserve/infer_request.h"
#include "server/api/refusal.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

// First line: Inference-Header-Content-Length, empty for none. The rest: the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text({data, size});
  const std::string_view length = fuzz::take_line(rest);
  server::Request request;
  if (!length.empty()) request.fields.emplace_back("Inference-Header-Content-Length", length);
  request.body = rest;
  try {
    const server::InferRequest understood = server::read_infer_request(request);
    fuzz::require(understood.images.size() <= 1000 && !understood.outputs.empty());
    std::size_t total = 0;
    for (const auto& image : understood.images) total += image.size();
    // A bitmap has a header of 54 bytes and rows in fours; JSON has at least a digit a number.
    fuzz::require(total <= 4 * size + 58 * understood.images.size());
  } catch (const server::Refusal& refusal) {
    fuzz::require(refusal.status >= 400 && refusal.status < 500);
  }
  return 0;
}
