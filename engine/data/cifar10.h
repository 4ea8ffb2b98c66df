#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace fovea {

// The official binary version of CIFAR-10 (Krizhevsky, "Learning Multiple Layers of Features from
// Tiny Images", 2009): files data_batch_1.bin to data_batch_5.bin and test_batch.bin. A record has
// 3,073 bytes: a label 0..9 and the planes R, G, B of 32 x 32 bytes each.

inline constexpr std::array<const char*, 10> kCifar10Classes = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

struct Cifar10Record {
  std::string path;   // "train/frog/data_batch_1.bin#17": a path like that of an image file
  std::string label;  // "frog"
  Split split = Split::train;
  ContentHash hash{};  // sha256 of the 3,072 bytes of pixels
  Image image;         // 32 x 32
};

bool is_cifar10_batch(const std::string& path);  // by its file name
bool is_cifar10_note(const std::string& path);   // the archive's readme or list of classes

// Throws FormatError when the bytes are not whole records, or a label is above 9.
std::vector<Cifar10Record> read_cifar10_batch(const std::string& path,
                                              std::span<const std::uint8_t> bytes);

}  // namespace fovea
