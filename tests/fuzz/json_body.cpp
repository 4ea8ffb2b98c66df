#include <nlohmann/json.hpp>

#include "server/api/input.h"
#include "server/dataset/training_data.h"
#include "server/jobs/model_job_handler.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;

namespace {

void job(nlohmann::ordered_json body) {
  const std::string kind = server::read_text(body, "kind");
  body.erase("kind");
  server::check_job_options(kind, body);
}

}  // namespace

// Input: the JSON body of a request that starts a job or labels a prediction.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  server::Request request;
  request.body = fuzz::text({data, size});
  try {
    const nlohmann::ordered_json body = server::read_object(request);
    fuzz::may_refuse([&] { parse_class_name(server::read_text(body, "label")); });
    server::read_text(body, "reason");
    job(body);
  } catch (const server::HttpError& refusal) {
    fuzz::require(refusal.status == 400);
  } catch (const server::JobRefusal& refusal) {
    fuzz::require(refusal.status == 422);
  }
  return 0;
}
