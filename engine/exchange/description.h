#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace fovea {

// What the writers of exchange formats store besides the network.
struct ExportSource {
  std::string fovea_version;   // of the program that writes the file
  std::string weights_sha256;  // of the model file
};

// Everything that another program needs in order to use the network, as text (docs/formats.md):
// fovea_version, weights_sha256, classes, preprocess, input, temperature, provenance.KEY.
// `axes` names the axes of the input, "NCHW" or "NHWC".
std::map<std::string, std::string> describe_model(const Model& model, const ExportSource& source,
                                                  const std::string& axes);

// The parts of a description that a network alone does not contain. A missing key leaves its member
// empty. Throws FormatError beginning with `what` when `text` is not a JSON object of strings or a
// value is malformed.
struct ModelDescription {
  std::optional<std::vector<std::string>> classes;
  std::optional<Preprocess> preprocess;
  std::optional<std::string> weights_sha256;
};
ModelDescription parse_description(const std::string& text, const std::string& what);

}  // namespace fovea
