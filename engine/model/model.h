#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/image/preprocess.h"
#include "engine/model/network.h"

namespace fovea {

// Where a model came from. Everything here is text for people and programs, nothing decides a
// prediction. Keys in use: name, version, created (ISO 8601), fovea_version, preset, recipe, seed,
// data, data_revision, train_images, metrics (JSON text), command, parent, note.
using Provenance = std::map<std::string, std::string>;

// A network with everything needed to answer for an image.
struct Model {
  Network network;
  Preprocess preprocess;
  std::vector<std::string> classes;  // index -> name; as many as network.outputs()
  float temperature = 1.0f;          // probabilities = softmax(logits / temperature)
  Provenance provenance;
};

}  // namespace fovea
