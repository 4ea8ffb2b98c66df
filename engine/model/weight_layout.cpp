#include "engine/model/weight_layout.h"

#include "engine/core/error.h"
#include "engine/nn/conv2d.h"

namespace fovea {
namespace {

constexpr std::int64_t kMaxActivation = std::int64_t{1} << 26;
constexpr std::int64_t kMaxWeight = std::int64_t{1} << 31;

// The position in memory of feature k of a flattened map, where k counts channel, row, column.
std::int64_t feature_in_memory(const Shape& map, std::int64_t k) {
  if (map.size() == 0) return k;
  const std::int64_t plane = std::int64_t{map.h} * map.w;
  return k % plane * map.c + k / plane;
}

// Tracks the shape through the layers, and the map whose order a Flatten left in the features.
class LayoutWalk {
 public:
  std::vector<WeightLayout> result;

  // out_map: the order that the outputs must have, because a residual block adds its input to them.
  void layers(const std::vector<LayerSpec>& layers, const std::string& prefix,
              const Shape& out_map) {
    int last_dense = -1;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (std::holds_alternative<DenseSpec>(layers[i].kind)) last_dense = static_cast<int>(i);
    }
    for (int i = 0; i < int_size(layers); ++i) {
      index_ = prefix + std::to_string(i);
      where_ = "layer " + index_ + " (" + kind_name(layers[i]) + ")";
      dense_map_ = i == last_dense ? out_map : Shape{};
      std::visit([this](const auto& spec) { step(spec); }, layers[i].kind);
      if (shape_.per_image() > kMaxActivation) {
        fail("its output " + to_string(shape_) + " exceeds 2^26 numbers for one image");
      }
    }
  }

  void run(const NetworkSpec& spec) {
    shape_ = {1, spec.input.h, spec.input.w, spec.input.c};
    layers(spec.layers, "", {});
    if (map_.size() != 0) {
      fail("the network ends in a flattened " + to_string(map_) + " map without a dense layer");
    }
  }

 private:
  void step(const Conv2dSpec& spec) {
    require_map();
    add("weight", {spec.out, shape_.c, spec.kernel, spec.kernel}, Layout::conv);
    if (spec.bias) add("bias", {spec.out}, Layout::vector);
    window(spec.kernel, spec.stride, spec.pad);
    shape_.c = spec.out;
  }
  void step(const DepthwiseConv2dSpec& spec) {
    require_map();
    add("weight", {shape_.c, 1, spec.kernel, spec.kernel}, Layout::depthwise);
    if (spec.bias) add("bias", {shape_.c}, Layout::vector);
    window(spec.kernel, spec.stride, spec.pad);
  }
  void step(const BatchNormSpec&) {
    for (const char* part : {"weight", "bias", "running_mean", "running_var"}) {
      add(part, {shape_.c}, Layout::vector).out_map = map_;
    }
    result.back().variance = true;
  }
  void step(const MaxPoolSpec& spec) {
    if (map_.size() != 0) fail("a pool follows a flattened map");
    if (spec.size < 1 || shape_.h < spec.size || shape_.w < spec.size) {
      fail("window " + std::to_string(spec.size) + " does not fit into " + to_string(shape_));
    }
    shape_ = {1, shape_.h / spec.size, shape_.w / spec.size, shape_.c};
  }
  void step(const GlobalAvgPoolSpec&) { shape_ = {1, 1, 1, shape_.c}; }
  void step(const GlobalMaxPoolSpec&) { shape_ = {1, 1, 1, shape_.c}; }
  void step(const FlattenSpec&) {
    if (shape_.h * shape_.w > 1) map_ = shape_;
    shape_ = {1, 1, 1, static_cast<int>(shape_.per_image())};
  }
  void step(const DenseSpec& spec) {
    if (shape_.h != 1 || shape_.w != 1)
      fail("its input " + to_string(shape_) + " is not flattened");
    WeightLayout& weight = add("weight", {spec.out, shape_.c}, Layout::dense);
    weight.in_map = map_;
    weight.out_map = dense_map_;
    if (spec.bias) add("bias", {spec.out}, Layout::vector).out_map = dense_map_;
    map_ = dense_map_;
    shape_.c = spec.out;
  }
  void step(const ResidualSpec& spec) {
    const Shape before = shape_, map = map_;
    const std::string where = where_;
    layers(spec.block, index_ + ".block.", map);
    where_ = where;
    if (!(shape_ == before)) {
      fail("the block turns " + to_string(before) + " into " + to_string(shape_));
    }
  }
  void step(const ReluSpec&) {}
  void step(const Relu6Spec&) {}
  void step(const GeluSpec&) {}
  void step(const DropoutSpec&) {}

  void require_map() const {
    if (map_.size() != 0) fail("a convolution follows a flattened " + to_string(map_) + " map");
  }
  // Rows and columns after a convolution.
  void window(int kernel, int stride, int pad) {
    if (stride < 1) fail("stride " + std::to_string(stride));
    const auto outputs = [&](int side) {
      if (pad == kSamePadding) return (side + stride - 1) / stride;
      const int positions = side + 2 * pad - kernel;
      if (positions < 0) fail("the kernel does not fit into " + to_string(shape_));
      return positions / stride + 1;
    };
    const int height = outputs(shape_.h);
    shape_ = {1, height, outputs(shape_.w), shape_.c};
  }

  WeightLayout& add(const char* part, std::vector<std::int64_t> shape, Layout layout) {
    WeightLayout entry;
    entry.name = index_ + "." + part;
    entry.shape = std::move(shape);
    entry.layout = layout;
    if (entry.count() > kMaxWeight) fail(std::string(part) + " exceeds 2^31 numbers");
    result.push_back(std::move(entry));
    return result.back();
  }
  [[noreturn]] void fail(const std::string& problem) const {
    throw FormatError(where_ + ": " + problem);
  }

  std::string index_, where_;
  Shape shape_;
  Shape map_;        // not empty: the features are those of this map, in the order of memory
  Shape dense_map_;  // what a dense layer must leave in map_
};

}  // namespace

std::int64_t WeightLayout::count() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

std::vector<std::uint32_t> WeightLayout::memory_order() const {
  std::vector<std::uint32_t> order;
  order.reserve(count());
  const std::int64_t outs = shape[0];
  const std::int64_t ins = shape.size() > 1 ? shape[1] : 1;
  const std::int64_t taps = shape.size() > 2 ? shape[2] * shape[3] : 1;  // rows x columns
  for (std::int64_t out = 0; out < outs; ++out) {
    const std::int64_t o = feature_in_memory(out_map, out);
    for (std::int64_t in = 0; in < ins; ++in) {
      const std::int64_t i = feature_in_memory(in_map, in);
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        order.push_back(static_cast<std::uint32_t>((tap * ins + i) * outs + o));
      }
    }
  }
  return order;
}

std::vector<WeightLayout> weight_layouts(const NetworkSpec& spec) {
  LayoutWalk walk;
  walk.run(spec);
  return std::move(walk.result);
}

}  // namespace fovea
