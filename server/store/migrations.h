#pragma once

#include <string>
#include <vector>

namespace fovea::server {

// The steps that bring an empty database to today's tables, in order. A step that was released is
// never changed: a change is a further step. Times are microseconds since 1970 (UTC), hashes 64 hex
// digits, documents JSON text.
const std::vector<std::string>& migrations();

}  // namespace fovea::server
