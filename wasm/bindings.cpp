// The engine's interface for JavaScript: eight C functions here, those for training in
// training.cpp. Handles are small positive numbers, not addresses, so an invalid one is an error
// and not a trap. Exceptions do not leave these functions: they become a return code, and
// fv_last_error() has their text. One thread calls the functions, and each Worker has its own
// instance; the images of one call are distributed over the threads that fv_engine() started.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/kernels/direct_conv.h"
#include "engine/model/classifier.h"
#include "wasm/calls.h"

namespace fovea {
namespace {

// Memory of one thread.
struct ThreadBuffers {
  Tensor probabilities;
  Tensor distances;
  Scratch scratch;
};

struct Session {
  explicit Session(Bytes file) : classifier(file), buffers(available_threads()) {}
  Classifier classifier;
  std::vector<ThreadBuffers> buffers;
  std::vector<std::string> failures;  // of each image of the last call, "" when it was classified
  std::string info;
};

std::map<int, std::unique_ptr<Session>> g_sessions;
int g_next_handle = 1;

Session& session(int handle) {
  const auto found = g_sessions.find(handle);
  if (found == g_sessions.end()) {
    throw ConfigError("there is no model with handle " + std::to_string(handle));
  }
  return *found->second;
}

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

nlohmann::json novelty_json(const Novelty& novelty) {
  if (!novelty.available()) return nullptr;
  return {{"threshold", novelty.threshold},
          {"false_alarms", novelty.false_alarms},
          {"images", novelty.images}};
}

nlohmann::json describe(const Classifier& classifier) {
  const Model& model = classifier.model();
  nlohmann::json layers = nlohmann::json::array();
  for (const auto& layer : model.network.describe()) {
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"output", {layer.output.h, layer.output.w, layer.output.c}},
                      {"parameters", layer.parameters},
                      {"flops", layer.flops}});
  }
  return {{"classes", model.classes},
          {"input_size", model.preprocess.size},
          {"preprocessing",
           {{"fit", to_string(model.preprocess.fit)},
            {"mean", model.preprocess.mean},
            {"std", model.preprocess.std}}},
          {"temperature", model.temperature},
          {"parameters", model.network.parameter_count()},
          {"flops", model.network.flops()},
          {"can_explain", classifier.can_explain()},
          {"novelty", novelty_json(model.novelty)},
          {"weights_sha256", classifier.weights_sha256()},
          {"provenance", model.provenance},
          {"layers", layers}};
}

// Writes the probabilities to out, the milliseconds {decode and resize, network} to times, and the
// distance to the nearest training image to distance: 0 when the model has none.
// Returns the error text, or "".
std::string classify(const Classifier& classifier, Bytes image, ThreadBuffers& buffers, float* out,
                     double* times, float* distance) {
  try {
    const auto start = std::chrono::steady_clock::now();
    const Tensor x = classifier.prepare(image);
    const auto decoded = std::chrono::steady_clock::now();
    classifier.predict(x, buffers.probabilities, buffers.scratch, &buffers.distances);
    *distance = buffers.distances.empty() ? 0 : buffers.distances.data()[0];
    times[0] = milliseconds(decoded - start);
    times[1] = milliseconds(std::chrono::steady_clock::now() - decoded);
    std::copy_n(buffers.probabilities.data(), classifier.classes().size(), out);
    return "";
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return error.what();
  }
}

#ifdef __wasm_simd128__
constexpr int kSimdBits = 128;
#else
constexpr int kSimdBits = 0;
#endif

}  // namespace
}  // namespace fovea

extern "C" {

// JSON text about the engine: the width of its vector instructions, the number of threads that
// share the images of one call, and the convolution kernels in use. The first call starts `threads`
// threads if the engine is built with threads.
const char* fv_engine(int threads) {
  static std::string text;
  return fovea::guarded<const char*>(nullptr, [&] {
    fovea::start_threads(threads);
    text = nlohmann::json{{"simd_bits", fovea::kSimdBits},
                          {"threads", fovea::available_threads()},
                          {"kernels", fovea::kernels::direct_kernels().items[0]->name}}
               .dump();
    return text.c_str();
  });
}

// Bytes of a model file -> handle > 0, or 0 and fv_last_error(). The bytes are not kept.
int fv_load(const std::uint8_t* bytes, std::size_t size) {
  return fovea::guarded(0, [&] {
    auto loaded = std::make_unique<fovea::Session>(std::span(bytes, size));
    loaded->info = fovea::describe(loaded->classifier).dump();
    const int handle = fovea::g_next_handle++;
    fovea::g_sessions.emplace(handle, std::move(loaded));
    return handle;
  });
}

// JSON text (UTF-8) about the model, valid until fv_free(handle); null and fv_last_error() for an
// invalid handle. The keys are those of the server's response to GET /api/v1/model.
const char* fv_info(int handle) {
  return fovea::guarded<const char*>(nullptr, [&] { return fovea::session(handle).info.c_str(); });
}

// Bytes of `count` image files (engine/image/decode.h), one after another, of sizes[i] each ->
// calibrated probabilities out[count][n], n = number of classes, and milliseconds[count][2] =
// {decode and resize, network}, and distances[count] to the nearest training image, 0 when
// fv_info() has no "novelty". Returns the number of images that failed (fv_failure() has the
// reasons), or -1 and fv_last_error() when the call is invalid.
int fv_predict(int handle, const std::uint8_t* bytes, std::size_t size, const std::uint32_t* sizes,
               int count, float* out, int n, double* milliseconds, float* distances) {
  return fovea::guarded(-1, [&] {
    fovea::Session& s = fovea::session(handle);
    const int classes = static_cast<int>(s.classifier.classes().size());
    if (n != classes) {
      throw fovea::ShapeError("there is room for " + std::to_string(n) +
                              " probabilities, but the model has " + std::to_string(classes) +
                              " classes");
    }
    if (count < 0) throw fovea::ConfigError("the number of images is " + std::to_string(count));
    const auto images = fovea::split_images(bytes, size, {sizes, static_cast<std::size_t>(count)});
    s.failures.assign(images.size(), "");
    const auto classify = [&](int i, int thread) {
      s.failures[i] =
          fovea::classify(s.classifier, images[i], s.buffers[thread], out + std::size_t(i) * n,
                          milliseconds + std::size_t(i) * 2, distances + i);
    };
    fovea::parallel_for(count, static_cast<int>(s.buffers.size()), classify);
    // Several large images at the same time may exceed the memory, so failed ones are tried again
    // one at a time.
    for (int i = 0; count > 1 && i < count && s.buffers.size() > 1; ++i) {
      if (!s.failures[i].empty()) classify(i, 0);
    }
    return static_cast<int>(std::count_if(s.failures.begin(), s.failures.end(),
                                          [](const auto& text) { return !text.empty(); }));
  });
}

// The error text of image i of the last fv_predict(), "" when it succeeded; null and
// fv_last_error() for an invalid handle or index. Valid until the next call.
const char* fv_failure(int handle, int i) {
  return fovea::guarded<const char*>(nullptr, [&] {
    const auto& failures = fovea::session(handle).failures;
    if (i < 0 || i >= static_cast<int>(failures.size())) {
      throw fovea::ConfigError("there is no image " + std::to_string(i) + " among " +
                               std::to_string(failures.size()));
    }
    return failures[i].c_str();
  });
}

// Bytes of an image file -> the contributions {side, side} of the positions of the image, as the
// network sees it, to the logit of class `label`: out[side * side], at most `capacity` numbers
// (Classifier::explain). Returns side, or -1 and fv_last_error().
int fv_explain(int handle, const std::uint8_t* bytes, std::size_t size, int label, float* out,
               int capacity) {
  return fovea::guarded(-1, [&] {
    fovea::Session& s = fovea::session(handle);
    const fovea::Tensor map = s.classifier.explain(s.classifier.prepare(std::span(bytes, size)),
                                                   label, s.buffers[0].scratch);
    if (map.size() > capacity) {
      throw fovea::ShapeError("there is room for " + std::to_string(capacity) +
                              " numbers, but the map has " + std::to_string(map.size()));
    }
    std::copy_n(map.data(), map.size(), out);
    return map.shape().w;
  });
}

// Frees the model; an invalid handle is ignored.
void fv_free(int handle) {
  fovea::g_sessions.erase(handle);
}

// The error text of the last call, "" when it succeeded. Valid until the next call.
const char* fv_last_error() {
  return fovea::g_error.c_str();
}

}  // extern "C"
