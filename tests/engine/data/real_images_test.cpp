#include <map>

#include "engine/data/import.h"
#include "engine/data/training_set.h"
#include "tests/support/catch.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

using namespace fovea;
using namespace fovea::tests;

TEST_CASE("photographs of hand signs import as five classes split 80 to 10 to 10",
          "[engine][data]") {
  const auto source = shared_data("hand-signs-0-4.tar");
  if (source.empty()) return;
  const TemporaryFolder folder;
  const ImportReport report = import_dataset(source, folder.path(), {});
  CHECK(report.added == 1030);
  CHECK(report.rejected == 0);
  const Dataset dataset = Dataset::open(folder.path());
  CHECK(dataset.classes() == std::vector<std::string>{"0", "1", "2", "3", "4"});
  std::map<Split, int> counts;
  for (const ImageRecord& image : dataset.images()) {
    ++counts[image.split];
    CHECK(image.width == 100);
    CHECK(image.height == 100);
  }
  CHECK(counts[Split::val] == 105);
  CHECK(counts[Split::test] == 105);
}

#ifdef NDEBUG  // the sanitizers would take a minute
TEST_CASE("CIFAR-10 as JPEG files imports with its splits", "[engine][data]") {
  const auto source = shared_data("cifar10-jpeg.tar.xz");
  if (source.empty()) return;
  const TemporaryFolder folder;
  CHECK(import_dataset(source, folder.path(), {}).added == 60000);
  const Dataset dataset = Dataset::open(folder.path());
  const TrainingSet val = load_training_set(dataset, {Split::val}, 32, Fit::crop);
  std::map<int, int> labels;
  for (const int label : val.labels) ++labels[label];
  CHECK(val.count() == 5000);
  CHECK(labels[0] == 500);
  const TrainingSet train = load_training_set(dataset, {Split::train}, 32, Fit::crop);
  CHECK(train.count() == 45000);
  CHECK(load_training_set(dataset, {Split::test}, 32, Fit::crop).count() == 10000);
  std::array<float, 3> mean{}, std{};
  channel_statistics(train, mean, std);
  // Published for the official images: 0.4914 0.4822 0.4465 and 0.2470 0.2435 0.2616.
  CHECK(mean[0] == Approx(0.4914).margin(0.002));
  CHECK(mean[2] == Approx(0.4465).margin(0.002));
  CHECK(std[1] == Approx(0.2435).margin(0.003));
}
#endif
