// The engine as seen from JavaScript: seven C functions. Handles are small positive numbers, never
// addresses, so a stale one is an error and not a trap. Every exception stops here and becomes a
// return code; its text waits in fv_last_error(). One thread calls, each Worker its own instance;
// the images of one call are shared out over the threads that fv_engine() started.

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

namespace fovea {
namespace {

using Bytes = std::span<const std::uint8_t>;

// What one thread needs for itself.
struct Desk {
  Tensor probabilities;
  Scratch scratch;
};

struct Session {
  explicit Session(Bytes file) : classifier(file), desks(available_threads()) {}
  Classifier classifier;
  std::vector<Desk> desks;
  std::vector<std::string> failures;  // of each image of the last call, "" when it was answered
  std::string info;
};

std::map<int, std::unique_ptr<Session>> g_sessions;
int g_next_handle = 1;
std::string g_error;

Session& session(int handle) {
  const auto found = g_sessions.find(handle);
  if (found == g_sessions.end()) {
    throw ConfigError("no model with handle " + std::to_string(handle));
  }
  return *found->second;
}

// Runs body, which returns the answer; `failed` when it throws.
template <typename T, typename Body>
T guarded(T failed, const Body& body) {
  try {
    g_error.clear();
    return body();
  } catch (const std::bad_alloc&) {
    g_error = "out of memory";
  } catch (const std::exception& error) {
    g_error = error.what();
  }
  return failed;
}

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
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
          {"weights_sha256", classifier.weights_sha256()},
          {"provenance", model.provenance},
          {"layers", layers}};
}

// Where the images begin that lie one after another in `size` bytes. Throws ShapeError.
std::vector<Bytes> split(const std::uint8_t* bytes, std::size_t size,
                         std::span<const std::uint32_t> sizes) {
  std::vector<Bytes> images;
  std::size_t left = size;
  for (const std::uint32_t one : sizes) {
    if (one > left) {
      throw ShapeError("image " + std::to_string(images.size()) + " of " + std::to_string(one) +
                       " bytes, where " + std::to_string(left) + " are left");
    }
    images.emplace_back(bytes + (size - left), one);
    left -= one;
  }
  return images;
}

// Probabilities to out, {decode and resize, network} to times. Returns why there is no answer, or
// "".
std::string look(const Classifier& classifier, Bytes image, Desk& desk, float* out, double* times) {
  try {
    const auto start = std::chrono::steady_clock::now();
    const Tensor x = classifier.prepare(image);
    const auto decoded = std::chrono::steady_clock::now();
    classifier.predict(x, desk.probabilities, desk.scratch);
    times[0] = milliseconds(decoded - start);
    times[1] = milliseconds(std::chrono::steady_clock::now() - decoded);
    std::copy_n(desk.probabilities.data(), classifier.classes().size(), out);
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

// JSON text about the engine itself: how wide its vector instructions are, how many threads share
// the images of one call, and which of the convolution kernels it chose. The first call starts
// the threads: `threads` of them, where it was built with any.
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

// JSON text (UTF-8) about the model, valid until fv_free(handle); null and fv_last_error() for a
// stale handle. Keys and meaning as in the server's answer to GET /api/v1/model.
const char* fv_info(int handle) {
  return fovea::guarded<const char*>(nullptr, [&] { return fovea::session(handle).info.c_str(); });
}

// Bytes of `count` JPEG, PNG or BMP files, one after another, sizes[i] of each -> calibrated
// probabilities out[count][n], n = number of classes, and milliseconds[count][2] = {decode and
// resize, network} of each. Returns how many have no answer (fv_failure() says why), or -1 and
// fv_last_error() when none was looked at.
int fv_predict(int handle, const std::uint8_t* bytes, std::size_t size, const std::uint32_t* sizes,
               int count, float* out, int n, double* milliseconds) {
  return fovea::guarded(-1, [&] {
    fovea::Session& s = fovea::session(handle);
    const int classes = static_cast<int>(s.classifier.classes().size());
    if (n != classes) {
      throw fovea::ShapeError("room for " + std::to_string(n) + " probabilities, the model has " +
                              std::to_string(classes) + " classes");
    }
    if (count < 0) throw fovea::ConfigError(std::to_string(count) + " images");
    const auto images = fovea::split(bytes, size, {sizes, static_cast<std::size_t>(count)});
    s.failures.assign(images.size(), "");
    const auto look_at = [&](int i, int thread) {
      s.failures[i] = fovea::look(s.classifier, images[i], s.desks[thread],
                                  out + std::size_t(i) * n, milliseconds + std::size_t(i) * 2);
    };
    fovea::parallel_for(count, static_cast<int>(s.desks.size()), look_at);
    // Several large images at once may want more memory than there is, and each alone not.
    for (int i = 0; count > 1 && i < count && s.desks.size() > 1; ++i) {
      if (!s.failures[i].empty()) look_at(i, 0);
    }
    return static_cast<int>(std::count_if(s.failures.begin(), s.failures.end(),
                                          [](const auto& text) { return !text.empty(); }));
  });
}

// Why image i of the last call of fv_predict() has no answer, "" when it has; null and
// fv_last_error() for a stale handle or an image that there was not. Valid until the next call.
const char* fv_failure(int handle, int i) {
  return fovea::guarded<const char*>(nullptr, [&] {
    const auto& failures = fovea::session(handle).failures;
    if (i < 0 || i >= static_cast<int>(failures.size())) {
      throw fovea::ConfigError("no image " + std::to_string(i) + " of " +
                               std::to_string(failures.size()));
    }
    return failures[i].c_str();
  });
}

// Gives the model's memory back; a stale handle is ignored.
void fv_free(int handle) {
  fovea::g_sessions.erase(handle);
}

// Text of the last failure, "" when the last call succeeded; valid until the next call.
const char* fv_last_error() {
  return fovea::g_error.c_str();
}

}  // extern "C"
