#include "engine/retrain/weight_interpolation.h"

#include <cstddef>

namespace fovea {
namespace {

void mix(Tensor& into, const Tensor& start, float share) {
  for (std::ptrdiff_t i = 0; i < std::ptrdiff_t(into.size()); ++i) {
    into.data()[i] = (1 - share) * start.data()[i] + share * into.data()[i];
  }
}

}  // namespace

void interpolate_weights(Network& network, const Network& start, float share) {
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    mix(network.params()[i]->value, start.params()[i]->value, share);
  }
  for (std::size_t i = 0; i < network.buffers().size(); ++i) {
    mix(network.buffers()[i]->value, start.buffers()[i]->value, share);
  }
}

}  // namespace fovea
