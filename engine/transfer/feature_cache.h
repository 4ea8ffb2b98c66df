#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/data/dataset_index.h"

namespace fovea {

// Features of the images of a dataset that one network computed, in a file, so that they are
// computed once. Several processes may use one file; the last that saves wins. One owner.
//
// The file: the line "fovea features 1 KEY WIDTH COUNT\n", then per image its content hash (32
// bytes) and WIDTH fp32 numbers, little-endian; then the SHA-256 (32 bytes) of all that.
class FeatureCache {
 public:
  // `key` identifies network, preprocessing and views: 64 hex digits, which name the file in
  // `folder`. `width` is the number of features of one image, in all views. A file that is damaged
  // or belongs to something else counts as empty, see problem().
  FeatureCache(const std::filesystem::path& folder, const std::string& key, int width);

  // Null when the features of this image are unknown. Valid until the next add() or save().
  const float* find(const ContentHash& hash) const;
  void add(const ContentHash& hash, std::vector<float> features);
  // Replaces the file atomically when an image was added, keeping only these images. Throws
  // IoError.
  void save(const std::vector<const ImageRecord*>& images);

  const std::string& problem() const { return problem_; }  // why the file was not used; else empty

 private:
  void read();

  const std::filesystem::path path_;
  const std::string key_;
  const std::size_t width_;
  std::map<ContentHash, std::vector<float>> features_;
  bool changed_ = false;
  std::string problem_;
};

}  // namespace fovea
