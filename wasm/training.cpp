// The engine's interface for JavaScript, second part: training of a head on the features of a
// backbone (docs/decisions/0028-transfer.md), as `fovea train --backbone` does. The rules of
// bindings.cpp hold for handles, errors and threads.

#include <emscripten.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/sha256.h"
#include "engine/core/text.h"
#include "engine/fit/head_search.h"
#include "engine/fit/novelty_fit.h"
#include "engine/fit/view_features.h"
#include "engine/image/decode.h"
#include "engine/image/resize.h"
#include "engine/model/model_file.h"
#include "engine/report/head_json.h"
#include "wasm/calls.h"
#include "wasm/training_input.h"

// Calls Module.onProgress(fraction) if there is such a function; 0: the training must stop.
// clang-format off
EM_JS(int, fv_report, (double fraction), {
  return Module["onProgress"] && Module["onProgress"](fraction) === false ? 0 : 1;
});
// clang-format on

namespace fovea {
namespace {

using nlohmann::json;

constexpr int kMaxImages = 20'000;  // of a training; features take 10 KB an image, three times

// A backbone without its head, and the model that was trained on it.
struct Training {
  explicit Training(Bytes file) : Training(read_model_file(file)) {}
  explicit Training(ModelFile file)
      : preprocess(file.model.preprocess),
        network(take_trunk(std::move(file.model))),
        folded(fold_batch_norm(network)),
        weights_sha256(std::move(file.weights_sha256)),
        width(view_feature_count(network)),
        buffers(available_threads()) {}

  // The network with a head of one output. Weights are freed as early as possible, because the
  // memory of the engine never shrinks.
  static Network take_trunk(Model file) {
    file.network.discard_gradients();
    Network trunk = replace_head(file.network, file.preprocess.size, 1);
    trunk.discard_gradients();
    return trunk;
  }

  Preprocess preprocess;
  Network network;  // its head has one output
  Network folded;
  std::string weights_sha256;
  int width;                          // numbers of one image
  std::vector<ViewBuffers> buffers;   // of each thread
  std::vector<std::string> failures;  // of the last fv_features()
  std::optional<Model> trained;
  std::string text;
};

std::map<int, std::unique_ptr<Training>> g_trainings;
int g_next_training = 1;

Training& training(int handle) {
  const auto found = g_trainings.find(handle);
  if (found == g_trainings.end()) {
    throw ConfigError("there is no backbone with handle " + std::to_string(handle));
  }
  return *found->second;
}

// As an import stores the image and the training then loads it: scaled down, then made square.
std::string features_of(const Training& t, Bytes file, ViewBuffers& buffers, float* features,
                        std::uint8_t* hash) {
  try {
    with_image(file, [&](Image image) {
      const Preprocess& p = t.preprocess;
      const Image square = fit_to_square(limit_size(std::move(image)), p.size, p.fit, p.mean);
      compute_view_features(t.folded, p, square.rgb, buffers, features);
    });
    for (int i = 0; i < t.width; ++i) {
      if (!std::isfinite(features[i])) return "the backbone computes numbers that are not finite";
    }
    Sha256 sha;
    sha.update(file);
    const auto digest = sha.digest();
    std::copy(digest.begin(), digest.end(), hash);
    return "";
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return error.what();
  }
}

// Null when Module.onProgress stopped it; the earlier model is kept then.
const char* train(Training& t, const float* features, std::span<const std::uint8_t> hashes,
                  const int* labels, int count, TrainRequest request) {
  const ImageFeatures images = gather_images(t.network.feature_dim(), features, hashes,
                                             {labels, std::size_t(count)}, request.classes);
  Network network = replace_head(t.network, t.preprocess.size, int_size(request.classes));
  network.discard_gradients();
  const HeadSearch search = train_head(network, images, available_threads(),
                                       [](double done) { return fv_report(done) != 0; });
  if (search.stopped) throw ConfigError("the training was stopped");
  const json metrics = head_json<json>(search, count);
  Provenance& provenance = request.provenance;
  provenance["backbone_sha256"] = t.weights_sha256;
  provenance["train_images"] = std::to_string(count);
  provenance["metrics"] = metrics.dump();
  t.trained = Model{std::move(network),         t.preprocess,
                    std::move(request.classes), search.temperature.value,
                    std::move(provenance),      fit_novelty(images, available_threads())};
  json report = {{"images", count}, {"temperature", search.temperature.value}};
  report["few_images"] = search.folds == 0 || search.temperature.few_images();
  report["metrics"] = metrics;
  t.text = report.dump();
  return t.text.c_str();
}

}  // namespace
}  // namespace fovea

extern "C" {

// Bytes of a model file whose last layer is dense -> handle > 0, or 0 and fv_last_error(). The
// bytes are not kept.
int fv_backbone(const std::uint8_t* bytes, std::size_t size) {
  return fovea::guarded(0, [&] {
    auto loaded = std::make_unique<fovea::Training>(std::span(bytes, size));
    const int handle = fovea::g_next_training++;
    fovea::g_trainings.emplace(handle, std::move(loaded));
    return handle;
  });
}

// JSON text {"input_size", "width", "weights_sha256"}, valid until the next call; width: the
// numbers that are the features of one image. Null and fv_last_error() for an invalid handle.
const char* fv_backbone_info(int handle) {
  return fovea::guarded<const char*>(nullptr, [&] {
    fovea::Training& t = fovea::training(handle);
    t.text = fovea::json{{"input_size", t.preprocess.size},
                         {"width", t.width},
                         {"weights_sha256", t.weights_sha256}}
                 .dump();
    return t.text.c_str();
  });
}

// Bytes of `count` image files, one after another, of sizes[i] each -> features[count][width] and
// the SHA-256 of each file, hashes[count][32]. Those of an image that failed are undefined. Returns
// the number of images that failed (fv_features_failure() has the reasons), or -1 and
// fv_last_error() when the call is invalid.
int fv_features(int handle, const std::uint8_t* bytes, std::size_t size, const std::uint32_t* sizes,
                int count, float* features, int width, std::uint8_t* hashes) {
  return fovea::guarded(-1, [&] {
    fovea::Training& t = fovea::training(handle);
    if (width != t.width) {
      throw fovea::ShapeError("there is room for " + std::to_string(width) +
                              " numbers of an image, but the backbone computes " +
                              std::to_string(t.width));
    }
    if (count < 0) throw fovea::ConfigError("the number of images is " + std::to_string(count));
    const auto images = fovea::split_images(bytes, size, {sizes, std::size_t(count)});
    t.failures.assign(images.size(), "");
    const auto compute = [&](int i, int thread) {
      t.failures[i] =
          fovea::features_of(t, images[i], t.buffers[thread], features + std::size_t(i) * width,
                             hashes + i * fovea::kHashBytes);
    };
    fovea::parallel_for(count, int(t.buffers.size()), compute);
    // As in fv_predict(): several large images may exceed the memory where one does not.
    for (int i = 0; count > 1 && i < count && t.buffers.size() > 1; ++i) {
      if (!t.failures[i].empty()) compute(i, 0);
    }
    return int(std::count_if(t.failures.begin(), t.failures.end(),
                             [](const auto& text) { return !text.empty(); }));
  });
}

// The error text of image i of the last fv_features(), "" when it succeeded; null and
// fv_last_error() for an invalid handle or index. Valid until the next call.
const char* fv_features_failure(int handle, int i) {
  return fovea::guarded<const char*>(nullptr, [&] {
    const auto& failures = fovea::training(handle).failures;
    if (i < 0 || i >= int(failures.size())) {
      throw fovea::ConfigError("there is no image " + std::to_string(i) + " among " +
                               std::to_string(failures.size()));
    }
    return failures[i].c_str();
  });
}

// Trains a head for the classes on features and hashes of fv_features() and labels[count], indices
// of classes. `request`: JSON text {"classes": [names], "provenance": {text: text}}; the provenance
// is completed. Returns JSON text {"images", "temperature", "few_images", "metrics"}
// (engine/report/head_json.h), valid until the next call, or null and fv_last_error().
// Module.onProgress gets the fraction that is done; when it returns false the training is an error.
const char* fv_train(int handle, const float* features, int width, const std::uint8_t* hashes,
                     const int* labels, int count, const char* request) {
  return fovea::guarded<const char*>(nullptr, [&] {
    fovea::Training& t = fovea::training(handle);
    if (width != t.width) {
      throw fovea::ShapeError("an image has " + std::to_string(width) +
                              " numbers, but the backbone computes " + std::to_string(t.width));
    }
    if (count < 1 || count > fovea::kMaxImages) {
      throw fovea::ConfigError("training needs 1 to " + std::to_string(fovea::kMaxImages) +
                               " images, got " + std::to_string(count));
    }
    return fovea::train(t, features, {hashes, count * fovea::kHashBytes}, labels, count,
                        fovea::read_train_request(request));
  });
}

// The file of the model that fv_train() trained, with fp16 weights if `half` is not 0, and its
// size. The caller frees it. Null and fv_last_error() when nothing was trained.
std::uint8_t* fv_trained_file(int handle, int half, std::uint32_t* size) {
  return fovea::guarded<std::uint8_t*>(nullptr, [&] {
    const fovea::Training& t = fovea::training(handle);
    if (!t.trained) throw fovea::ConfigError("no model was trained");
    const std::vector<std::uint8_t> file = fovea::write_model(*t.trained, half != 0);
    auto* copy = static_cast<std::uint8_t*>(std::malloc(file.size()));
    if (copy == nullptr) throw std::bad_alloc();
    std::copy(file.begin(), file.end(), copy);
    *size = std::uint32_t(file.size());
    return copy;
  });
}

// Frees the backbone and the trained model; an invalid handle is ignored.
void fv_backbone_free(int handle) {
  fovea::g_trainings.erase(handle);
}

}  // extern "C"
