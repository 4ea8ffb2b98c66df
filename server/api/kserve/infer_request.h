#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/http/message.h"

namespace fovea::server {

// A parsed request of the Open Inference Protocol.
struct InferRequest {
  struct Output {
    std::string name;
    bool binary = false;
  };
  std::string id;                                 // from the client; may be empty
  std::vector<std::vector<std::uint8_t>> images;  // bytes of image files
  std::vector<Output> outputs;
};

// Parses the body of POST .../infer: JSON, or JSON and raw tensors if
// Inference-Header-Content-Length gives the length of the JSON. There is one input: `image` UINT8
// {n, height, width, 3}, or `image_bytes` BYTES {n} (base64 in JSON). Throws HttpError that names
// the tensor. Checks all lengths and shapes.
InferRequest read_infer_request(const Request& request);

}  // namespace fovea::server
