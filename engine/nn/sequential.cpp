#include "engine/nn/sequential.h"

#include <algorithm>

namespace fovea {

Sequential::Sequential(std::vector<std::unique_ptr<Layer>> layers) : layers_(std::move(layers)) {
  std::size_t slots = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    // The first layer does not work in place, because its input belongs to the caller.
    slot_.push_back(i > 0 && layers_[i]->in_place() ? slot_.back() : slots++);
  }
  activations_.resize(slots);
  fused_.resize(layers_.size());
  blocks_.resize(layers_.size());
}

Shape Sequential::output_shape(const Shape& in) const {
  Shape shape = in;
  for (const auto& layer : layers_) shape = layer->output_shape(shape);
  return shape;
}

void Sequential::infer(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t first,
                       std::size_t end) const {
  // Activations alternate between two buffers; the last layer writes to y.
  while (end > first && fused_[end - 1]) --end;  // the layer before it computes it
  const Tensor* current = &x;
  for (std::size_t i = first; i < end; ++i) {
    if (fused_[i]) continue;
    const auto& layer = layers_[i];
    const bool last = i + 1 == end;
    if (layer->in_place() && current != &x && !last) {
      layer->infer(*current, const_cast<Tensor&>(*current), scratch);
      continue;
    }
    Tensor& next = last ? y : current == &scratch.ping ? scratch.pong : scratch.ping;
    if (const auto& block = blocks_[i]) {
      next.resize(block->output_shape(current->shape()));
      block->infer(*current, nullptr, next, scratch);
      current = &next;
      continue;
    }
    next.resize(layer->output_shape(current->shape()));
    layer->infer(*current, next, scratch);
    current = &next;
  }
  if (first == end) y.copy_from(x);
}

const Tensor& Sequential::forward(const Tensor& x, const Rng& rng) {
  x_ = &x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Tensor& in = input_of(i);
    Tensor& out = activations_[slot_[i]];
    if (&out != &in) out.resize(layers_[i]->output_shape(in.shape()));
    layers_[i]->forward(in, out, rng.split(i));
  }
  return layers_.empty() ? x : activations_[slot_.back()];
}

void Sequential::backward(const Tensor& dy, Tensor* dx) {
  if (layers_.empty()) {
    if (dx != nullptr) dx->copy_from(dy);
    return;
  }
  // From the last layer to the first. Gradients alternate between two buffers; in-place layers
  // overwrite theirs, but never the caller's dy.
  const Tensor* gradient = &dy;
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Tensor& in = input_of(i);
    const Tensor& out = activations_[slot_[i]];
    Tensor* target = dx;
    if (i > 0) {
      const bool own = gradient == &gradients_[0] || gradient == &gradients_[1];
      if (own && layers_[i]->in_place()) {
        target = const_cast<Tensor*>(gradient);
      } else {
        target = gradient == &gradients_[0] ? &gradients_[1] : &gradients_[0];
      }
    }
    if (target != nullptr && target != gradient) target->resize(in.shape());
    layers_[i]->backward(in, out, *gradient, target);
    gradient = target;
  }
}

void Sequential::freeze_statistics() {
  for (const auto& layer : layers_) layer->freeze_statistics();
}

void Sequential::prepare() {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (blocks_[i] || fused_[i]) continue;
    blocks_[i] = InvertedResidual::make(std::span(layers_).subspan(i));
    if (blocks_[i]) {
      std::fill_n(fused_.begin() + std::ptrdiff_t(i) + 1, InvertedResidual::kLayers - 1, 1);
    } else {
      layers_[i]->prepare();
    }
  }
  for (std::size_t i = 1; i < layers_.size(); ++i) {
    if (fused_[i] != 0) continue;
    const kernels::Activation activation = layers_[i]->activation();
    if (activation != kernels::Activation::none) fused_[i] = layers_[i - 1]->fuse(activation);
  }
}

std::vector<Param*> Sequential::params() {
  std::vector<Param*> all;
  for (const auto& layer : layers_) {
    const auto own = layer->params();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

std::vector<Buffer*> Sequential::buffers() {
  std::vector<Buffer*> all;
  for (const auto& layer : layers_) {
    const auto own = layer->buffers();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

std::int64_t Sequential::flops(const Shape& in) const {
  std::int64_t total = 0;
  Shape shape = in;
  for (const auto& layer : layers_) {
    total += layer->flops(shape);
    shape = layer->output_shape(shape);
  }
  return total;
}

std::int64_t Sequential::largest_activation(const Shape& in) const {
  std::int64_t largest = in.per_image();
  Shape shape = in;
  for (const auto& layer : layers_) {
    largest = std::max(largest, layer->largest_activation(shape));
    shape = layer->output_shape(shape);
  }
  return largest;
}

std::int64_t Scratch::bytes() const {
  std::int64_t numbers = 0;
  for (const Tensor* tensor : {&conv.padded, &conv.packed, &conv.columns, &conv.depthwise,
                               &conv.partial, &ping, &pong, &group_in, &group_out, &features}) {
    numbers += tensor->capacity();
  }
  for (const auto& band : conv.bands) numbers += band.rows.capacity();
  std::int64_t bytes = numbers * std::int64_t{sizeof(Scalar)} + (inner ? inner->bytes() : 0);
  for (const Scratch& lane : lanes) bytes += lane.bytes();
  return bytes;
}

}  // namespace fovea
