#include "engine/retrain/weight_interpolation.h"

namespace fovea {
namespace {

void interpolate(Tensor& tuned, const Tensor& start, float fraction) {
  for (std::int64_t i = 0; i < tuned.size(); ++i) {
    tuned.data()[i] = (1 - fraction) * start.data()[i] + fraction * tuned.data()[i];
  }
}

}  // namespace

void interpolate_weights(Network& network, const Network& start, float fraction) {
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    interpolate(network.params()[i]->value, start.params()[i]->value, fraction);
  }
  for (std::size_t i = 0; i < network.buffers().size(); ++i) {
    interpolate(network.buffers()[i]->value, start.buffers()[i]->value, fraction);
  }
}

}  // namespace fovea
