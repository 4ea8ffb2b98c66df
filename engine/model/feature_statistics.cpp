#include "engine/model/feature_bundle.h"

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
  throw FormatError("feature bundle: " + problem);
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

void check_covariances(const FeatureBundle& bundle) {
  const int dim = bundle.dim;
  for (int c = 0; c < static_cast<int>(bundle.classes.size()); ++c) {
    const Scalar* matrix = bundle.covariances.image(c);
    const auto at = [&](int i, int j) { return matrix[std::ptrdiff_t{i} * dim + j]; };
    const std::string of = " of class " + bundle.classes[static_cast<std::size_t>(c)];
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

// What must hold for every bundle, written or read.
void check(const FeatureBundle& bundle) {
  check_names(bundle.classes);
  const int classes = static_cast<int>(bundle.classes.size()), dim = bundle.dim;
  if (dim < 1 || dim > kMaxDim) fail(std::to_string(dim) + " numbers in a feature vector");
  if (bundle.counts.size() != bundle.classes.size()) {
    fail(std::to_string(bundle.counts.size()) + " counts for " + std::to_string(classes) +
         " classes");
  }
  for (const std::int64_t count : bundle.counts) {
    if (count < 0 || count > kMaxCount) fail("a count of " + std::to_string(count) + " images");
  }
  check_shape(kMeans, bundle.means, {classes, 1, 1, dim});
  check_shape(kCovariances, bundle.covariances, {classes, dim, 1, dim});
  check_shape(kHoldout, bundle.holdout, {static_cast<int>(bundle.labels.size()), 1, 1, dim});
  check_finite(kMeans, bundle.means);
  check_finite(kCovariances, bundle.covariances);
  check_finite(kHoldout, bundle.holdout);
  check_covariances(bundle);
  for (const int label : bundle.labels) {
    if (label < 0 || label >= classes) {
      fail("label " + std::to_string(label) + " is not below " + std::to_string(classes));
    }
  }
  if (bundle.weights_sha256.size() != 64 ||
      bundle.weights_sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fail("weights_sha256 is \"" + bundle.weights_sha256 + "\", not 64 hex digits");
  }
  if (bundle.evaluation.empty()) return;
  if (!parse_json(bundle.evaluation, "feature bundle: evaluation").is_object()) {
    fail("the evaluation is no JSON object");
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

// A stored {n * h, c} as a tensor {n, h, 1, c}.
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

// Takes the known keys and tensors of the container; what is left over is unknown and refused.
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
    if (node.mapped()->shape.size() != 2) fail("tensor " + name + " is no table");
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

template <typename T>
std::vector<T> read_list(const std::string& text, const std::string& key) {
  const Json list = parse_json(text, "feature bundle: " + key);
  std::vector<T> values;
  if (!list.is_array() || list.size() > kMaxClasses) fail(key + " is no list, or too long");
  for (const Json& value : list) {
    const bool fits =
        std::is_same_v<T, std::string> ? value.is_string() : value.is_number_integer();
    if (!fits) fail(key + ": " + value.dump() + " does not belong there");
    values.push_back(value.get<T>());
  }
  return values;
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

std::vector<std::uint8_t> write_feature_bundle(const FeatureBundle& bundle, bool half) {
  check(bundle);
  Safetensors file;
  file.metadata = {{"kind", kKind},
                   {"fovea_features", kVersion},
                   {"classes", Json(bundle.classes).dump()},
                   {"counts", Json(bundle.counts).dump()},
                   {"evaluation", bundle.evaluation},
                   {"data", bundle.data},
                   {"data_revision", bundle.data_revision},
                   {"weights_sha256", bundle.weights_sha256}};
  // Beyond F16's range a number would become infinite.
  const auto small = [half](const Tensor& tensor) {
    bool fits = half;
    for (const Scalar x : tensor.values()) fits = fits && std::abs(x) <= Scalar{65504};
    return fits ? DType::f16 : DType::f32;
  };
  Tensor labels({static_cast<int>(bundle.labels.size()), 1, 1, 1});
  for (std::size_t i = 0; i < bundle.labels.size(); ++i) {
    labels.data()[i] = static_cast<Scalar>(bundle.labels[i]);
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
  add(kMeans, bundle.means, DType::f32);
  add(kCovariances, bundle.covariances, small(bundle.covariances));
  add(kLabels, labels, DType::f32);
  add(kHoldout, bundle.holdout, small(bundle.holdout));
  return write_safetensors(file);
}

FeatureBundle read_feature_bundle(std::span<const std::uint8_t> bytes) {
  const Safetensors file = open_container(bytes);
  Contents contents(file);
  const std::string kind = contents.text("kind"), version = contents.text("fovea_features");
  if (kind != kKind) fail("the file is of kind \"" + kind + "\"");
  if (version != kVersion) fail("format version " + version + " is not known, only 1");
  FeatureBundle bundle;
  bundle.classes = read_list<std::string>(contents.text("classes"), "classes");
  bundle.counts = read_list<std::int64_t>(contents.text("counts"), "counts");
  bundle.evaluation = contents.text("evaluation");
  bundle.data = contents.text("data");
  bundle.data_revision = contents.text("data_revision");
  bundle.weights_sha256 = contents.text("weights_sha256");
  const StoredTensor& means = contents.tensor(kMeans);
  const StoredTensor& holdout = contents.tensor(kHoldout);
  bundle.dim = table_size(means.shape[1], kMaxDim, "numbers in a feature vector");
  const int rows = table_size(holdout.shape[0], 1 << 24, "held-out vectors");
  const int classes = static_cast<int>(bundle.classes.size()), dim = bundle.dim;
  bundle.means = unpack(means, {classes, 1, 1, dim});
  bundle.covariances = unpack(contents.tensor(kCovariances), {classes, dim, 1, dim});
  bundle.holdout = unpack(holdout, {rows, 1, 1, dim});
  bundle.labels = read_labels(unpack(contents.tensor(kLabels), {rows, 1, 1, 1}));
  contents.done();
  check(bundle);
  return bundle;
}

}  // namespace fovea
