#include "engine/data/cifar10.h"

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/data/import.h"
#include "tests/support/archives.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

using Bytes = std::vector<std::uint8_t>;

TEST_CASE("the official CIFAR-10 archive is read record by record", "[engine][data]") {
  const TemporaryFolder temp;
  Rng rng(8);
  const auto batch = [&](int records) {
    Bytes bytes;
    for (int i = 0; i < records; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(i % 10));
      for (int k = 0; k < 3072; ++k) bytes.push_back(static_cast<std::uint8_t>(rng.next_u32()));
    }
    return bytes;
  };
  const Bytes first = batch(100);
  const std::string top = "cifar-10-batches-bin/";
  write_archive(temp.path() / "c.tar.gz", {{top + "data_batch_1.bin", first, {}},
                                           {top + "batches.meta.txt", {'a', '\n'}, {}},
                                           {top + "data_batch_5.bin", batch(100), {}},
                                           {top + "readme.html", {'<'}, {}},
                                           {top + "test_batch.bin", batch(50), {}}});
  const ImportReport report = import_dataset(temp.path() / "c.tar.gz", temp.path() / "set", {});
  CHECK(report.added == 250);
  CHECK(report.rejected == 0);
  const Dataset dataset = Dataset::open(temp.path() / "set");
  CHECK(dataset.classes() ==
        std::vector<std::string>(kCifar10Classes.begin(), kCifar10Classes.end()));
  std::map<Split, int> frogs;
  for (const ImageRecord& image : dataset.images()) {
    if (image.label == 6) ++frogs[image.split];
  }
  CHECK(frogs == std::map<Split, int>{{Split::train, 18}, {Split::val, 2}, {Split::test, 5}});
  const auto found = std::find_if(
      dataset.images().begin(), dataset.images().end(),
      [](const ImageRecord& image) { return image.name == "train/horse/data_batch_1.bin#17"; });
  REQUIRE(found != dataset.images().end());
  const Image image = dataset.load(*found);
  const std::uint8_t* planes = &first[17 * 3073 + 1];
  for (int i : {0, 5, 1023}) {
    CHECK(image.rgb[std::size_t(i) * 3] == planes[i]);
    CHECK(image.rgb[std::size_t(i) * 3 + 2] == planes[2048 + i]);
  }
}

TEST_CASE("a damaged CIFAR-10 batch is rejected naming the numbers", "[engine][data]") {
  Bytes bytes(3073 * 2);
  CHECK(read_cifar10_batch("data_batch_1.bin", bytes).size() == 2);
  bytes[3073] = 10;
  CHECK_THROWS_WITH(read_cifar10_batch("data_batch_1.bin", bytes),
                    ContainsSubstring("record 1 has the label 10"));
  bytes.pop_back();
  CHECK_THROWS_WITH(read_cifar10_batch("test_batch.bin", bytes), ContainsSubstring("6145 bytes"));
}
