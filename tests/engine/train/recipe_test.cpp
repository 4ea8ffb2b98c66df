#include "engine/train/recipe.h"

#include "engine/core/error.h"
#include "engine/model/presets.h"
#include "tests/support/catch.h"

using namespace fovea;

TEST_CASE("a recipe survives its text form exactly", "[engine][train]") {
  Recipe recipe = default_recipe("small");
  recipe.lr = 0.1f / 3;
  recipe.seed = ~std::uint64_t{0};
  recipe.optimizer.kind = OptimizerKind::sgd;
  recipe.optimizer.eps = 1e-38f;
  recipe.schedule.kind = ScheduleKind::cosine;
  recipe.init = Init::dirac;
  recipe.balanced = true;
  recipe.head_lr = 3;
  recipe.augment.crop = 0.5f;
  CHECK(parse_recipe(recipe_text(recipe)) == recipe);
  CHECK(recipe_text(recipe).find(" optimizer=sgd ") != std::string::npos);
}

TEST_CASE("unknown recipe keys and values are rejected by name", "[engine][train]") {
  CHECK_THROWS_WITH(parse_recipe("learning_rate=1"), ContainsSubstring("learning_rate"));
  CHECK_THROWS_WITH(parse_recipe("seed=1 lr=fast"), ContainsSubstring("fast"));
  CHECK_THROWS_WITH(parse_recipe("lr=1x"), ContainsSubstring("1x"));
  CHECK_THROWS_WITH(parse_recipe("optimizer=lion"), ContainsSubstring("lion"));
  CHECK_THROWS_AS(parse_recipe("nonsense"), ConfigError);
  CHECK_THROWS_WITH(default_recipe("huge"), ContainsSubstring("huge"));
}

TEST_CASE("every preset has a recipe and a network for any size and number of classes",
          "[engine][train]") {
  for (const std::string& name : preset_names()) {
    CHECK(default_recipe(name).preset == name);
    for (const int size : {8, 9, 32, 50}) {
      for (const int classes : {2, 10}) {
        CHECK(Network(preset_network(name, size, classes)).outputs() == classes);
      }
    }
    CHECK_THROWS_AS(preset_network(name, 7, 2), ConfigError);
    CHECK_THROWS_AS(preset_network(name, 32, 1), ConfigError);
  }
}

TEST_CASE("preset small has 0.85 million parameters", "[engine][train]") {
  const std::int64_t convolutions =
      9 * (3 * 32 + 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128);
  const std::int64_t norms = 2 * (32 + 32 + 64 + 64 + 128 + 128 + 256 + 128);
  const std::int64_t dense = 2048 * 256 + 256 * 128 + 128 * 10 + 10;
  CHECK(Network(preset_network("small", 32, 10)).parameter_count() == convolutions + norms + dense);
}
