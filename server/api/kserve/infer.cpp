#include <cstring>

#include "engine/core/text.h"
#include "server/api/handlers.h"
#include "server/api/kserve/infer_request.h"
#include "server/api/kserve/metadata.h"
#include "server/api/predict_input.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

// Appends the bytes of a number in little-endian order, which is also that of this machine.
template <class Number>
void append_number(std::string& raw, Number value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  raw.append(bytes, sizeof value);
}

void add_probabilities(const PredictTask& task, bool binary, Json& data, std::string& raw) {
  for (const Prediction& prediction : task.predictions) {
    for (const float p : prediction.probabilities) {
      binary ? append_number(raw, p) : data.push_back(shortest_decimal(p));
    }
  }
}

// A binary BYTES element is a 32-bit length and the bytes.
void add_labels(const PredictTask& task, bool binary, Json& data, std::string& raw) {
  const auto& classes = task.model->classifier.classes();
  for (std::size_t i = 0; i < task.predictions.size(); ++i) {
    const std::string& label = classes[static_cast<std::size_t>(task.best_class(i))];
    if (binary) {
      append_number(raw, static_cast<std::uint32_t>(label.size()));
      raw += label;
    } else {
      data.push_back(label);
    }
  }
}

void add_ids(const PredictTask& task, bool binary, Json& data, std::string& raw) {
  for (const std::int64_t id : task.ids) {
    binary ? append_number(raw, id) : data.push_back(id);
  }
}

// One output tensor. A binary one is appended to `raw`.
Json output_json(const InferRequest::Output& output, const PredictTask& task, std::string& raw) {
  const std::size_t begin = raw.size();
  Json shape = {task.predictions.size()};
  Json data = Json::array();
  std::string datatype;
  if (output.name == "probabilities") {
    datatype = "FP32";
    shape.push_back(task.model->classifier.classes().size());
    add_probabilities(task, output.binary, data, raw);
  } else if (output.name == "label") {
    datatype = "BYTES";
    add_labels(task, output.binary, data, raw);
  } else {
    datatype = "INT64";
    add_ids(task, output.binary, data, raw);
  }
  Json json = {{"name", output.name}, {"datatype", datatype}, {"shape", std::move(shape)}};
  if (output.binary) {
    json["parameters"] = {{"binary_data_size", raw.size() - begin}};
  } else {
    json["data"] = std::move(data);
  }
  return json;
}

Reply infer_reply(const std::string& model, const PredictTask& task, const InferRequest& infer) {
  for (std::size_t i = 0; i < task.predictions.size(); ++i) {
    if (task.predictions[i].status == Prediction::Status::ok) continue;
    throw HttpError(400, task.images[i].name + ": " + task.predictions[i].error);
  }
  Json body = {{"model_name", model}, {"model_version", task.model->version}};
  if (!infer.id.empty()) body["id"] = infer.id;
  if (!task.recorded) body["parameters"] = {{"recorded", false}};
  std::string raw;
  bool binary = false;
  Json outputs = Json::array();
  for (const auto& output : infer.outputs) {
    outputs.push_back(output_json(output, task, raw));
    binary |= output.binary;
  }
  body["outputs"] = std::move(outputs);
  Reply reply = json_reply(body);
  if (!binary) return reply;
  reply.fields[0].second = "application/octet-stream";
  reply.fields.emplace_back("Inference-Header-Content-Length", std::to_string(reply.body.size()));
  reply.body += raw;
  return reply;
}

}  // namespace

void infer_v2(std::shared_ptr<const Request> request, App& app, Respond respond) {
  const V2Model model = find_v2_model(*request, app);
  const auto infer = std::make_shared<const InferRequest>(read_infer_request(*request));
  std::vector<ImageFile> images;
  for (std::size_t i = 0; i < infer->images.size(); ++i) {
    images.push_back({"image " + std::to_string(i), infer->images[i]});
  }
  const auto task =
      make_task(request, model.served, std::move(images), "v2", app.options.threshold);
  task->owner = infer;
  task->all_or_nothing = true;
  model.project->pipeline.start(
      task,
      [infer, name = model.name](const PredictTask& finished) {
        return infer_reply(name, finished, *infer);
      },
      [project = model.project, respond = std::move(respond)](Result result) {
        respond(std::move(result));
      });
}

}  // namespace fovea::server
