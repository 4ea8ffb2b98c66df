#include "engine/model/feature_statistics.h"

#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/half.h"
#include "engine/model/json.h"
#include "engine/model/safetensors.h"

namespace fovea {
namespace {

constexpr char kKind[] = "fovea-features", kVersion[] = "1";
constexpr char kMeans[] = "means", kCovariances[] = "covariances";
constexpr char kHoldout[] = "held_out", kLabels[] = "held_out_labels";
constexpr std::size_t kMaxClasses = 65536;
constexpr std::int64_t kMaxCount = std::int64_t{1} << 40;
constexpr int kMaxDim = 65536;

[[noreturn]] void fail(const std::string& problem) {
  throw FormatError("feature statistics: " + problem);
}

void check_shape(const char* name, const Tensor& tensor, const Shape& wanted) {
  if (tensor.shape() != wanted) {
    fail(std::string(name) + " has shape " + to_string(tensor.shape(), true) + ", not " +
         to_string(wanted, true));
  }
}

void check_finite(const char* name, const Tensor& tensor) {
  const auto values = tensor.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail(std::string(name) + " holds " + std::to_string(values[i]) + " at position " +
           std::to_string(i));
    }
  }
}

void check_covariances(const FeatureStatistics& statistics) {
  const int dim = statistics.dim;
  for (int c = 0; c < int_size(statistics.classes); ++c) {
    const Scalar* matrix = statistics.covariances.image(c);
    const auto at = [&](int i, int j) { return matrix[std::ptrdiff_t{i} * dim + j]; };
    const std::string of = " of class " + statistics.classes[c];
    for (int i = 0; i < dim; ++i) {
      if (at(i, i) < 0) {
        fail("the variance of feature " + std::to_string(i) + of + " is " +
             std::to_string(at(i, i)));
      }
      for (int j = 0; j < i; ++j) {
        if (at(i, j) != at(j, i)) {
          fail("the covariance" + of + " is not symmetric at " + std::to_string(i) + ", " +
               std::to_string(j));
        }
      }
    }
  }
}

void check_names(const std::vector<std::string>& classes) {
  if (classes.empty() || classes.size() > kMaxClasses) {
    fail(std::to_string(classes.size()) + " classes");
  }
  std::set<std::string> seen;
  for (const std::string& name : classes) {
    if (name.empty() || !is_plain_text(name)) fail("a class name is empty or not plain text");
    if (!seen.insert(name).second) fail("class \"" + name + "\" appears twice");
  }
}

// Checks of all statistics that are written or read.
void check(const FeatureStatistics& statistics) {
  check_names(statistics.classes);
  const int classes = int_size(statistics.classes), dim = statistics.dim;
  if (dim < 1 || dim > kMaxDim) fail("a feature vector has " + std::to_string(dim) + " numbers");
  if (statistics.counts.size() != statistics.classes.size()) {
    fail(std::to_string(statistics.counts.size()) + " counts for " + std::to_string(classes) +
         " classes");
  }
  for (const std::int64_t count : statistics.counts) {
    if (count < 0 || count > kMaxCount) fail("the count of a class is " + std::to_string(count));
  }
  check_shape(kMeans, statistics.means, {classes, 1, 1, dim});
  check_shape(kCovariances, statistics.covariances, {classes, dim, 1, dim});
  check_shape(kHoldout, statistics.holdout, {int_size(statistics.labels), 1, 1, dim});
  check_finite(kMeans, statistics.means);
  check_finite(kCovariances, statistics.covariances);
  check_finite(kHoldout, statistics.holdout);
  check_covariances(statistics);
  for (const int label : statistics.labels) {
    if (label < 0 || label >= classes) {
      fail("label " + std::to_string(label) + " is not below " + std::to_string(classes));
    }
  }
  if (statistics.weights_sha256.size() != 64 ||
      statistics.weights_sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fail("weights_sha256 is \"" + statistics.weights_sha256 + "\", not 64 hex digits");
  }
  if (statistics.evaluation.empty()) return;
  if (!parse_json(statistics.evaluation, "feature statistics: evaluation").is_object()) {
    fail("the evaluation is not a JSON object");
  }
}

std::vector<std::uint8_t> pack(std::span<const Scalar> values, DType dtype) {
  std::vector<std::uint8_t> bytes(values.size() * size_of(dtype));
  std::uint8_t* out = bytes.data();
  for (const Scalar wide : values) {
    const float value = static_cast<float>(wide);
    const std::uint16_t small = to_half(value);
    const bool half = dtype == DType::f16;
    std::memcpy(out, half ? static_cast<const void*>(&small) : &value, size_of(dtype));
    out += size_of(dtype);
  }
  return bytes;
}

// A stored table {n * h, c} as a tensor {n, h, 1, c}.
Tensor unpack(const StoredTensor& stored, const Shape& shape) {
  const std::vector<std::int64_t> table{std::int64_t{shape.n} * shape.h, shape.c};
  if (stored.shape != table) {
    fail("tensor " + stored.name + " has shape " + Json(stored.shape).dump() + ", not " +
         Json(table).dump());
  }
  Tensor tensor(shape);
  const std::uint8_t* in = stored.bytes.data();
  for (Scalar& value : tensor.values()) {
    float wide;
    std::uint16_t small;
    if (stored.dtype == DType::f16) {
      std::memcpy(&small, in, sizeof small);
      wide = from_half(small);
    } else {
      std::memcpy(&wide, in, sizeof wide);
    }
    value = wide;
    in += size_of(stored.dtype);
  }
  return tensor;
}

// The metadata and tensors of the container. done() rejects those that were not read.
class Contents {
 public:
  explicit Contents(const Safetensors& file) : metadata_(file.metadata) {
    for (const StoredTensor& tensor : file.tensors) tensors_[tensor.name] = &tensor;
  }
  std::string text(const std::string& key) {
    const auto node = metadata_.extract(key);
    if (!node) fail("metadata \"" + key + "\" is missing");
    return node.mapped();
  }
  const StoredTensor& tensor(const std::string& name) {
    const auto node = tensors_.extract(name);
    if (!node) fail("tensor " + name + " is missing");
    if (node.mapped()->shape.size() != 2) fail("tensor " + name + " does not have 2 dimensions");
    return *node.mapped();
  }
  void done() const {
    if (!metadata_.empty()) fail("metadata \"" + metadata_.begin()->first + "\" is unknown");
    if (!tensors_.empty()) fail("tensor " + tensors_.begin()->first + " is unknown");
  }

 private:
  std::map<std::string, std::string> metadata_;
  std::map<std::string, const StoredTensor*> tensors_;
};

Safetensors open_container(std::span<const std::uint8_t> bytes) {
  const std::string prefix = "model file: ";
  try {
    return read_safetensors(bytes);
  } catch (const FormatError& error) {
    const std::string text = error.what();
    fail(text.rfind(prefix, 0) == 0 ? text.substr(prefix.size()) : text);
  }
}

// Calls read(entry) for each entry of the JSON list in `text`.
template <typename Read>
void read_list(const std::string& text, const std::string& key, Read read) {
  const Json json = parse_json(text, "feature statistics: " + key);
  for (const JsonReader& entry :
       JsonReader(json, "feature statistics", key).list_up_to(kMaxClasses)) {
    read(entry);
  }
}

int table_size(std::int64_t size, int limit, const char* what) {
  if (size < 0 || size > limit) fail(std::to_string(size) + " " + what);
  return static_cast<int>(size);
}

std::vector<int> read_labels(const Tensor& stored) {
  std::vector<int> labels;
  for (const Scalar value : stored.values()) {
    if (!(value >= 0 && value < kMaxClasses) || value != std::floor(value)) {
      fail("a label is " + std::to_string(value));
    }
    labels.push_back(static_cast<int>(value));
  }
  return labels;
}

}  // namespace

std::vector<std::uint8_t> write_feature_statistics(const FeatureStatistics& statistics, bool half) {
  check(statistics);
  Safetensors file;
  file.metadata = {{"kind", kKind},
                   {"fovea_features", kVersion},
                   {"classes", Json(statistics.classes).dump()},
                   {"counts", Json(statistics.counts).dump()},
                   {"evaluation", statistics.evaluation},
                   {"data", statistics.data},
                   {"data_revision", statistics.data_revision},
                   {"weights_sha256", statistics.weights_sha256}};
  // F16 unless a number is beyond its range and would become infinite.
  const auto smallest = [half](const Tensor& tensor) {
    bool fits = half;
    for (const Scalar x : tensor.values()) fits = fits && std::abs(x) <= Scalar{65504};
    return fits ? DType::f16 : DType::f32;
  };
  Tensor labels({int_size(statistics.labels), 1, 1, 1});
  for (std::size_t i = 0; i < statistics.labels.size(); ++i) {
    labels.data()[i] = static_cast<Scalar>(statistics.labels[i]);
  }
  std::vector<std::vector<std::uint8_t>> bytes;
  bytes.reserve(4);
  const auto add = [&](const char* name, const Tensor& tensor, DType dtype) {
    bytes.push_back(pack(tensor.values(), dtype));
    file.tensors.push_back({name,
                            dtype,
                            {std::int64_t{tensor.shape().n} * tensor.shape().h, tensor.shape().c},
                            std::span(bytes.back())});
  };
  add(kMeans, statistics.means, DType::f32);
  add(kCovariances, statistics.covariances, smallest(statistics.covariances));
  add(kLabels, labels, DType::f32);
  add(kHoldout, statistics.holdout, smallest(statistics.holdout));
  return write_safetensors(file);
}

FeatureStatistics read_feature_statistics(std::span<const std::uint8_t> bytes) {
  const Safetensors file = open_container(bytes);
  Contents contents(file);
  const std::string kind = contents.text("kind"), version = contents.text("fovea_features");
  if (kind != kKind) fail("the file is of kind \"" + kind + "\"");
  if (version != kVersion) fail("format version " + version + " is not known, only 1");
  FeatureStatistics statistics;
  read_list(contents.text("classes"), "classes",
            [&](const JsonReader& name) { statistics.classes.push_back(name.text()); });
  read_list(contents.text("counts"), "counts", [&](const JsonReader& count) {
    statistics.counts.push_back(count.integer(0, kMaxCount));
  });
  statistics.evaluation = contents.text("evaluation");
  statistics.data = contents.text("data");
  statistics.data_revision = contents.text("data_revision");
  statistics.weights_sha256 = contents.text("weights_sha256");
  const StoredTensor& means = contents.tensor(kMeans);
  const StoredTensor& holdout = contents.tensor(kHoldout);
  statistics.dim = table_size(means.shape[1], kMaxDim, "numbers in a feature vector");
  const int rows = table_size(holdout.shape[0], 1 << 24, "held-out vectors");
  const int classes = int_size(statistics.classes), dim = statistics.dim;
  statistics.means = unpack(means, {classes, 1, 1, dim});
  statistics.covariances = unpack(contents.tensor(kCovariances), {classes, dim, 1, dim});
  statistics.holdout = unpack(holdout, {rows, 1, 1, dim});
  statistics.labels = read_labels(unpack(contents.tensor(kLabels), {rows, 1, 1, 1}));
  contents.done();
  check(statistics);
  return statistics;
}

}  // namespace fovea
