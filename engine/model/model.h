#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/image/preprocess.h"
#include "engine/model/network.h"
#include "engine/model/novelty.h"

namespace fovea {

// Where a model came from, as text. It does not influence predictions. Keys in use: name, version,
// created (ISO 8601), fovea_version, preset, recipe, seed, data, data_revision, train_images,
// metrics (JSON text), command, parent, note.
using Provenance = std::map<std::string, std::string>;

// A network with everything needed to classify an image.
struct Model {
  Network network;
  Preprocess preprocess;
  std::vector<std::string> classes;  // index -> name; as many as network.outputs()
  float temperature = 1.0f;          // probabilities = softmax(logits / temperature)
  Provenance provenance;
  Novelty novelty{};  // references: of the features of `network`
};

}  // namespace fovea
