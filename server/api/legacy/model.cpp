#include <fmt/core.h>

#include "server/api/handlers.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

std::string table_row(const std::string& layer, const std::string& output,
                      const std::string& parameters) {
  return fmt::format("{:<44.44} {:<20.20} {:>12.12}\n", layer, output, parameters);
}

// The layers of the network as a text table.
std::string summary_text(const std::string& name, const Network& network) {
  std::string text = "Model: \"" + name + "\"\n" + table_row("Layer", "Output", "Parameters");
  for (const auto& layer : network.describe()) {
    text += table_row(layer.name + " " + layer.kind,
                      fmt::format("({}, {}, {})", layer.output.h, layer.output.w, layer.output.c),
                      std::to_string(layer.parameters));
  }
  return text + fmt::format("Total parameters: {}\n", network.parameter_count());
}

}  // namespace

Reply show_legacy_model(const Request&, App& app) {
  const auto served = app.model();
  const Model& model = served->classifier.model();
  const int size = model.preprocess.size;
  Json names = Json::array();
  for (const std::string& name : model.classes) names.push_back(capitalized(name));
  Json metadata = model.provenance;
  metadata["version"] = served->version;
  return json_reply({{"input_shape", {size, size, 3}},
                     {"num_classes", model.classes.size()},
                     {"class_names", std::move(names)},
                     {"training_metadata", std::move(metadata)},
                     {"model_summary", summary_text(served->name, model.network)}});
}

Reply show_legacy_uptime(const Request&, App& app) {
  const double seconds = seconds_since(app.runtime->running_since);
  return json_reply({{"start_time", iso_time(app.runtime->started)},
                     {"current_time", iso_time(std::chrono::system_clock::now())},
                     {"uptime_seconds", seconds},
                     {"uptime_minutes", seconds / 60},
                     {"uptime_hours", seconds / 3600},
                     {"is_retraining", app.jobs().retraining()}});
}

}  // namespace fovea::server
