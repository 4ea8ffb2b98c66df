#include "engine/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/core/error.h"

namespace fovea {
namespace {

// The first 53 bits of the hash as a number in [0, 1).
double position_of(const ContentHash& hash) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | hash[i];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// The members of one class, sorted by hash: the lowest go to test, the next to val, the rest to
// train.
void assign_split(const std::vector<SplitRequest>& requests, std::vector<std::size_t> members,
                  const SplitFractions& fractions, bool by_rank, std::vector<Split>& splits) {
  std::sort(members.begin(), members.end(),
            [&](std::size_t a, std::size_t b) { return requests[a].hash < requests[b].hash; });
  const auto count = static_cast<double>(members.size());
  const auto test = static_cast<std::size_t>(std::floor(count * fractions.test + 0.5));
  const auto val = static_cast<std::size_t>(std::floor(count * fractions.val + 0.5));
  for (std::size_t rank = 0; rank < members.size(); ++rank) {
    const double position = position_of(requests[members[rank]].hash);
    const bool is_test = by_rank ? rank < test : position < fractions.test;
    const bool is_val = by_rank ? rank < test + val : position < fractions.test + fractions.val;
    splits[members[rank]] = is_test ? Split::test : is_val ? Split::val : Split::train;
  }
}

void check_fraction(double fraction, const char* name) {
  if (!(fraction >= 0 && fraction < 1)) {
    throw ConfigError(std::string(name) + " " + std::to_string(fraction) + " is not in 0..1");
  }
}

}  // namespace

std::vector<Split> assign_splits(const std::vector<SplitRequest>& requests,
                                 const std::vector<std::string>& known_classes, double val_fraction,
                                 const SplitFractions& fractions) {
  check_fraction(val_fraction, "the validation fraction");
  check_fraction(fractions.val + fractions.test, "the fraction of val and test");
  const bool has_val =
      std::any_of(requests.begin(), requests.end(),
                  [](const SplitRequest& request) { return request.split == Split::val; });
  struct Members {
    std::vector<std::size_t> train, unspecified;
  };
  std::map<std::string, Members> classes;
  std::vector<Split> splits(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const SplitRequest& request = requests[i];
    splits[i] = request.split.value_or(Split::train);
    if (!request.split) classes[request.class_name].unspecified.push_back(i);
    if (request.split == Split::train) classes[request.class_name].train.push_back(i);
  }
  for (const auto& [name, members] : classes) {
    const bool by_rank =
        std::find(known_classes.begin(), known_classes.end(), name) == known_classes.end();
    assign_split(requests, members.unspecified, fractions, by_rank, splits);
    if (!has_val) assign_split(requests, members.train, {val_fraction, 0}, by_rank, splits);
  }
  return splits;
}

}  // namespace fovea
