#pragma once

#include <cstdint>
#include <string>

namespace fovea::formats {

// Makes libheif decode HEVC and AV1 by libde265 and dav1d as this program calls them: in the
// calling thread, one frame for each coded image, its size checked before its memory is
// allocated, and damaged data rejected. libheif's own calls start threads, check no size and ignore
// most damage. Thread-safe.
void register_heif_codecs();

// While it lives, the frames that this thread decodes have at most so many pixels together;
// without one, it decodes none. Not nested.
class HeifWork {
 public:
  explicit HeifWork(std::int64_t pixels);
  ~HeifWork();
  HeifWork(const HeifWork&) = delete;
  HeifWork& operator=(const HeifWork&) = delete;

  // Why a decoder failed, as the end of a sentence: "its image data are invalid". Empty when none
  // did.
  const std::string& problem() const { return problem_; }

  // For the decoders: false when fewer pixels are left.
  bool take(std::int64_t pixels);
  std::int64_t pixels_left() const { return pixels_; }
  void fail(const char* problem);

 private:
  std::int64_t pixels_;
  std::string problem_;
};

}  // namespace fovea::formats
