#include "server/api/kserve/infer_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

#include "engine/image/bitmap.h"
#include "engine/image/decode.h"
#include "server/api/input.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;
using Bytes = std::vector<std::uint8_t>;

constexpr std::int64_t kMaxImages = 1000;
constexpr std::int64_t kMaxSide = 16384;

// One input tensor: raw bytes, or values in JSON.
struct Input {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;
  std::string_view raw;
  const Json* data = nullptr;
};

[[noreturn]] void refuse(const std::string& text) {
  throw HttpError(400, text);
}

// The body's JSON, and what follows it.
Json split_body(const Request& request, std::string_view& raw) {
  const std::string_view body = request.body;
  std::size_t length = body.size();
  if (const auto field = request.field("Inference-Header-Content-Length")) {
    const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), length);
    if (error != std::errc() || end != field->data() + field->size() || length > body.size()) {
      refuse("Inference-Header-Content-Length " + std::string(*field) +
             " is not a length within the body of " + std::to_string(body.size()) + " bytes");
    }
  }
  raw = body.substr(length);
  return parse_object(body.substr(0, length));
}

std::string text_member(const Json& object, const char* name, const std::string& of) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) refuse(of + " has no text \"" + name + "\"");
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
  if (!object.is_object()) refuse("an input is not an object");
  Input input;
  input.name = text_member(object, "name", "an input");
  input.datatype = text_member(object, "datatype", "input " + input.name);
  const auto shape = object.find("shape");
  if (shape == object.end() || !shape->is_array() || shape->empty() || shape->size() > 8) {
    refuse("input " + input.name + " has no shape");
  }
  for (const Json& side : *shape) {
    if (!side.is_number_integer() || side < 1 || side > (std::int64_t{1} << 31)) {
      refuse("the shape of input " + input.name + " has a side that is no number of at least 1");
    }
    input.shape.push_back(side);
  }
  if (const Json* size = parameter(object, "binary_data_size")) {
    if (!size->is_number_unsigned() || size->get<std::uint64_t>() > raw.size()) {
      refuse("binary_data_size of input " + input.name + " is not within the " +
             std::to_string(raw.size()) + " bytes that follow the JSON");
    }
    input.raw = raw.substr(0, *size);
    raw.remove_prefix(*size);
  } else {
    const auto data = object.find("data");
    if (data == object.end() || !data->is_array()) refuse("input " + input.name + " has no data");
    input.data = &*data;
  }
  return input;
}

void flatten(const Json& data, Bytes& bytes, const std::string& name) {
  for (const Json& value : data) {
    if (value.is_array()) {
      flatten(value, bytes, name);
    } else if (value.is_number_integer() && value >= 0 && value <= 255) {
      bytes.push_back(value.get<std::uint8_t>());
    } else {
      refuse("input " + name + " has a value that is no whole number from 0 to 255");
    }
  }
}

std::vector<Bytes> read_pixels(const Input& input) {
  const auto& shape = input.shape;
  if (shape.size() != 4 || shape[3] != 3 || shape[0] > kMaxImages || shape[1] > kMaxSide ||
      shape[2] > kMaxSide || shape[1] * shape[2] > DecodeLimits().max_pixels) {
    refuse("input " + input.name +
           " does not have the shape [images, height, width, 3] within the limits");
  }
  Bytes flat;
  std::span<const std::uint8_t> pixels(reinterpret_cast<const std::uint8_t*>(input.raw.data()),
                                       input.raw.size());
  if (input.data) {
    flatten(*input.data, flat, input.name);
    pixels = flat;
  }
  const auto each = static_cast<std::size_t>(shape[1] * shape[2] * 3);
  const std::size_t wanted = static_cast<std::size_t>(shape[0]) * each;
  if (pixels.size() != wanted) {
    refuse("input " + input.name + " has " + std::to_string(pixels.size()) +
           " values, its shape says " + std::to_string(wanted));
  }
  std::vector<Bytes> images;
  for (std::size_t at = 0; at < wanted; at += each) {
    const auto one = pixels.subspan(at, each);
    images.push_back(encode_bitmap(
        {static_cast<int>(shape[2]), static_cast<int>(shape[1]), {one.begin(), one.end()}}));
  }
  return images;
}

// The value of each base64 digit; -1 for what is none.
constexpr auto kBase64 = [] {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

Bytes decode_base64(const std::string& text, const std::string& name) {
  std::string_view digits = text;
  while (!digits.empty() && digits.back() == '=') digits.remove_suffix(1);
  Bytes bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : digits) {
    const int value = kBase64[static_cast<unsigned char>(c)];
    if (value < 0) refuse("input " + name + " has an element not in base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  return bytes;
}

std::vector<Bytes> read_files(const Input& input) {
  std::vector<Bytes> files;
  if (input.data) {
    for (const Json& value : *input.data) {
      if (!value.is_string()) refuse("input " + input.name + " has an element not in base64");
      files.push_back(decode_base64(value, input.name));
    }
  }
  for (std::string_view rest = input.raw; !rest.empty();) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4 && i < rest.size(); ++i) {
      size |= std::size_t{static_cast<std::uint8_t>(rest[i])} << (8 * i);
    }
    if (rest.size() < 4 || size > rest.size() - 4) {
      refuse("input " + input.name + " ends within an element");
    }
    files.emplace_back(rest.begin() + 4, rest.begin() + 4 + static_cast<std::ptrdiff_t>(size));
    rest.remove_prefix(4 + size);
  }
  std::int64_t wanted = 1;
  for (const std::int64_t side : input.shape) wanted = std::min(wanted * side, kMaxImages + 1);
  if (static_cast<std::int64_t>(files.size()) != wanted || wanted > kMaxImages) {
    refuse("input " + input.name + " has " + std::to_string(files.size()) +
           " elements, which its shape does not say, or they are more than " +
           std::to_string(kMaxImages));
  }
  return files;
}

std::vector<InferRequest::Output> read_outputs(const Json& json) {
  const bool binary = true_parameter(json, "binary_data_output");
  const auto wanted = json.find("outputs");
  if (wanted == json.end() || wanted->empty()) {
    return {{"probabilities", binary}, {"label", binary}, {"prediction", binary}};
  }
  if (!wanted->is_array() || wanted->size() > 16) refuse("outputs is not a list");
  std::vector<InferRequest::Output> outputs;
  for (const Json& object : *wanted) {
    if (!object.is_object()) refuse("an output is not an object");
    const std::string name = text_member(object, "name", "an output");
    if (name != "probabilities" && name != "label" && name != "prediction") {
      refuse("there is no output " + name + "; there are probabilities, label and prediction");
    }
    const bool own = parameter(object, "binary_data") != nullptr;
    outputs.push_back({name, own ? true_parameter(object, "binary_data") : binary});
  }
  return outputs;
}

}  // namespace

InferRequest read_infer_request(const Request& request) {
  if (request.field("Content-Encoding")) throw HttpError(415, "a compressed body is not supported");
  std::string_view raw;
  const Json json = split_body(request, raw);
  InferRequest result;
  if (const auto id = json.find("id"); id != json.end() && id->is_string()) result.id = *id;
  const auto inputs = json.find("inputs");
  if (inputs == json.end() || !inputs->is_array() || inputs->size() != 1) {
    refuse("send one input: image (UINT8) or image_bytes (BYTES)");
  }
  const Input input = read_input((*inputs)[0], raw);
  if (!raw.empty()) refuse(std::to_string(raw.size()) + " bytes after the last tensor");
  if (input.name == "image" && input.datatype == "UINT8") {
    result.images = read_pixels(input);
  } else if (input.name == "image_bytes" && input.datatype == "BYTES") {
    result.images = read_files(input);
  } else {
    refuse("there is no input " + input.name + " of " + input.datatype +
           "; there are image of UINT8 and image_bytes of BYTES");
  }
  result.outputs = read_outputs(json);
  return result;
}

}  // namespace fovea::server
