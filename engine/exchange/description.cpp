#include "engine/exchange/description.h"

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/preprocess_json.h"

namespace fovea {
namespace {

constexpr std::size_t kMaxDescribedClasses = 65536;

constexpr float kMaxDescribedMean = 1e6f;

Preprocess parse_preprocess(const std::string& text, const std::string& what) {
  const Json json = parse_json(text, what + ": preprocess");
  return preprocess_from_json(JsonReader(json, what + ": preprocess"), kMaxDescribedMean);
}

}  // namespace

std::map<std::string, std::string> describe_model(const Model& model, const ExportSource& source,
                                                  const std::string& axes) {
  const Preprocess& p = model.preprocess;
  const std::string size = std::to_string(p.size);
  std::map<std::string, std::string> text{
      {"fovea_version", source.fovea_version},
      {"weights_sha256", source.weights_sha256},
      {"classes", Json(model.classes).dump()},
      {"preprocess", preprocess_to_json(p)},
      {"temperature", Json(shortest_decimal(model.temperature)).dump()},
      {"input", "float32 " + axes + ", R G B, pixel values from 0 to 255, " + size + " x " + size +
                    " pixels: apply the EXIF orientation, fit to a square by the rule `fit` "
                    "(anti-aliased bilinear), do not normalise; the network computes (v / 255 - "
                    "mean) / std"},
      {"output", "probabilities: softmax(logits / temperature), in the order of `classes`"}};
  for (const auto& [key, value] : model.provenance) text["provenance." + key] = value;
  return text;
}

ModelDescription parse_description(const std::string& text, const std::string& what) {
  const Json json = parse_json(text, what);
  const JsonReader in(json, what);
  ModelDescription description;
  if (!json.is_object()) in.fail("is not an object");
  if (in.has("classes")) {
    const Json classes = parse_json(in.at("classes").text(), what + ": classes");
    description.classes.emplace();
    for (const JsonReader& name :
         JsonReader(classes, what, "classes").list_up_to(kMaxDescribedClasses)) {
      description.classes->push_back(name.text());
    }
  }
  if (in.has("preprocess")) {
    description.preprocess = parse_preprocess(in.at("preprocess").text(), what);
  }
  if (in.has("weights_sha256")) description.weights_sha256 = in.at("weights_sha256").text();
  return description;
}

}  // namespace fovea
