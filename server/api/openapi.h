#pragma once

#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/http/router.h"
#include "server/http/static_files.h"

namespace fovea::server {

// The OpenAPI 3.1 document, from the files of server/api/openapi/: each holds "paths" and
// "components", about.json the rest. A response that is only a text there is a problem with that
// description. What the routes know is put in here, so that no file can tell it wrongly: the role
// that an operation needs, its body limit, and the errors that follow from both. Throws FormatError
// for a file that is no JSON and for what two files say; that files and routes speak of the same
// operations is for the test to see.
nlohmann::ordered_json make_openapi(const std::vector<Route>& routes,
                                    std::span<const EmbeddedFile> files);

// The routes, each of /api/v1 with the query parameters that the files describe for it. Other paths
// take any: their clients were written for other servers, or add what keeps a page fresh.
std::vector<Route> with_queries(std::vector<Route> routes, std::span<const EmbeddedFile> files);

}  // namespace fovea::server
