#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace fovea {

// The model file: safetensors with PyTorch's names and layouts (docs/model-format.md). Weights are
// stored as fp32, or as fp16 when `half` (tensors with a value beyond its range stay fp32), and
// read as fp32. Reading throws FormatError saying what is wrong and where; no length or number in
// the file is trusted, and the sha256 of the tensor bytes is checked.
std::vector<std::uint8_t> write_model(const Model& model, bool half = false);
Model read_model(std::span<const std::uint8_t> bytes);

struct ModelFile {
  Model model;
  std::string weights_sha256;  // see below
};
// Both, hashing the bytes only once.
ModelFile read_model_file(std::span<const std::uint8_t> bytes);

// The sha256 of the tensor bytes, as stored in the file's metadata: 64 hex digits. It identifies
// the weights in every response. Throws FormatError as read_model() does.
std::string weights_sha256(std::span<const std::uint8_t> bytes);

}  // namespace fovea
