#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace fovea {

// The model file: safetensors with PyTorch names and layouts (docs/model-format.md). fp32, or fp16
// when `half`; either reads back as fp32. Reading throws FormatError saying what is wrong and
// where; no length or number from the file is trusted. The sha256 of the tensor bytes is checked.
std::vector<std::uint8_t> write_model(const Model& model, bool half = false);
Model read_model(std::span<const std::uint8_t> bytes);

struct ModelFile {
  Model model;
  std::string weights_sha256;  // see below
};
// Both at once: the bytes are hashed one time.
ModelFile read_model_file(std::span<const std::uint8_t> bytes);

// The sha256 of the tensor bytes, as stored in the file's metadata: 64 hex digits. It names the
// weights in every answer. Throws FormatError like read_model.
std::string weights_sha256(std::span<const std::uint8_t> bytes);

}  // namespace fovea
