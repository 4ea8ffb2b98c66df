#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/app/app.h"
#include "server/http/message.h"

namespace fovea::server {

struct Upload {
  std::string file;  // the name the client gave; "body" for an image sent without a form
  std::span<const std::uint8_t> bytes;
};

// The images of a request: the parts of that name of a multipart form (other parts are ignored),
// or the body itself. They point into the request. Throws HttpError: 400 for a form that is
// malformed or has no such part and for an empty body, 415 for another Content-Type.
std::vector<Upload> read_uploads(const Request& request, std::string_view part = "file");

// The `threshold` of the query, else the server's. Throws HttpError unless it is from 0 to 1.
double read_threshold(const Request& request, const App& app);

// How a request came in, as the history has it.
struct RequestSource {
  std::string source;      // "v1", "legacy", "v2"
  double threshold = 0.5;  // an answer whose probability is below it is uncertain
  bool whole = false;      // one bad image fails the request, and nothing goes into the history
};

// A request whose images are settled, none late or failed.
struct PredictResult {
  std::shared_ptr<const Request> request;
  std::shared_ptr<const ServedModel> model;
  std::vector<Upload> uploads;
  std::vector<Prediction> predictions;  // of each upload; ok or bad_image
  std::vector<std::int64_t> ids;        // of each in the history; 0 = it is not in there
  bool recorded = true;                 // false: the disk refused
  double threshold = 0.5;

  bool uncertain(std::size_t index) const;  // REQUIRES: its prediction is ok
};

// Makes the answer. Runs on an inference thread or the recorder's.
using BuildReply = std::function<Reply(const PredictResult&)>;

// Has the uploads classified and the answers put into the history, then responds with what `finish`
// makes of it; with 503 when the queue is full, 504 when the deadline passes, 500 when the server
// is at fault. The uploads may point into the request or into what `owner` keeps.
void classify_uploads(std::shared_ptr<const Request> request, App& app, std::vector<Upload> uploads,
                      const RequestSource& door, BuildReply finish, Respond respond,
                      std::shared_ptr<const void> owner = nullptr);

}  // namespace fovea::server
