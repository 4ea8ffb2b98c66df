#pragma once

#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/http/router.h"
#include "server/http/static_files.h"

namespace fovea::server {

// Builds the OpenAPI 3.1 document from the files of server/api/openapi/. Each file has "paths" and
// "components"; about.json has the rest. A response that is only a string becomes a problem with
// that description. What follows from the route is added here, so that the files cannot contradict
// it: the role, the body limit, and the errors that both imply. Throws FormatError for a file that
// is not a JSON object and for a member that two files define. A test checks that the files
// describe exactly the operations of the routes.
nlohmann::ordered_json make_openapi(const std::vector<Route>& routes,
                                    std::span<const EmbeddedFile> files);

// Sets the query parameters of the routes below /api/v1 to those in the files. Other routes accept
// any: clients of the legacy API may send more, and the page appends some to bypass caches.
std::vector<Route> with_queries(std::vector<Route> routes, std::span<const EmbeddedFile> files);

}  // namespace fovea::server
