#include "server/api/kserve/infer_request.h"

#include <algorithm>

#include <fmt/core.h>

#include "engine/core/base64.h"
#include "engine/core/text.h"
#include "engine/image/bitmap.h"
#include "engine/image/decode.h"
#include "server/api/input.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

using ByteVector = std::vector<std::uint8_t>;

constexpr std::int64_t kMaxImages = 1000;
constexpr std::int64_t kMaxSide = 16384;

// An input tensor, as raw bytes or as values in JSON.
struct Input {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;
  std::string_view raw;
  const Json* data = nullptr;
};

[[noreturn]] void reject(const std::string& text) {
  throw HttpError(400, text);
}

// Parses the JSON of the body. `raw` becomes the bytes after it.
Json split_body(const Request& request, std::string_view& raw) {
  const std::string_view body = request.body;
  std::size_t length = body.size();
  if (const auto field = request.field("Inference-Header-Content-Length")) {
    length = parse_number<std::size_t>(*field).value_or(std::string::npos);
    if (length > body.size()) {
      reject(
          fmt::format("Inference-Header-Content-Length {} is not a length within the body of {} "
                      "bytes",
                      *field, body.size()));
    }
  }
  raw = body.substr(length);
  return parse_object(body.substr(0, length));
}

std::string string_member(const Json& object, const char* name, const std::string& owner) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    reject(fmt::format("{} has no string \"{}\"", owner, name));
  }
  return *found;
}

const Json* parameter(const Json& object, const char* name) {
  const auto parameters = object.find("parameters");
  if (parameters == object.end() || !parameters->is_object()) return nullptr;
  const auto found = parameters->find(name);
  return found == parameters->end() ? nullptr : &*found;
}

bool true_parameter(const Json& object, const char* name) {
  const Json* value = parameter(object, name);
  return value && value->is_boolean() && value->get<bool>();
}

Input read_input(const Json& object, std::string_view& raw) {
  if (!object.is_object()) reject("an input is not an object");
  Input input;
  input.name = string_member(object, "name", "an input");
  input.datatype = string_member(object, "datatype", "input " + input.name);
  const auto shape = object.find("shape");
  if (shape == object.end() || !shape->is_array() || shape->empty() || shape->size() > 8) {
    reject("input " + input.name + " has no shape");
  }
  for (const Json& size : *shape) {
    if (!size.is_number_integer() || size < 1 || size > (std::int64_t{1} << 31)) {
      reject("the shape of input " + input.name + " has an invalid dimension");
    }
    input.shape.push_back(size);
  }
  if (const Json* size = parameter(object, "binary_data_size")) {
    if (!size->is_number_unsigned() || size->get<std::uint64_t>() > raw.size()) {
      reject(fmt::format("binary_data_size of input {} exceeds the {} bytes after the JSON",
                         input.name, raw.size()));
    }
    input.raw = raw.substr(0, *size);
    raw.remove_prefix(*size);
  } else {
    const auto data = object.find("data");
    if (data == object.end() || !data->is_array()) reject("input " + input.name + " has no data");
    input.data = &*data;
  }
  return input;
}

void flatten(const Json& data, ByteVector& bytes, const std::string& name) {
  for (const Json& value : data) {
    if (value.is_array()) {
      flatten(value, bytes, name);
    } else if (value.is_number_integer() && value >= 0 && value <= 255) {
      bytes.push_back(value.get<std::uint8_t>());
    } else {
      reject("input " + name + " has a value that is not a whole number from 0 to 255");
    }
  }
}

std::vector<ByteVector> read_pixels(const Input& input) {
  const auto& shape = input.shape;
  if (shape.size() != 4 || shape[3] != 3 || shape[0] > kMaxImages || shape[1] > kMaxSide ||
      shape[2] > kMaxSide || shape[1] * shape[2] > DecodeLimits().max_pixels) {
    reject("input " + input.name +
           " does not have the shape [n, height, width, 3], or exceeds the limits");
  }
  ByteVector flat;
  std::span<const std::uint8_t> pixels(reinterpret_cast<const std::uint8_t*>(input.raw.data()),
                                       input.raw.size());
  if (input.data) {
    flatten(*input.data, flat, input.name);
    pixels = flat;
  }
  const auto image_size = static_cast<std::size_t>(shape[1] * shape[2] * 3);
  const std::size_t expected = static_cast<std::size_t>(shape[0]) * image_size;
  if (pixels.size() != expected) {
    reject(fmt::format("input {} has {} values, but its shape has {}", input.name, pixels.size(),
                       expected));
  }
  std::vector<ByteVector> images;
  for (std::size_t at = 0; at < expected; at += image_size) {
    const auto image = pixels.subspan(at, image_size);
    images.push_back(encode_bitmap(
        {static_cast<int>(shape[2]), static_cast<int>(shape[1]), {image.begin(), image.end()}}));
  }
  return images;
}

std::vector<ByteVector> read_files(const Input& input) {
  std::vector<ByteVector> files;
  if (input.data) {
    for (const Json& value : *input.data) {
      if (!value.is_string()) reject("input " + input.name + " has an element that is not base64");
      auto file = decode_base64(value.get_ref<const std::string&>());
      if (!file) reject("input " + input.name + " has an element that is not base64");
      files.push_back(std::move(*file));
    }
  }
  for (std::string_view rest = input.raw; !rest.empty();) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4 && i < rest.size(); ++i) {
      size |= std::size_t{static_cast<std::uint8_t>(rest[i])} << (8 * i);
    }
    if (rest.size() < 4 || size > rest.size() - 4) {
      reject("input " + input.name + " has an incomplete element at its end");
    }
    files.emplace_back(rest.begin() + 4, rest.begin() + 4 + static_cast<std::ptrdiff_t>(size));
    rest.remove_prefix(4 + size);
  }
  std::int64_t expected = 1;
  for (const std::int64_t size : input.shape) expected = std::min(expected * size, kMaxImages + 1);
  if (static_cast<std::int64_t>(files.size()) != expected || expected > kMaxImages) {
    reject(fmt::format("input {} has {} elements, which does not match its shape or exceeds {}",
                       input.name, files.size(), kMaxImages));
  }
  return files;
}

std::vector<InferRequest::Output> read_outputs(const Json& json) {
  const bool binary = true_parameter(json, "binary_data_output");
  const auto list = json.find("outputs");
  if (list == json.end() || list->empty()) {
    return {{"probabilities", binary}, {"label", binary}, {"prediction", binary}};
  }
  if (!list->is_array() || list->size() > 16) reject("outputs is not a list");
  std::vector<InferRequest::Output> outputs;
  for (const Json& object : *list) {
    if (!object.is_object()) reject("an output is not an object");
    const std::string name = string_member(object, "name", "an output");
    if (name != "probabilities" && name != "label" && name != "prediction") {
      reject("there is no output " + name +
             "; the outputs are probabilities, label and prediction");
    }
    const bool overrides = parameter(object, "binary_data") != nullptr;
    outputs.push_back({name, overrides ? true_parameter(object, "binary_data") : binary});
  }
  return outputs;
}

}  // namespace

InferRequest read_infer_request(const Request& request) {
  std::string_view raw;
  const Json json = split_body(request, raw);
  InferRequest result;
  if (const auto id = json.find("id"); id != json.end() && id->is_string()) result.id = *id;
  const auto inputs = json.find("inputs");
  if (inputs == json.end() || !inputs->is_array() || inputs->size() != 1) {
    reject("send one input: image (UINT8) or image_bytes (BYTES)");
  }
  const Input input = read_input((*inputs)[0], raw);
  if (!raw.empty()) reject(fmt::format("{} bytes follow the last tensor", raw.size()));
  if (input.name == "image" && input.datatype == "UINT8") {
    result.images = read_pixels(input);
  } else if (input.name == "image_bytes" && input.datatype == "BYTES") {
    result.images = read_files(input);
  } else {
    reject(
        fmt::format("there is no input {} of {}; the inputs are image of UINT8 and image_bytes "
                    "of BYTES",
                    input.name, input.datatype));
  }
  result.outputs = read_outputs(json);
  return result;
}

}  // namespace fovea::server
