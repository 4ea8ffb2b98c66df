
#include "server/api/handlers.h"
#include "server/api/version_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/registry/manifest.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

Json layers_json(const Network& network) {
  Json layers = Json::array();
  for (const auto& layer : network.describe()) {
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"output", {layer.output.h, layer.output.w, layer.output.c}},
                      {"parameters", layer.parameters},
                      {"flops", layer.flops}});
  }
  return layers;
}

}  // namespace

Reply show_model(const Request&, App& app) {
  const auto served = app.model();
  const Model& model = served->classifier.model();
  const Preprocess& preprocess = model.preprocess;
  Json body = {
      {"name", served->name},
      {"version", served->version},
      {"classes", model.classes},
      {"input_size", preprocess.size},
      {"preprocessing",
       {{"fit", to_string(preprocess.fit)}, {"mean", preprocess.mean}, {"std", preprocess.std}}},
      {"temperature", model.temperature},
      {"parameters", model.network.parameter_count()},
      {"flops", model.network.flops()},
      {"can_explain", served->classifier.can_explain()},
      {"weights_sha256", served->classifier.weights_sha256()},
      {"file_sha256", served->file_sha256},
      {"file_size", served->file.size()},
      {"provenance", model.provenance},
      {"layers", layers_json(model.network)}};
  if (const Novelty& novelty = model.novelty; novelty.available()) {
    body["novelty"] = {{"threshold", shortest_decimal(novelty.threshold)},
                       {"false_alarms", shortest_decimal(novelty.false_alarms)},
                       {"images", novelty.images}};
  }
  if (Json metrics = read_metrics(model.provenance); !metrics.is_discarded()) {
    body["metrics"] = std::move(metrics);
    body["provenance"].erase("metrics");
  }
  return json_reply(body);
}

Reply show_weights(const Request& request, App& app) {
  const auto served = app.model();
  return model_file_reply(request, served->file_sha256, served->name, [&] {
    return SharedBytes{served, served->file};
  });
}

}  // namespace fovea::server
