#include "engine/model/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/half.h"
#include "engine/core/text.h"
#include "engine/model/json.h"
#include "engine/model/preprocess_json.h"
#include "engine/model/safetensors.h"
#include "engine/model/weight_layout.h"

namespace fovea {
namespace {

constexpr char kModelVersion[] = "1";
constexpr char kProvenance[] = "provenance.";
constexpr char kNovelty[] = "novelty";                // metadata
constexpr char kReferences[] = "novelty.references";  // tensor
constexpr std::int64_t kMaxReferences = 65536;
constexpr std::size_t kMaxModelClasses = 65536;

[[noreturn]] void fail_model(const std::string& problem) {
  throw FormatError("model file: " + problem);
}

// The network's tensor for a layout. Both are built from the same spec, so a difference is a bug
// and not an error in the file.
Tensor& tensor_for(const std::map<std::string, Tensor*>& tensors, const WeightLayout& layout) {
  const auto found = tensors.find(layout.name);
  if (found == tensors.end() || found->second->size() != layout.count()) {
    throw std::logic_error("weight layout and network disagree about " + layout.name);
  }
  return *found->second;
}

void check_value(const WeightLayout& layout, std::size_t at, Scalar value) {
  if (std::isfinite(value) && !(layout.variance && value < 0)) return;
  fail_model("tensor " + layout.name + " holds " + std::to_string(value) + " at position " +
             std::to_string(at));
}

void check_classes(const std::vector<std::string>& classes) {
  if (classes.empty()) fail_model("no classes");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string where = "class " + std::to_string(i);
    if (classes[i].empty()) fail_model(where + " has no name");
    if (classes[i].size() > kMaxNameBytes) {
      fail_model(where + " has a name of " + std::to_string(classes[i].size()) +
                 " bytes; at most 200 are allowed");
    }
    if (!is_plain_text(classes[i]))
      fail_model(where + " has a name with control characters or bad UTF-8");
    if (!seen.insert(classes[i]).second)
      fail_model(where + " repeats the name \"" + classes[i] + "\"");
  }
}

// Checks of every model that is written or read.
void check_model(const NetworkSpec& spec, const Preprocess& preprocess, float temperature) {
  if (spec.input.h != preprocess.size || spec.input.w != preprocess.size || spec.input.c != 3) {
    fail_model("the network takes " + to_string(spec.input) + ", but preprocessing makes " +
               to_string({1, preprocess.size, preprocess.size, 3}));
  }
  for (int i = 0; i < 3; ++i) {
    const float mean = preprocess.mean[i], spread = preprocess.std[i];
    if (!(std::abs(mean) <= 1e6f && spread >= 1e-6f && spread <= 1e6f)) {
      fail_model("preprocess: mean " + std::to_string(mean) + ", std " + std::to_string(spread) +
                 " of channel " + std::to_string(i) + " are out of range");
    }
  }
  if (!(temperature >= 1e-3f && temperature <= 1e3f)) {
    fail_model("temperature is " + std::to_string(temperature) + "; allowed are 0.001 to 1000");
  }
}

void check_outputs(std::int64_t outputs, const std::vector<std::string>& classes) {
  if (outputs != std::ssize(classes)) {
    fail_model("the network has " + std::to_string(outputs) + " outputs for " +
               std::to_string(classes.size()) + " classes");
  }
}

Preprocess read_preprocess(const std::string& text) {
  const Json json = parse_json(text, "model file: preprocess");
  const JsonReader in(json, "model file: preprocess");
  const Preprocess preprocess = preprocess_from_json(in, 1e9f);
  in.reject_unknown_keys();
  return preprocess;
}

std::vector<std::string> read_classes(const std::string& text) {
  const Json json = parse_json(text, "model file: classes");
  std::vector<std::string> classes;
  for (const JsonReader& name :
       JsonReader(json, "model file", "classes").list_up_to(kMaxModelClasses)) {
    classes.push_back(name.text());
  }
  check_classes(classes);
  return classes;
}

float read_temperature(const std::string& text) {
  const Json json = parse_json(text, "model file: temperature");
  return JsonReader(json, "model file", "temperature").float_number(0.0f, 1e9f);
}

// The bytes of one tensor as the file stores them: F16 when requested and every value is in range.
std::vector<std::uint8_t> pack(const WeightLayout& layout, const Tensor& tensor, bool half,
                               DType& dtype) {
  const auto values = tensor.values();
  for (std::size_t i = 0; i < values.size(); ++i) check_value(layout, i, values[i]);
  const bool fits = std::all_of(values.begin(), values.end(), [](Scalar x) {
    return std::abs(static_cast<float>(x)) <= 65504.0f;
  });
  dtype = half && fits ? DType::f16 : DType::f32;
  std::vector<std::uint8_t> bytes(values.size() * size_of(dtype));
  std::uint8_t* out = bytes.data();
  for (const std::uint32_t at : layout.memory_order()) {
    const float value = static_cast<float>(values[at]);
    if (dtype == DType::f16) {
      const std::uint16_t small = to_half(value);
      std::memcpy(out, &small, sizeof small);
    } else {
      std::memcpy(out, &value, sizeof value);
    }
    out += size_of(dtype);
  }
  return bytes;
}

void unpack(const WeightLayout& layout, const StoredTensor& stored, Tensor& tensor) {
  std::size_t position = 0;
  for (const std::uint32_t at : layout.memory_order()) {
    const float value = stored_value(stored, position);
    check_value(layout, position++, value);
    tensor.data()[at] = value;
  }
}

// The features of one image have length 1, or 0.
void check_novelty(const Novelty& novelty, const Network& network) {
  const Shape& shape = novelty.references.shape();
  if (shape.n > kMaxReferences || shape.c != network.feature_dim()) {
    fail_model("tensor " + std::string(kReferences) + " does not fit features of " +
               std::to_string(network.feature_dim()) + " numbers");
  }
  for (const Scalar value : novelty.references.values()) {
    if (!(std::abs(value) <= 1.001f)) fail_model("novelty: a reference is longer than 1");
  }
  if (!(novelty.threshold >= 0 && novelty.threshold <= 2) || novelty.images < 0 ||
      !(novelty.false_alarms > 0 && novelty.false_alarms < 1)) {
    fail_model("novelty: a number is out of range");
  }
}

std::string novelty_to_json(const Novelty& novelty) {
  return Json{{"threshold", shortest_decimal(novelty.threshold)},
              {"false_alarms", shortest_decimal(novelty.false_alarms)},
              {"images", novelty.images}}
      .dump();
}

std::vector<std::uint8_t> pack_references(const Tensor& references) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(references.size()) * 2);
  std::uint8_t* out = bytes.data();
  for (const Scalar value : references.values()) {
    const std::uint16_t half = to_half(static_cast<float>(value));
    std::memcpy(out, &half, sizeof half);
    out += sizeof half;
  }
  return bytes;
}

Novelty read_novelty(const std::string& text, const StoredTensor& stored) {
  const Json json = parse_json(text, "model file: novelty");
  const JsonReader in(json, "model file: novelty");
  Novelty novelty{.threshold = in.at("threshold").float_number(0.0f, 2.0f),
                  .false_alarms = in.at("false_alarms").float_number(0.0f, 1.0f),
                  .images = in.at("images").integer(0, std::int64_t{1} << 40)};
  in.reject_unknown_keys();
  const auto& shape = stored.shape;
  if (stored.dtype != DType::f16 || shape.size() != 2 || shape[0] < 1 ||
      shape[0] > kMaxReferences || shape[1] < 1) {
    fail_model("tensor " + std::string(kReferences) + " has shape " + shape_text(shape) +
               "; F16 [images, features] is needed");
  }
  novelty.references = Tensor({static_cast<int>(shape[0]), 1, 1, static_cast<int>(shape[1])});
  for (std::int64_t i = 0; i < novelty.references.size(); ++i) {
    novelty.references.data()[i] = stored_value(stored, static_cast<std::size_t>(i));
  }
  return novelty;
}

// Compares names and shapes with the architecture before memory for a network is allocated.
void check_tensors(const std::vector<WeightLayout>& layouts,
                   const std::map<std::string, const StoredTensor*>& stored) {
  std::set<std::string> known;
  for (const WeightLayout& layout : layouts) {
    known.insert(layout.name);
    const auto found = stored.find(layout.name);
    if (found == stored.end()) fail_model("tensor " + layout.name + " is missing");
    if (found->second->shape != layout.shape) {
      fail_model("tensor " + layout.name + " has shape " + Json(found->second->shape).dump() +
                 "; the architecture needs " + Json(layout.shape).dump());
    }
  }
  for (const auto& [name, tensor] : stored) {
    if (known.count(name) == 0) fail_model("tensor " + name + " is not part of the architecture");
  }
}

// Takes the known keys out of the metadata. Unknown ones are rejected, because they could change
// the meaning of the model.
class Metadata {
 public:
  explicit Metadata(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  std::string take(const std::string& key) {
    const auto found = values_.find(key);
    if (found == values_.end()) fail_model("metadata \"" + key + "\" is missing");
    std::string value = std::move(found->second);
    values_.erase(found);
    return value;
  }
  // "" when there is none.
  std::string take_optional(const std::string& key) {
    return values_.count(key) == 0 ? "" : take(key);
  }
  Provenance take_provenance() {
    Provenance provenance;
    const std::string prefix = kProvenance;
    for (const auto& [key, value] : values_) {
      if (key.compare(0, prefix.size(), prefix) != 0)
        fail_model("metadata \"" + key + "\" is unknown");
      provenance[key.substr(prefix.size())] = value;
    }
    return provenance;
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace

std::vector<std::uint8_t> write_model(const Model& model, bool half) {
  const NetworkSpec& spec = model.network.spec();
  Safetensors file;
  file.metadata["fovea_format"] = kModelVersion;
  file.metadata["architecture"] = spec_to_json(spec);
  spec_from_json(file.metadata["architecture"]);  // throws what reading would throw
  check_model(spec, model.preprocess, model.temperature);
  check_classes(model.classes);
  check_outputs(model.network.outputs(), model.classes);
  file.metadata["classes"] = Json(model.classes).dump();
  file.metadata["preprocess"] = preprocess_to_json(model.preprocess);
  file.metadata["temperature"] = Json(shortest_decimal(model.temperature)).dump();
  for (const auto& [key, value] : model.provenance) file.metadata[kProvenance + key] = value;

  const auto layouts = weight_layouts(spec);
  const auto tensors = tensors_by_name(model.network);
  std::vector<std::vector<std::uint8_t>> bytes;
  bytes.reserve(layouts.size() + 1);
  for (const WeightLayout& layout : layouts) {
    StoredTensor stored;
    stored.name = layout.name;
    stored.shape = layout.shape;
    bytes.push_back(pack(layout, tensor_for(tensors, layout), half, stored.dtype));
    stored.bytes = bytes.back();
    file.tensors.push_back(std::move(stored));
  }
  if (model.novelty.available()) {
    check_novelty(model.novelty, model.network);
    file.metadata[kNovelty] = novelty_to_json(model.novelty);
    bytes.push_back(pack_references(model.novelty.references));
    const Shape& shape = model.novelty.references.shape();
    file.tensors.push_back({kReferences, DType::f16, {shape.n, shape.c}, bytes.back()});
  }
  return write_safetensors(file);
}

ModelFile read_model_file(std::span<const std::uint8_t> bytes) {
  const Safetensors file = read_safetensors(bytes);
  Metadata metadata(file.metadata);
  const std::string version = metadata.take("fovea_format");
  if (version != kModelVersion) fail_model("format version " + version + " is not known, only 1");
  const NetworkSpec spec = spec_from_json(metadata.take("architecture"));
  const Preprocess preprocess = read_preprocess(metadata.take("preprocess"));
  auto classes = read_classes(metadata.take("classes"));
  const float temperature = read_temperature(metadata.take("temperature"));
  const std::string novelty = metadata.take_optional(kNovelty);
  Provenance provenance = metadata.take_provenance();
  check_model(spec, preprocess, temperature);

  std::map<std::string, const StoredTensor*> stored;
  for (const StoredTensor& tensor : file.tensors) stored[tensor.name] = &tensor;
  const auto references = stored.extract(kReferences);
  if (references.empty() == !novelty.empty()) {
    fail_model(std::string("\"") + kNovelty + "\" and tensor " + kReferences +
               " belong together, and one is missing");
  }
  const auto layouts = weight_layouts(spec);
  check_tensors(layouts, stored);
  try {
    Model model{Network(spec), preprocess, std::move(classes), temperature, std::move(provenance)};
    check_outputs(model.network.outputs(), model.classes);
    const auto tensors = tensors_by_name(model.network);
    for (const WeightLayout& layout : layouts) {
      unpack(layout, *stored.at(layout.name), tensor_for(tensors, layout));
    }
    if (!novelty.empty()) {
      model.novelty = read_novelty(novelty, *references.mapped());
      check_novelty(model.novelty, model.network);
    }
    return {std::move(model), file.sha256};
  } catch (const ShapeError& error) {
    fail_model(error.what());
  } catch (const ConfigError& error) {
    fail_model(error.what());
  }
}

Model read_model(std::span<const std::uint8_t> bytes) {
  return read_model_file(bytes).model;
}

std::string weights_sha256(std::span<const std::uint8_t> bytes) {
  return read_safetensors(bytes).sha256;
}

}  // namespace fovea
