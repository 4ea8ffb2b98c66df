#pragma once

namespace fovea::server {

// Returns when the process has received SIGINT or SIGTERM. For programs without a Server, which
// handles these signals itself.
void wait_for_stop_signal();

}  // namespace fovea::server
