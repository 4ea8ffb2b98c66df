#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "server/registry/registry.h"
#include "server/serve/batcher.h"

namespace fovea::server {
namespace {

constexpr int kEdge = 32;               // pixels
constexpr int kHeader = 54;             // bytes
constexpr double kSumTolerance = 1e-3;  // float sums over up to 65,536 classes

// Little-endian, `width` bytes.
void put(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value, int width) {
  for (int i = 0; i < width; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

// A BMP file with colour gradients and edges, so that the activations of no layer are all zero.
std::vector<std::uint8_t> probe_image() {
  std::vector<std::uint8_t> bytes(kHeader + kEdge * kEdge * 3);
  bytes[0] = 'B';
  bytes[1] = 'M';
  put(bytes, 2, static_cast<std::uint32_t>(bytes.size()), 4);
  put(bytes, 10, kHeader, 4);
  put(bytes, 14, 40, 4);  // size of the second header
  put(bytes, 18, kEdge, 4);
  put(bytes, 22, kEdge, 4);
  put(bytes, 26, 1, 2);   // planes
  put(bytes, 28, 24, 2);  // bits
  std::uint8_t* out = bytes.data() + kHeader;
  for (int y = 0; y < kEdge; ++y) {
    for (int x = 0; x < kEdge; ++x) {
      *out++ = static_cast<std::uint8_t>(x * 8);
      *out++ = static_cast<std::uint8_t>(y * 8);
      *out++ = (x / 8 + y / 8) % 2 ? 230 : 25;
    }
  }
  return bytes;
}

}  // namespace

void probe(const Classifier& classifier) {
  Scratch scratch;
  Tensor probabilities;
  classifier.predict(classifier.prepare(probe_image()), probabilities, scratch);
  const auto values = probabilities.values();
  if (values.size() != classifier.classes().size()) {
    throw FormatError(fmt::format("self-test: the model returns {} probabilities for {} classes",
                                  values.size(), classifier.classes().size()));
  }
  double sum = 0;
  for (const Scalar p : values) {
    if (!(p >= 0 && p <= 1)) {
      throw FormatError(fmt::format("self-test: the model returns the probability {}", p));
    }
    sum += p;
  }
  if (std::abs(sum - 1) > kSumTolerance) {
    throw FormatError(fmt::format("self-test: the model's probabilities sum to {}", sum));
  }
}

std::uint64_t inference_bytes(const Classifier& classifier) {
  // Network::infer() has two buffers, and those of a residual block, for groups of images with up
  // to about this many values together, or for one image. A convolution may copy its input.
  constexpr std::uint64_t kGroupValues = 1 << 20;
  constexpr std::uint64_t kBuffers = 5;
  const Network& network = classifier.model().network;
  const auto input = static_cast<std::uint64_t>(network.spec().input.size());
  std::uint64_t largest = input;
  for (const Network::LayerInfo& layer : network.describe()) {
    largest = std::max(largest, static_cast<std::uint64_t>(layer.output.size()));
  }
  const std::uint64_t activations = kBuffers * std::max(largest, kGroupValues);
  const std::uint64_t inputs = 2 * Batcher::kMicroBatch * input;  // one by one, and as a batch
  return (activations + inputs) * sizeof(Scalar);
}

void warm_up(const Classifier& classifier) {
  const Tensor input = classifier.prepare(probe_image());
  Scratch scratch;
  Tensor probabilities;
  for (const int count : {1, 2, static_cast<int>(Batcher::kMicroBatch), 1}) {
    Shape shape = input.shape();
    shape.n = count;
    Tensor inputs;
    inputs.resize(shape);
    for (int i = 0; i < count; ++i) {
      std::copy(input.values().begin(), input.values().end(), inputs.image(i));
    }
    classifier.predict(inputs, probabilities, scratch);
  }
}

}  // namespace fovea::server
