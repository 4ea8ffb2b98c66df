#include "tools/fovea/train_log.h"

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/model/presets.h"
#include "engine/train/checkpoint.h"
#include "tests/support/catch.h"
#include "tools/fovea/train_plan.h"

using namespace fovea;
using namespace fovea::tools;
namespace fs = std::filesystem;

namespace {

// A temporary folder, removed at the end of the test.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "fovea-train-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw IoError("mkdtemp " + name);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

EpochReport epoch_report(int epoch) {
  EpochReport report;
  report.epoch = epoch;
  report.lr = 0.5f;
  report.train_loss = 1.25;
  report.train_accuracy = 0.5;
  report.validated = epoch > 0;
  report.val_loss = 1.5;
  report.val_accuracy = 0.25;
  report.best = true;
  report.seconds = 2;
  return report;
}

}  // namespace

TEST_CASE("run.json restores the plan and the command of a run", "[tools]") {
  const Folder folder;
  TrainPlan plan;
  plan.data = "flowers";
  plan.data_dir = "/tmp/x";
  plan.size = 48;
  plan.all = true;
  plan.temperature = 1.5f;
  const Recipe recipe = complete_plan(plan, "tiny", {{"lr", "0.01"}, {"seed", "7"}});
  CHECK(recipe.lr == 0.01f);
  CHECK(recipe.seed == 7);
  CHECK(plan.command ==
        "fovea train --data flowers --preset tiny --size 48 --fit crop --all --temperature 1.5 "
        "--set lr=0.01 --set seed=7");
  write_plan(plan, folder.path);
  const TrainPlan back = read_plan(folder.path);
  CHECK(parse_recipe(back.recipe) == recipe);
  CHECK(back.data == plan.data);
  CHECK(back.size == 48);
  CHECK(back.all);
  CHECK(back.temperature == plan.temperature);
  CHECK(back.created == plan.created);
}

TEST_CASE("an existing run is not overwritten and a malformed run.json is rejected", "[tools]") {
  const Folder folder;
  TrainPlan plan;
  complete_plan(plan, "tiny", {});
  CHECK(new_run_folder(plan, "tiny", folder.path.string()) == folder.path);
  write_plan(plan, folder.path);
  CHECK_THROWS_WITH(new_run_folder(plan, "tiny", folder.path.string()),
                    ContainsSubstring("--resume"));
  for (const char* text : {"{", "[]", "{\"command\": 3}"}) {
    write_file_atomically(folder.path / "run.json", std::string_view(text));
    CHECK_THROWS_AS(read_plan(folder.path), FormatError);
  }
  CHECK_THROWS_AS(read_plan(folder.path / "none"), IoError);
}

TEST_CASE("each epoch adds a row to results.csv and an event", "[tools]") {
  const Folder folder;
  const Network network(preset_network("tiny", 8, 2));
  TrainLog log(folder.path, 3, 100, {epoch_report(0)});
  CHECK(log.on_epoch(epoch_report(1), network) == Control::keep_going);
  const auto rows = lines_of(folder.path / "results.csv");
  REQUIRE(rows.size() == 3);
  CHECK(rows[1] == "1,0.5,1.250000,0.500000,,,,2.000,50.0");
  CHECK(rows[2] == "2,0.5,1.250000,0.500000,1.500000,0.250000,1,2.000,50.0");
  const auto events = lines_of(folder.path / "events.jsonl");
  REQUIRE(events.size() == 1);
  const auto event = nlohmann::json::parse(events[0]);
  CHECK(event.at("event") == "epoch");
  CHECK(event.at("epoch") == 2);
  CHECK(event.at("val_accuracy") == 0.25);
}

TEST_CASE("the first signal stops the training", "[tools]") {
  const Folder folder;
  TrainLog log(folder.path, 3, 100, {});
  const server::StopSignals signals;
  CHECK(log.on_batch({}) == Control::keep_going);
  std::raise(SIGTERM);
  CHECK(log.on_batch({}) == Control::stop);
  CHECK(server::StopSignals::received() == SIGTERM);
  const std::uint8_t bytes[] = {1, 2, 3};
  log.on_checkpoint(bytes);
  CHECK(read_file(folder.path / kCheckpointFile) == std::vector<std::uint8_t>{1, 2, 3});
}
