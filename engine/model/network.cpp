#include "engine/model/network.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/parallel.h"

namespace fovea {
namespace {

// Numbers of the largest activation of the images that infer() processes at once: 4 MiB, so that
// two of them fit into the caches of a core. One image of 224 pixels, or 32 of 32 pixels.
constexpr std::int64_t kGroupActivation = std::int64_t{1} << 20;

}  // namespace

Network::Network(const NetworkSpec& spec) : spec_(spec) {
  spec_.input.n = 1;
  const Shape& in = spec_.input;
  if (in.h < 1 || in.w < 1 || in.c < 1) {
    throw ShapeError("a network needs an input of at least 1x1x1, not " + to_string(in));
  }
  sequential_ = std::make_unique<Sequential>(build_layers(spec_.layers, in, ""));
  const Shape out = sequential_->output_shape(in);
  if (out.h != 1 || out.w != 1) {
    throw ShapeError("a network must end in one number per class, not in " + to_string(out));
  }
  outputs_ = out.c;
  group_ = static_cast<int>(
      std::max<std::int64_t>(1, kGroupActivation / sequential_->largest_activation(in)));
  params_ = sequential_->params();
  buffers_ = sequential_->buffers();
}

void Network::initialise(std::uint64_t seed, Init init) {
  const Rng rng(seed);
  for (std::size_t i = 0; i < params_.size(); ++i)
    fovea::initialise(*params_[i], init, rng.split(i));
}

Network Network::clone() const {
  Network copy(spec_);
  copy.copy_values(*this);
  if (frozen_) copy.freeze_statistics();
  return copy;
}

void Network::copy_values(const Network& other) {
  for (std::size_t i = 0; i < params_.size(); ++i) {
    params_[i]->value.copy_from(other.params_[i]->value);
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    buffers_[i]->value.copy_from(other.buffers_[i]->value);
  }
}

void Network::check_input(const Tensor& x) const {
  Shape expected = spec_.input;
  expected.n = x.shape().n;
  if (x.shape() != expected) {
    throw ShapeError("the network takes " + to_string(spec_.input) + ", not " +
                     to_string(x.shape()));
  }
}

// The layers before `end`, for groups of images.
void Network::infer_layers(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t end) const {
  const int n = x.shape().n, threads = std::clamp(scratch.threads, 1, std::max(1, n));
  const int group = std::min(group_, (n + threads - 1) / threads);
  if (n <= group) return sequential_->infer(x, y, scratch, 0, end);
  Shape out = x.shape();
  for (std::size_t i = 0; i < end; ++i) out = sequential_->layers()[i]->output_shape(out);
  y.resize(out);
  if (scratch.lanes.size() < std::size_t(threads)) scratch.lanes.resize(threads);
  parallel_for((n + group - 1) / group, threads, [&](int index, int thread) {
    Scratch& own = scratch.lanes[thread];
    const int first = index * group;
    Shape shape = x.shape();
    shape.n = std::min(group, n - first);
    own.group_in.resize(shape);
    std::copy_n(x.image(first), shape.size(), own.group_in.data());
    sequential_->infer(own.group_in, own.group_out, own, 0, end);
    std::copy_n(own.group_out.data(), own.group_out.size(), y.image(first));
  });
}

void Network::infer(const Tensor& x, Tensor& logits, Scratch& scratch) const {
  check_input(x);
  infer_layers(x, logits, scratch, sequential_->layers().size());
}

int Network::feature_dim() const {
  const auto& layers = spec_.layers;
  if (layers.empty() || !std::holds_alternative<DenseSpec>(layers.back().kind)) {
    throw ShapeError("features: the last layer of the network is not a Dense layer");
  }
  Shape shape = spec_.input;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    shape = sequential_->layers()[i]->output_shape(shape);
  }
  return shape.c;
}

void Network::infer_features(const Tensor& x, Tensor& features, Scratch& scratch) const {
  feature_dim();  // throws when the last layer is not a Dense
  check_input(x);
  infer_layers(x, features, scratch, sequential_->layers().size() - 1);
}

void Network::infer_head(const Tensor& features, Tensor& logits, Scratch& scratch) const {
  const Shape expected{features.shape().n, 1, 1, feature_dim()};
  if (features.shape() != expected) {
    throw ShapeError("the head takes features " + to_string(expected) + ", not " +
                     to_string(features.shape()));
  }
  sequential_->infer(features, logits, scratch, sequential_->layers().size() - 1,
                     sequential_->layers().size());
}

void Network::infer_first(const Tensor& x, Tensor& y, Scratch& scratch, std::size_t count) const {
  check_input(x);
  infer_layers(x, y, scratch, count);
}

void Network::freeze_statistics() {
  frozen_ = true;
  sequential_->freeze_statistics();
}

Param* Network::head_param(const char* part) const {
  feature_dim();  // throws when the last layer is not a Dense
  const std::string name = std::to_string(spec_.layers.size() - 1) + part;
  const auto found = std::find_if(params_.begin(), params_.end(),
                                  [&](const Param* param) { return param->name == name; });
  return found == params_.end() ? nullptr : *found;
}

Param& Network::head_weight() {
  return *head_param(".weight");
}

const Param& Network::head_weight() const {
  return *head_param(".weight");
}

Param* Network::head_bias() {
  return head_param(".bias");
}

void Network::prepare() {
  sequential_->prepare();
  discard_gradients();
}

void Network::discard_gradients() {
  for (Param* param : params_) param->grad = {};
}

Network Network::with_outputs(int outputs) const {
  const int dim = feature_dim();
  if (outputs < outputs_) {
    throw ShapeError("a head of " + std::to_string(outputs_) + " outputs cannot shrink to " +
                     std::to_string(outputs));
  }
  NetworkSpec spec = spec_;
  std::get<DenseSpec>(spec.layers.back().kind).out = outputs;
  Network wider(spec);
  const Param* weight = head_param(".weight");
  const Param* bias = head_param(".bias");
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const bool head = params_[i] == weight || params_[i] == bias;
    if (!head) wider.params_[i]->value.copy_from(params_[i]->value);
  }
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    wider.buffers_[i]->value.copy_from(buffers_[i]->value);
  }
  // The head's weight is {dim, outputs} and its bias {1, outputs}: copy each row into a longer one.
  const auto widen = [&](const Param& from, Tensor& to, int rows) {
    to.fill(0);
    for (int r = 0; r < rows; ++r) {
      std::copy_n(from.value.data() + std::ptrdiff_t{r} * outputs_, outputs_,
                  to.data() + std::ptrdiff_t{r} * outputs);
    }
  };
  widen(*weight, wider.head_weight().value, dim);
  if (bias != nullptr) widen(*bias, wider.head_bias()->value, 1);
  if (frozen_) wider.freeze_statistics();
  return wider;
}

const Tensor& Network::forward(const Tensor& x, const Rng& rng) {
  return sequential_->forward(x, rng);
}

void Network::backward(const Tensor& dlogits) {
  sequential_->backward(dlogits, nullptr);
}

void Network::zero_gradients() {
  for (Param* param : params_) param->grad.fill(0);
}

void Network::update_statistics() {
  for (Buffer* buffer : buffers_) {
    const Scalar m = buffer->momentum;
    Scalar* value = buffer->value.data();
    const Scalar* batch = buffer->batch.data();
    for (std::int64_t i = 0; i < buffer->value.size(); ++i) {
      value[i] = (1 - m) * value[i] + m * batch[i];
    }
  }
}

std::int64_t Network::parameter_count() const {
  std::int64_t total = 0;
  for (const Param* param : params_) total += param->value.size();
  return total;
}

std::int64_t Network::flops() const {
  return sequential_->flops(spec_.input);
}

std::vector<Network::LayerInfo> Network::describe() const {
  std::vector<LayerInfo> infos;
  Shape shape = spec_.input;
  for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
    Layer& layer = *sequential_->layers()[i];
    std::int64_t parameters = 0;
    for (const Param* param : layer.params()) parameters += param->value.size();
    const Shape out = layer.output_shape(shape);
    infos.push_back({std::to_string(i), describe_layer(spec_.layers[i], shape), out, parameters,
                     layer.flops(shape)});
    shape = out;
  }
  return infos;
}

std::map<std::string, Tensor*> tensors_by_name(const Network& network) {
  std::map<std::string, Tensor*> tensors;
  for (Param* param : network.params()) tensors[param->name] = &param->value;
  for (Buffer* buffer : network.buffers()) tensors[buffer->name] = &buffer->value;
  return tensors;
}

}  // namespace fovea
