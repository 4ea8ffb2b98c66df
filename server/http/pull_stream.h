#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/http/message.h"

namespace fovea::server {

// A body that is read piece by piece while it is sent: an export. `pull` gives the next bytes, and
// nothing at the end; it may wait for a disk, as it is called on the server's worker threads, one
// call at a time. What it throws cuts the connection, so that the client sees a body without end.
std::shared_ptr<BodyStream> make_pull_stream(std::function<std::optional<std::string>()> pull);

}  // namespace fovea::server
