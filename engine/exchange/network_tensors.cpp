#include "engine/exchange/network_tensors.h"

namespace fovea {

std::vector<std::int64_t> keras_shape(const WeightLayout& layout) {
  const auto& s = layout.shape;
  if (layout.layout == Layout::depthwise) return {s[2], s[3], s[0], 1};
  if (s.size() == 4) return {s[2], s[3], s[1], s[0]};
  if (s.size() == 2) return {s[1], s[0]};
  return s;
}

std::vector<float> in_pytorch_order(const WeightLayout& layout, const Tensor& tensor) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(layout.count()));
  for (const std::uint32_t at : layout.memory_order()) {
    values.push_back(static_cast<float>(tensor.values()[at]));
  }
  return values;
}

}  // namespace fovea
