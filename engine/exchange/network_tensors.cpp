#include "engine/exchange/network_tensors.h"

namespace fovea {

std::map<std::string, Tensor*> tensors_by_name(const Network& network) {
  std::map<std::string, Tensor*> tensors;
  for (Param* param : network.params()) tensors[param->name] = &param->value;
  for (Buffer* buffer : network.buffers()) tensors[buffer->name] = &buffer->value;
  return tensors;
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
