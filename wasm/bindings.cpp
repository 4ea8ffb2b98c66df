// The engine as seen from JavaScript: six C functions. Handles are small positive numbers, never
// addresses, so a stale one is an error and not a trap. Every exception stops here and becomes a
// return code; its text waits in fv_last_error(). One thread: each Worker has its own instance.

#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/kernels/direct_conv.h"
#include "engine/model/classifier.h"

namespace fovea {
namespace {

struct Session {
  explicit Session(std::span<const std::uint8_t> file) : classifier(file) {}
  Classifier classifier;
  Tensor probabilities;
  Scratch scratch;
  std::string info;
};

std::map<int, std::unique_ptr<Session>> g_sessions;
int g_next_handle = 1;
std::string g_error;

Session& session(int handle) {
  const auto found = g_sessions.find(handle);
  if (found == g_sessions.end()) {
    throw ShapeError("no model with handle " + std::to_string(handle));
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

#ifdef __wasm_simd128__
constexpr int kSimdBits = 128;
#else
constexpr int kSimdBits = 0;
#endif

}  // namespace
}  // namespace fovea

extern "C" {

// JSON text about the engine itself: how wide its vector instructions are, how many threads an
// answer has, and which of the convolution kernels it chose.
const char* fv_engine() {
  static const std::string text =
      nlohmann::json{{"simd_bits", fovea::kSimdBits},
                     {"threads", fovea::available_threads()},
                     {"kernels", fovea::kernels::direct_kernels().items[0]->name}}
          .dump();
  return text.c_str();
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

// Bytes of a JPEG, PNG or BMP file -> calibrated probabilities out[n], n = number of classes, and
// milliseconds[2] = {decode and resize, network} when not null. Returns 0, or -1 and
// fv_last_error().
int fv_predict(int handle, const std::uint8_t* bytes, std::size_t size, float* out, int n,
               double* milliseconds) {
  return fovea::guarded(-1, [&] {
    fovea::Session& s = fovea::session(handle);
    const int classes = static_cast<int>(s.classifier.classes().size());
    if (n != classes) {
      throw fovea::ShapeError("room for " + std::to_string(n) + " probabilities, the model has " +
                              std::to_string(classes) + " classes");
    }
    const auto start = std::chrono::steady_clock::now();
    const fovea::Tensor x = s.classifier.prepare(std::span(bytes, size));
    const auto decoded = std::chrono::steady_clock::now();
    s.classifier.predict(x, s.probabilities, s.scratch);
    const auto done = std::chrono::steady_clock::now();
    for (int i = 0; i < n; ++i) out[i] = s.probabilities.data()[i];
    if (milliseconds != nullptr) {
      milliseconds[0] = fovea::milliseconds(decoded - start);
      milliseconds[1] = fovea::milliseconds(done - decoded);
    }
    return 0;
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
