#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/http/message.h"

namespace fovea::server {

// A request of the Open Inference Protocol, understood.
struct InferRequest {
  struct Output {
    std::string name;
    bool binary = false;
  };
  std::string id;                                 // of the client's; may be empty
  std::vector<std::vector<std::uint8_t>> images;  // bytes of image files
  std::vector<Output> outputs;
};

// Reads POST .../infer: JSON, or JSON followed by raw tensors when Inference-Header-Content-Length
// gives its length. One input: `image` UINT8 [n, height, width, 3], or `image_bytes` BYTES [n], in
// JSON as base64. Throws HttpError naming the tensor; lengths and shapes are distrusted.
InferRequest read_infer_request(const Request& request);

}  // namespace fovea::server
