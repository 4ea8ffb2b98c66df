#include "engine/transfer/feature_cache.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"

namespace fovea {
namespace {

static_assert(std::endian::native == std::endian::little, "features are stored as in memory");

std::string header(const std::string& key, std::size_t width, std::size_t count) {
  return "fovea features 1 " + key + " " + std::to_string(width) + " " + std::to_string(count) +
         "\n";
}

ContentHash sha256(std::span<const std::uint8_t> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.digest();
}

}  // namespace

FeatureCache::FeatureCache(const std::filesystem::path& folder, const std::string& key, int width)
    : path_(folder / key.substr(0, 16)), key_(key), width_(static_cast<std::size_t>(width)) {
  try {
    if (std::filesystem::exists(path_)) read();
  } catch (const std::exception& error) {
    features_.clear();
    problem_ = error.what();
  }
}

void FeatureCache::read() {
  const std::vector<std::uint8_t> bytes = read_file(path_);
  const std::size_t record = sizeof(ContentHash) + width_ * sizeof(float);
  const auto line_end = std::find(
      bytes.begin(), bytes.begin() + std::min<std::ptrdiff_t>(std::ssize(bytes), 256), '\n');
  const std::size_t start = static_cast<std::size_t>(line_end - bytes.begin()) + 1;
  const std::size_t content = bytes.size() - std::min(bytes.size(), start + sizeof(ContentHash));
  const std::string first(
      bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(start, bytes.size())));
  if (content % record != 0 || first != header(key_, width_, content / record)) {
    throw FormatError(path_.string() + " is damaged or holds other features");
  }
  const std::span all(bytes);
  const ContentHash sum = sha256(all.first(start + content));
  if (!std::equal(sum.begin(), sum.end(), all.begin() + std::ptrdiff_t(start + content))) {
    throw FormatError(path_.string() + " is damaged: its checksum does not match");
  }
  for (std::size_t at = start; at < start + content; at += record) {
    ContentHash hash;
    std::memcpy(hash.data(), &bytes[at], hash.size());
    std::vector<float>& features = features_[hash];
    features.resize(width_);
    std::memcpy(features.data(), &bytes[at + hash.size()], width_ * sizeof(float));
  }
}

const float* FeatureCache::find(const ContentHash& hash) const {
  const auto found = features_.find(hash);
  return found == features_.end() ? nullptr : found->second.data();
}

void FeatureCache::add(const ContentHash& hash, std::vector<float> features) {
  if (features.size() != width_) {
    throw ShapeError("feature cache: got " + std::to_string(features.size()) +
                     " numbers, expected " + std::to_string(width_));
  }
  features_[hash] = std::move(features);
  changed_ = true;
}

void FeatureCache::save(const std::vector<const ImageRecord*>& images) {
  if (!changed_) return;
  std::map<ContentHash, std::vector<float>> kept;
  for (const ImageRecord* image : images) {
    auto node = features_.extract(image->hash);
    if (!node.empty()) kept.insert(std::move(node));
  }
  features_ = std::move(kept);
  std::string bytes = header(key_, width_, features_.size());
  for (const auto& [hash, features] : features_) {
    bytes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
    bytes.append(reinterpret_cast<const char*>(features.data()), width_ * sizeof(float));
  }
  const ContentHash sum =
      sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  bytes.append(reinterpret_cast<const char*>(sum.data()), sum.size());
  write_file_atomically(path_, bytes);
  changed_ = false;
}

}  // namespace fovea
