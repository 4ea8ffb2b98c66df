#include "engine/data/cifar10.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace fovea {
namespace {

constexpr std::size_t kPlane = 32 * 32;
constexpr std::size_t kRecord = 1 + 3 * kPlane;

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Image from_planes(std::span<const std::uint8_t> planes) {
  Image image{32, 32, std::vector<std::uint8_t>(3 * kPlane)};
  for (std::size_t i = 0; i < kPlane; ++i) {
    for (std::size_t c = 0; c < 3; ++c) image.rgb[3 * i + c] = planes[c * kPlane + i];
  }
  return image;
}

}  // namespace

bool is_cifar10_batch(const std::string& path) {
  const std::string name = file_name(path);
  if (name == "test_batch.bin") return true;
  return name.size() == 16 && name.rfind("data_batch_", 0) == 0 && name[11] >= '1' &&
         name[11] <= '5' && name.compare(12, 4, ".bin") == 0;
}

bool is_cifar10_note(const std::string& path) {
  const std::string name = file_name(path);
  return path.rfind("cifar-10-batches-bin/", 0) == 0 &&
         (name == "readme.html" || name == "batches.meta.txt");
}

std::vector<Cifar10Record> read_cifar10_batch(const std::string& path,
                                              std::span<const std::uint8_t> bytes) {
  if (bytes.empty() || bytes.size() % kRecord != 0) {
    throw FormatError(path + " has " + std::to_string(bytes.size()) +
                      " bytes, which is not a multiple of the CIFAR-10 record size " +
                      std::to_string(kRecord));
  }
  const std::string name = file_name(path);
  const Split split = name == "test_batch.bin" ? Split::test : Split::train;
  std::vector<Cifar10Record> records;
  records.reserve(bytes.size() / kRecord);
  for (std::size_t at = 0; at < bytes.size(); at += kRecord) {
    const std::size_t label = bytes[at];
    if (label >= kCifar10Classes.size()) {
      throw FormatError(path + ": record " + std::to_string(at / kRecord) + " has the label " +
                        std::to_string(label) + "; the classes are 0 to 9");
    }
    const auto planes = bytes.subspan(at + 1, 3 * kPlane);
    Sha256 sha;
    sha.update(planes);
    records.push_back({to_string(split) + "/" + kCifar10Classes[label] + "/" + name + "#" +
                           std::to_string(at / kRecord),
                       kCifar10Classes[label], split, sha.digest(), from_planes(planes)});
  }
  return records;
}

}  // namespace fovea
