#include <cstring>

#include <nlohmann/json.hpp>

#include "server/api/handlers.h"
#include "server/api/kserve/infer_request.h"
#include "server/api/kserve/metadata.h"
#include "server/api/uploads.h"
#include "server/http/problem.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

template <class Number>
void put_number(std::string& raw, Number value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);  // little-endian, as the protocol and this machine are
  raw.append(bytes, sizeof value);
}

// One output tensor; its bytes go to `raw` when it is binary.
Json output_json(const InferRequest::Output& output, const PredictResult& classified,
                 std::string& raw) {
  const auto& classes = classified.model->classifier.classes();
  const std::size_t count = classified.predictions.size();
  const std::size_t begin = raw.size();
  Json shape = {count};
  Json data = Json::array();
  std::string datatype = "FP32";
  for (std::size_t i = 0; i < count; ++i) {
    const auto& probabilities = classified.predictions[i].probabilities;
    if (output.name == "probabilities") {
      for (const float p : probabilities) {
        output.binary ? put_number(raw, p) : data.push_back(shortest(p));
      }
    } else if (output.name == "label") {
      datatype = "BYTES";
      const std::string& label = classes[static_cast<std::size_t>(top_k(probabilities, 1)[0])];
      if (output.binary) {
        put_number(raw, static_cast<std::uint32_t>(label.size()));
        raw += label;
      } else {
        data.push_back(label);
      }
    } else {
      datatype = "INT64";
      output.binary ? put_number(raw, classified.ids[i]) : data.push_back(classified.ids[i]);
    }
  }
  if (output.name == "probabilities") shape.push_back(classes.size());
  Json json = {{"name", output.name}, {"datatype", datatype}, {"shape", std::move(shape)}};
  if (output.binary) {
    json["parameters"] = {{"binary_data_size", raw.size() - begin}};
  } else {
    json["data"] = std::move(data);
  }
  return json;
}

Reply infer_reply(const PredictResult& classified, const InferRequest& asked) {
  for (std::size_t i = 0; i < classified.predictions.size(); ++i) {
    if (classified.predictions[i].status == Prediction::Status::ok) continue;
    return problem(*classified.request, 400,
                   classified.uploads[i].file + ": " + classified.predictions[i].error);
  }
  Json body = {{"model_name", classified.model->name},
               {"model_version", classified.model->version}};
  if (!asked.id.empty()) body["id"] = asked.id;
  if (!classified.recorded) body["parameters"] = {{"recorded", false}};
  std::string raw;
  bool binary = false;
  Json outputs = Json::array();
  for (const auto& output : asked.outputs) {
    outputs.push_back(output_json(output, classified, raw));
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
  served_v2_model(*request, app);
  const auto asked = std::make_shared<const InferRequest>(read_infer_request(*request));
  std::vector<Upload> uploads;
  for (std::size_t i = 0; i < asked->images.size(); ++i) {
    uploads.push_back({"image " + std::to_string(i), asked->images[i]});
  }
  classify_uploads(
      request, app, std::move(uploads), {"v2", app.options.threshold, true},
      [asked](const PredictResult& classified) { return infer_reply(classified, *asked); }, respond,
      asked);
}

}  // namespace fovea::server
