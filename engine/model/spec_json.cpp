#include "engine/model/spec_json.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/json.h"

namespace fovea {
namespace {

constexpr int kMaxLayers = 512;  // nested ones included
constexpr int kMaxNesting = 4;   // residual blocks inside residual blocks
constexpr int kMaxChannels = 65536;
constexpr int kMaxKernel = 31;
constexpr int kMaxInput = 1024;

using Ordered = nlohmann::ordered_json;

Ordered layers_to_json(const std::vector<LayerSpec>& layers);

// The fields beside "kind".
void write_fields(Ordered& json, const Conv2dSpec& spec) {
  json["out"] = spec.out;
  json["kernel"] = spec.kernel;
  json["stride"] = spec.stride;
  json["pad"] = spec.pad;
  json["bias"] = spec.bias;
}
void write_fields(Ordered& json, const BatchNormSpec& spec) {
  json["eps"] = shortest_decimal(spec.eps);
  json["momentum"] = shortest_decimal(spec.momentum);
}
void write_fields(Ordered& json, const MaxPoolSpec& spec) {
  json["size"] = spec.size;
}
void write_fields(Ordered& json, const DropoutSpec& spec) {
  json["rate"] = shortest_decimal(spec.rate);
}
void write_fields(Ordered& json, const DenseSpec& spec) {
  json["out"] = spec.out;
  json["bias"] = spec.bias;
}
void write_fields(Ordered& json, const ResidualSpec& spec) {
  json["block"] = layers_to_json(spec.block);
}
void write_fields(Ordered&, const ReluSpec&) {}
void write_fields(Ordered&, const GeluSpec&) {}
void write_fields(Ordered&, const GlobalAvgPoolSpec&) {}
void write_fields(Ordered&, const GlobalMaxPoolSpec&) {}
void write_fields(Ordered&, const FlattenSpec&) {}

const char* name(const Conv2dSpec&) {
  return "conv2d";
}
const char* name(const BatchNormSpec&) {
  return "batch_norm";
}
const char* name(const ReluSpec&) {
  return "relu";
}
const char* name(const GeluSpec&) {
  return "gelu";
}
const char* name(const MaxPoolSpec&) {
  return "max_pool";
}
const char* name(const GlobalAvgPoolSpec&) {
  return "global_avg_pool";
}
const char* name(const GlobalMaxPoolSpec&) {
  return "global_max_pool";
}
const char* name(const DropoutSpec&) {
  return "dropout";
}
const char* name(const FlattenSpec&) {
  return "flatten";
}
const char* name(const DenseSpec&) {
  return "dense";
}
const char* name(const ResidualSpec&) {
  return "residual";
}

Ordered layers_to_json(const std::vector<LayerSpec>& layers) {
  Ordered list = Ordered::array();
  for (const LayerSpec& layer : layers) {
    Ordered json;
    json["kind"] = kind_name(layer);
    std::visit([&](const auto& spec) { write_fields(json, spec); }, layer.kind);
    list.push_back(std::move(json));
  }
  return list;
}

// Counts layers over all nesting levels, so that a small text cannot ask for a huge network.
struct Reader {
  int count = 0;

  std::vector<LayerSpec> layers(const Json& list, const std::string& prefix, int depth) {
    std::vector<LayerSpec> result;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string where = "layer " + prefix + std::to_string(i);
      if (++count > kMaxLayers) {
        throw FormatError(where + ": more than " + std::to_string(kMaxLayers) + " layers");
      }
      result.push_back(layer(list[i], where, prefix + std::to_string(i), depth));
    }
    return result;
  }

  LayerSpec layer(const Json& json, const std::string& where, const std::string& index, int depth) {
    const std::string kind = JsonFields(json, where).text("kind");
    JsonFields fields(json, where + " (" + kind + ")");
    fields.text("kind");
    LayerSpec result = plain_layer(kind, fields, where);
    if (auto* residual = std::get_if<ResidualSpec>(&result.kind)) {
      if (depth >= kMaxNesting) {
        throw FormatError(where + ": residual blocks nested deeper than " +
                          std::to_string(kMaxNesting));
      }
      residual->block = layers(fields.list("block", kMaxLayers), index + ".block.", depth + 1);
    }
    fields.done();
    return result;
  }

  // A residual layer comes back with its block still empty.
  static LayerSpec plain_layer(const std::string& kind, JsonFields& fields,
                               const std::string& where) {
    if (kind == "conv2d") {
      Conv2dSpec spec;
      spec.out = fields.integer("out", 1, kMaxChannels);
      spec.kernel = fields.integer("kernel", 1, kMaxKernel);
      spec.stride = fields.integer("stride", 1, kMaxKernel);
      spec.pad = fields.integer("pad", 0, kMaxKernel);
      spec.bias = fields.boolean("bias");
      return {spec};
    }
    if (kind == "batch_norm") {
      BatchNormSpec spec;
      spec.eps = fields.number("eps", 1e-12f, 1.0f);
      spec.momentum = fields.number("momentum", 0.0f, 1.0f);
      return {spec};
    }
    if (kind == "relu") return {ReluSpec{}};
    if (kind == "gelu") return {GeluSpec{}};
    if (kind == "max_pool") return {MaxPoolSpec{fields.integer("size", 1, kMaxKernel)}};
    if (kind == "global_avg_pool") return {GlobalAvgPoolSpec{}};
    if (kind == "global_max_pool") return {GlobalMaxPoolSpec{}};
    if (kind == "dropout") {
      return {DropoutSpec{fields.number("rate", 0.0f, std::nextafter(1.0f, 0.0f))}};
    }
    if (kind == "flatten") return {FlattenSpec{}};
    if (kind == "dense") {
      DenseSpec spec;
      spec.out = fields.integer("out", 1, kMaxChannels);
      spec.bias = fields.boolean("bias");
      return {spec};
    }
    if (kind == "residual") return {ResidualSpec{}};
    throw FormatError(where + ": unknown kind \"" + kind + "\"");
  }
};

}  // namespace

const char* kind_name(const LayerSpec& layer) {
  return std::visit([](const auto& spec) { return name(spec); }, layer.kind);
}

std::string spec_to_json(const NetworkSpec& spec) {
  Ordered json;
  json["input"] = {spec.input.h, spec.input.w, spec.input.c};
  json["layers"] = layers_to_json(spec.layers);
  return json.dump();
}

NetworkSpec spec_from_json(std::string_view text) {
  const Json json = parse_json(text, "architecture");
  JsonFields fields(json, "architecture");
  const Json& input = fields.list("input", 3);
  if (input.size() != 3)
    throw FormatError("architecture: \"input\" is not [height, width, channels]");
  int sizes[3];
  for (int i = 0; i < 3; ++i) {
    const Json entry{{"input", input[i]}};
    sizes[i] =
        JsonFields(entry, "architecture").integer("input", 1, i < 2 ? kMaxInput : kMaxChannels);
  }
  NetworkSpec spec;
  spec.input = {1, sizes[0], sizes[1], sizes[2]};
  spec.layers = Reader().layers(fields.list("layers", kMaxLayers), "", 0);
  fields.done();
  return spec;
}

}  // namespace fovea
