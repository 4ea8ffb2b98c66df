#include "engine/fit/log_loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/fit/labels.h"
#include "engine/model/classifier.h"

namespace fovea {

std::vector<double> log_losses(const Tensor& logits, const std::vector<int>& labels,
                               float temperature) {
  check_labels("log loss", logits, labels);
  Tensor probabilities;
  softmax(logits, temperature, probabilities);
  std::vector<double> losses;
  for (int i = 0; i < logits.shape().n; ++i) {
    const double p = probabilities.image(i)[labels[i]];
    losses.push_back(-std::log(std::max(p, 0x1p-23)));
  }
  return losses;
}

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

bool clearly_lower(const std::vector<double>& losses, const std::vector<double>& others) {
  const auto n = static_cast<double>(losses.size());
  double sum = 0, square = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double difference = others[i] - losses[i];
    sum += difference;
    square += difference * difference;
  }
  const double mean = sum / n;
  return mean > std::sqrt(std::max(square / n - mean * mean, 0.0) / n);
}

}  // namespace fovea
