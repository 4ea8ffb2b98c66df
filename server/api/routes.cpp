#include "server/api/routes.h"

#include "server/api/handlers.h"

namespace fovea::server {

Router make_router() {
  constexpr std::uint64_t kAncestorBody = 16 << 20;
  return Router(
      {
          {"GET", "/livez", show_alive},
          {"GET", "/readyz", show_ready},
          {"GET", "/healthz", show_ready},

          {"GET", "/api/v1/model", show_model},
          {"GET", "/api/v1/model/weights", show_weights},
          {"POST", "/api/v1/predict", predict},

          {"GET", "/api/health", show_ancestor_health},
          {"POST", "/api/predict", ancestor_predict, kAncestorBody},
      },
      show_page);
}

}  // namespace fovea::server
