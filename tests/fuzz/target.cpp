#include "server/http/target.h"

#include <nlohmann/json.hpp>

#include "server/api/history_query.h"
#include "server/api/input.h"
#include "server/http/problem.h"
#include "server/http/static_files.h"
#include "tests/fuzz/fuzz.h"

using namespace fovea;
using namespace fovea::server;

namespace {

void read_query(const Request& request) {
  for (const char* name : {"limit", "before", "hours"}) {
    try {
      const std::int64_t number = read_number(request, name, 1, 1000, 7);
      fuzz::require(number >= 1 && number <= 1000);
    } catch (const HttpError& refusal) {
      fuzz::require(refusal.status == 400);
    }
  }
  try {
    read_filter(request);
  } catch (const HttpError& refusal) {
    fuzz::require(refusal.status == 400);
  }
}

}  // namespace

// Input: a request target. Checks path, query, and lookup of embedded files.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const StaticFiles page{std::span<const EmbeddedFile>()};
  fuzz::may_refuse([&] {
    Request request;
    request.target = fuzz::text({data, size});
    Target target = parse_target(request.target);
    fuzz::require(!target.path.empty() && target.path.front() == '/');
    fuzz::require(target.path.find('\0') == std::string::npos);
    request.path = std::move(target.path);
    request.query = std::move(target.query);
    for (const auto& [name, value] : request.query) {
      fuzz::require(percent_decode(percent_encode(value), true) == value);
    }
    fuzz::require(!page.find(request));
    read_query(request);
  });
  return 0;
}
