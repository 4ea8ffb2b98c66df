#include <cmath>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/model/json.h"
#include "engine/model/spec.h"
#include "engine/nn/conv2d.h"

namespace fovea {
namespace {

constexpr int kMaxLayers = 512;  // including nested ones
constexpr int kMaxNesting = 4;   // residual blocks inside residual blocks
constexpr int kMaxChannels = 65536;
constexpr int kMaxKernel = 31;
constexpr int kMaxInput = 1024;

Json layers_to_json(const std::vector<LayerSpec>& layers);

// Writes the fields other than "kind".
template <class Spec>
void write_window(Json& json, const Spec& spec) {
  json["kernel"] = spec.kernel;
  json["stride"] = spec.stride;
  json["pad"] = spec.pad == kSamePadding ? Json("same") : Json(spec.pad);
  json["bias"] = spec.bias;
}
void write_fields(Json& json, const Conv2dSpec& spec) {
  json["out"] = spec.out;
  write_window(json, spec);
}
void write_fields(Json& json, const DepthwiseConv2dSpec& spec) {
  write_window(json, spec);
}
void write_fields(Json& json, const BatchNormSpec& spec) {
  json["eps"] = shortest_decimal(spec.eps);
  json["momentum"] = shortest_decimal(spec.momentum);
}
void write_fields(Json& json, const MaxPoolSpec& spec) {
  json["size"] = spec.size;
}
void write_fields(Json& json, const DropoutSpec& spec) {
  json["rate"] = shortest_decimal(spec.rate);
}
void write_fields(Json& json, const DenseSpec& spec) {
  json["out"] = spec.out;
  json["bias"] = spec.bias;
}
void write_fields(Json& json, const ResidualSpec& spec) {
  json["block"] = layers_to_json(spec.block);
}
void write_fields(Json&, const ReluSpec&) {}
void write_fields(Json&, const Relu6Spec&) {}
void write_fields(Json&, const GeluSpec&) {}
void write_fields(Json&, const GlobalAvgPoolSpec&) {}
void write_fields(Json&, const GlobalMaxPoolSpec&) {}
void write_fields(Json&, const FlattenSpec&) {}

const char* name(const Conv2dSpec&) {
  return "conv2d";
}
const char* name(const DepthwiseConv2dSpec&) {
  return "depthwise_conv2d";
}
const char* name(const BatchNormSpec&) {
  return "batch_norm";
}
const char* name(const ReluSpec&) {
  return "relu";
}
const char* name(const Relu6Spec&) {
  return "relu6";
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

Json layers_to_json(const std::vector<LayerSpec>& layers) {
  Json list = Json::array();
  for (const LayerSpec& layer : layers) {
    Json json;
    json["kind"] = kind_name(layer);
    std::visit([&](const auto& spec) { write_fields(json, spec); }, layer.kind);
    list.push_back(std::move(json));
  }
  return list;
}

// Counts the layers of all nesting levels, so that a short text cannot request a huge network.
class LayerReader {
 public:
  std::vector<LayerSpec> layers(const JsonReader& list, const std::string& prefix, int depth) {
    std::vector<LayerSpec> result;
    for (const JsonReader& json : list.list_up_to(kMaxLayers)) {
      const std::string index = prefix + std::to_string(result.size());
      if (++count_ > kMaxLayers) {
        throw FormatError("layer " + index + ": more than " + std::to_string(kMaxLayers) +
                          " layers");
      }
      result.push_back(layer(json.value(), index, depth));
    }
    return result;
  }

 private:
  LayerSpec layer(const Json& json, const std::string& index, int depth) {
    const std::string where = "layer " + index;
    const std::string kind = JsonReader(json, where).at("kind").text();
    const JsonReader in(json, where + " (" + kind + ")");
    in.at("kind");
    LayerSpec result = read_fields(kind, in, where);
    if (auto* residual = std::get_if<ResidualSpec>(&result.kind)) {
      if (depth >= kMaxNesting) {
        throw FormatError(where + ": residual blocks nested deeper than " +
                          std::to_string(kMaxNesting));
      }
      residual->block = layers(in.at("block"), index + ".block.", depth + 1);
    }
    in.reject_unknown_keys();
    return result;
  }

  template <class Spec>
  static void read_window(const JsonReader& in, Spec& spec) {
    spec.kernel = static_cast<int>(in.at("kernel").integer(1, kMaxKernel));
    spec.stride = static_cast<int>(in.at("stride").integer(1, kMaxKernel));
    const JsonReader pad = in.at("pad");
    const bool same = pad.value().is_string() && pad.text() == "same";
    spec.pad = same ? kSamePadding : static_cast<int>(pad.integer(0, kMaxKernel));
    spec.bias = in.at("bias").boolean();
  }

  // The block of a residual layer is left empty.
  static LayerSpec read_fields(const std::string& kind, const JsonReader& in,
                               const std::string& where) {
    const auto integer = [&](const char* key, int low, int high) {
      return static_cast<int>(in.at(key).integer(low, high));
    };
    if (kind == "conv2d") {
      Conv2dSpec spec;
      spec.out = integer("out", 1, kMaxChannels);
      read_window(in, spec);
      return {spec};
    }
    if (kind == "depthwise_conv2d") {
      DepthwiseConv2dSpec spec;
      read_window(in, spec);
      return {spec};
    }
    if (kind == "batch_norm") {
      BatchNormSpec spec;
      spec.eps = in.at("eps").float_number(1e-12f, 1.0f);
      spec.momentum = in.at("momentum").float_number(0.0f, 1.0f);
      return {spec};
    }
    if (kind == "relu") return {ReluSpec{}};
    if (kind == "relu6") return {Relu6Spec{}};
    if (kind == "gelu") return {GeluSpec{}};
    if (kind == "max_pool") return {MaxPoolSpec{integer("size", 1, kMaxKernel)}};
    if (kind == "global_avg_pool") return {GlobalAvgPoolSpec{}};
    if (kind == "global_max_pool") return {GlobalMaxPoolSpec{}};
    if (kind == "dropout") {
      return {DropoutSpec{in.at("rate").float_number(0.0f, std::nextafter(1.0f, 0.0f))}};
    }
    if (kind == "flatten") return {FlattenSpec{}};
    if (kind == "dense") {
      DenseSpec spec;
      spec.out = integer("out", 1, kMaxChannels);
      spec.bias = in.at("bias").boolean();
      return {spec};
    }
    if (kind == "residual") return {ResidualSpec{}};
    throw FormatError(where + ": unknown kind \"" + kind + "\"");
  }

  int count_ = 0;
};

}  // namespace

const char* kind_name(const LayerSpec& layer) {
  return std::visit([](const auto& spec) { return name(spec); }, layer.kind);
}

std::string spec_to_json(const NetworkSpec& spec) {
  Json json;
  json["input"] = {spec.input.h, spec.input.w, spec.input.c};
  json["layers"] = layers_to_json(spec.layers);
  return json.dump();
}

NetworkSpec spec_from_json(std::string_view text) {
  const Json json = parse_json(text, "architecture");
  const JsonReader in(json, "architecture");
  const auto input = in.at("input").list_of(3);  // height, width, channels
  const auto side = [&](std::size_t i, int limit) {
    return static_cast<int>(input[i].integer(1, limit));
  };
  NetworkSpec spec;
  spec.input = {1, side(0, kMaxInput), side(1, kMaxInput), side(2, kMaxChannels)};
  spec.layers = LayerReader().layers(in.at("layers"), "", 0);
  in.reject_unknown_keys();
  return spec;
}

}  // namespace fovea
