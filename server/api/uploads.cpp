#include "server/api/uploads.h"

#include "engine/core/error.h"
#include "server/http/multipart.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_picture_body(std::string_view type) {
  // curl --data-binary says it is a form; it is not, and the picture's own bytes decide anyway.
  return type.empty() || same_name(type.substr(0, 6), "image/") ||
         same_name(type, "application/octet-stream") ||
         same_name(type, "application/x-www-form-urlencoded");
}

std::vector<Upload> read_form(const Request& request, std::string_view content_type) {
  std::vector<Upload> uploads;
  try {
    for (Part& part : parse_multipart(request.body, multipart_boundary(content_type))) {
      if (part.name != "file") continue;
      uploads.push_back({part.file_name.value_or(""), bytes_of(part.data)});
    }
  } catch (const FormatError& error) {
    throw Refusal(400, error.what());
  }
  if (uploads.empty()) throw Refusal(400, "the form has no part named \"file\"");
  return uploads;
}

// Set when the request is over for a reason other than the pictures.
std::optional<Reply> server_trouble(const Request& request, const App& app, const Work& work) {
  for (const Prediction& prediction : work.predictions) {
    if (prediction.status == Prediction::Status::failed) {
      if (app.options.on_fault) app.options.on_fault(request.id + ": " + prediction.error);
      return problem(request, 500, "an error of the server; its log has the details");
    }
    if (prediction.status == Prediction::Status::late) {
      return problem(request, 504,
                     "the answer was not ready within " +
                         std::to_string(app.options.deadline.count()) + " ms");
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Upload> read_uploads(const Request& request) {
  const std::string_view field = request.field("Content-Type").value_or("");
  std::string_view type = field.substr(0, field.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  if (request.body.empty()) throw Refusal(400, "the request has no body; send a picture");
  if (same_name(type, "multipart/form-data")) return read_form(request, field);
  if (!is_picture_body(type)) {
    throw Refusal(415, "Content-Type " + std::string(type) +
                           " is not supported; send multipart/form-data with parts named "
                           "\"file\", or a picture as image/jpeg, image/png or image/bmp");
  }
  return {{"body", bytes_of(request.body)}};
}

void classify_uploads(std::shared_ptr<const Request> request, App& app, std::vector<Upload> uploads,
                      Finish finish, Respond respond) {
  const auto work = std::make_shared<Work>();
  work->model = app.model();
  work->owner = request;
  for (const Upload& upload : uploads) work->pictures.push_back(upload.bytes);
  work->deadline = std::chrono::steady_clock::now() + app.options.deadline;
  work->done = [request, &app, uploads = std::move(uploads), finish = std::move(finish),
                respond](Work& settled) {
    Reply reply;
    try {
      auto trouble = server_trouble(*request, app, settled);
      reply = trouble ? std::move(*trouble)
                      : finish(*request, *settled.model, uploads, settled.predictions);
    } catch (const std::exception& error) {
      if (app.options.on_fault) app.options.on_fault(request->id + ": " + error.what());
      reply = problem(*request, 500, "an error of the server; its log has the details");
    }
    respond(std::move(reply));
  };
  if (!app.batcher.submit(work)) {
    Reply reply = problem(*request, 503, "too many pictures are waiting; try again in a second");
    reply.fields.emplace_back("Retry-After", "1");
    respond(std::move(reply));
  }
}

}  // namespace fovea::server
