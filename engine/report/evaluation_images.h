#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/data/dataset.h"
#include "engine/eval/evaluation_report.h"

namespace fovea {

// Image files by the SHA-256 (hex) of the original image.
using EvaluationImages = std::map<std::string, std::vector<std::uint8_t>>;

// The images that the charts of an evaluation show, so that they can accompany a model: the sample
// images of each class and the worst mistakes, reduced to at most 96 pixels, as BMP files.
// Images that are not in the dataset are left out. Throws IoError.
EvaluationImages collect_images(const EvaluationReport& report, const Dataset& dataset);

// The member "images" of an evaluation document (docs/evaluation.md): base64 text by SHA-256.
nlohmann::ordered_json images_json(const EvaluationImages& images);
// Reads that member; empty without it. The document is not trusted: throws FormatError for a
// malformed entry, and for more than 4,096 images or more than 1 MiB in one.
EvaluationImages read_evaluation_images(const nlohmann::ordered_json& document);

}  // namespace fovea
