#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/app.h"
#include "server/http/message.h"

namespace fovea::server {

// A request that a handler will not serve; becomes a problem+json answer.
class Refusal : public std::runtime_error {
 public:
  Refusal(int code, const std::string& text) : std::runtime_error(text), status(code) {}
  const int status;
};

struct Upload {
  std::string file;  // the name the client gave; "body" for a picture sent without a form
  std::span<const std::uint8_t> bytes;
};

// The pictures of a request: the parts named `file` of a multipart form (other parts are ignored),
// or the body itself. They point into the request. Throws Refusal: 400 for a form that is
// malformed or has no such part and for an empty body, 415 for another Content-Type.
std::vector<Upload> read_uploads(const Request& request);

// Makes the answer when all pictures are settled, none late or failed. Runs on an inference thread.
using Finish = std::function<Reply(const Request&, const ServedModel&, const std::vector<Upload>&,
                                   const std::vector<Prediction>&)>;

// Has the uploads classified and responds with what `finish` makes of it; with 503 when the queue
// is full, 504 when the deadline passes, 500 when the server is at fault.
void classify_uploads(std::shared_ptr<const Request> request, App& app, std::vector<Upload> uploads,
                      Finish finish, Respond respond);

}  // namespace fovea::server
