#include "engine/fit/view_features.h"

#include <algorithm>
#include <string>
#include <variant>

#include "engine/core/error.h"

namespace fovea {
namespace {

void mirror(Image& square) {
  const std::ptrdiff_t row = std::ptrdiff_t{square.width} * 3;
  for (int y = 0; y < square.height; ++y) {
    std::uint8_t* pixels = square.rgb.data() + y * row;
    for (int left = 0, right = square.width - 1; left < right; ++left, --right) {
      std::swap_ranges(pixels + left * 3, pixels + left * 3 + 3, pixels + right * 3);
    }
  }
}

}  // namespace

int view_feature_count(const Network& network) {
  return kFeatureViews * network.feature_dim();
}

void compute_view_features(const Network& folded, const Preprocess& preprocess,
                           std::span<const std::uint8_t> square, ViewBuffers& buffers,
                           Scalar* features) {
  const int size = preprocess.size;
  if (square.size() != std::size_t(size) * size * 3) {
    throw ShapeError("features: got an image of " + std::to_string(square.size()) +
                     " bytes, but the network takes " + std::to_string(size) + " x " +
                     std::to_string(size) + " pixels");
  }
  buffers.square.width = buffers.square.height = size;
  buffers.square.rgb.assign(square.begin(), square.end());
  buffers.x.resize({kFeatureViews, size, size, 3});
  normalise(buffers.square, preprocess, buffers.x.image(0));
  mirror(buffers.square);
  normalise(buffers.square, preprocess, buffers.x.image(1));
  folded.infer_features(buffers.x, buffers.features, buffers.scratch);
  std::copy_n(buffers.features.data(), buffers.features.size(), features);
}

Network replace_head(const Network& backbone, int size, int outputs) {
  NetworkSpec spec = backbone.spec();
  DenseSpec* head =
      spec.layers.empty() ? nullptr : std::get_if<DenseSpec>(&spec.layers.back().kind);
  if (head == nullptr) throw ConfigError("the last layer of a backbone must be a dense layer");
  *head = {.out = outputs};
  spec.input.h = spec.input.w = size;
  Network network(spec);
  const std::map<std::string, Tensor*> from = tensors_by_name(backbone);
  const std::string last = std::to_string(spec.layers.size() - 1) + ".";
  for (const auto& [name, tensor] : tensors_by_name(network)) {
    if (name.starts_with(last)) continue;
    if (from.at(name)->shape() != tensor->shape()) {
      throw ConfigError("the backbone cannot take images of " + std::to_string(size) +
                        " pixels: the weights of layer " + name + " depend on the size");
    }
    tensor->copy_from(*from.at(name));
  }
  return network;
}

}  // namespace fovea
