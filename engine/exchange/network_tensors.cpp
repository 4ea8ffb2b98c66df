#include "engine/exchange/network_tensors.h"

#include "engine/core/text.h"

namespace fovea {

std::map<std::string, Tensor*> tensors_by_name(const Network& network) {
  std::map<std::string, Tensor*> tensors;
  for (Param* param : network.params()) tensors[param->name] = &param->value;
  for (Buffer* buffer : network.buffers()) tensors[buffer->name] = &buffer->value;
  return tensors;
}

std::vector<std::int64_t> keras_shape(const WeightLayout& layout) {
  const auto& s = layout.shape;
  if (s.size() == 4) return {s[2], s[3], s[1], s[0]};
  if (s.size() == 2) return {s[1], s[0]};
  return s;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const std::int64_t size : shape) sizes.push_back(std::to_string(size));
  return "[" + join(sizes) + "]";
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
