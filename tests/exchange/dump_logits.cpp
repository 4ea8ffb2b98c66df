// Writes what a network computes from image files, for comparison with other programs.
//
// usage: dump_logits MODEL INPUTS LOGITS IMAGE...
//
// INPUTS: the normalised network inputs {n, size, size, 3}, and LOGITS {n, outputs}, both as 32-bit
// floats without a header. The images are decoded, resized and computed as in `fovea predict`.

#include <cstdio>
#include <exception>
#include <fstream>

#include "engine/core/file.h"
#include "engine/model/classifier.h"

namespace {

using namespace fovea;

void append(std::ofstream& out, const Tensor& tensor) {
  out.write(reinterpret_cast<const char*>(tensor.data()),
            static_cast<std::streamsize>(tensor.values().size_bytes()));
}

void dump(int argc, char** argv) {
  const Classifier classifier(read_file(argv[1]));
  const Network network = fold_batch_norm(classifier.model().network);
  std::ofstream inputs(argv[2], std::ios::binary), outputs(argv[3], std::ios::binary);
  Scratch scratch;
  Tensor logits;
  for (int i = 4; i < argc; ++i) {
    const Tensor x = classifier.prepare(read_file(argv[i]));
    network.infer(x, logits, scratch);
    append(inputs, x);
    append(outputs, logits);
  }
  if (!inputs.flush() || !outputs.flush()) throw std::runtime_error("cannot write the output");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: dump_logits MODEL INPUTS LOGITS IMAGE...\n");
    return 2;
  }
  try {
    dump(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dump_logits: %s\n", error.what());
    return 1;
  }
}
