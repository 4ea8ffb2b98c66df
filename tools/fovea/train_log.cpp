#include "tools/fovea/train_log.h"

#include <fmt/format.h>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/train/checkpoint.h"
#include "server/text/words.h"

namespace fovea::tools {
namespace {

using std::chrono::seconds;

constexpr seconds kCheckpointInterval{30};  // checkpoints are written at the end of an epoch
constexpr seconds kProgressInterval{2};

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

// "3:21", "1:03:21"
std::string clock_text(double duration) {
  const auto total = std::lround(duration);
  if (total < 3600) return fmt::format("{}:{:02}", total / 60, total % 60);
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

}  // namespace

nlohmann::ordered_json read_epoch_events(const std::filesystem::path& run) {
  const std::filesystem::path path = run / "events.jsonl";
  std::ifstream file(path);
  if (!file) throw IoError("cannot read " + path.string() + ": " + std::strerror(errno));
  std::map<int, nlohmann::ordered_json> epochs;  // a resumed run repeats epochs
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    try {
      auto event = nlohmann::ordered_json::parse(line);
      if (event.at("event") != "epoch") continue;
      nlohmann::ordered_json epoch;
      for (const char* key :
           {"epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy"}) {
        if (event.contains(key)) epoch[key] = event[key];
      }
      epochs[event.at("epoch").get<int>()] = std::move(epoch);
    } catch (const nlohmann::json::exception& error) {
      throw FormatError(fmt::format("{}, line {}: {}", path.string(), number, error.what()));
    }
  }
  auto list = nlohmann::ordered_json::array();
  for (auto& [epoch, fields] : epochs) list.push_back(std::move(fields));
  return list;
}

TrainLog::TrainLog(std::filesystem::path run, int epochs, int images,
                   std::vector<EpochReport> history)
    : run_(std::move(run)),
      epochs_(epochs),
      images_(images),
      history_(std::move(history)),
      started_(Clock::now()),
      last_progress_(started_),
      last_checkpoint_(started_) {}

Control TrainLog::on_batch(const BatchReport& report) {
  trained_ += report.images;
  const auto now = Clock::now();
  draw(report);
  if (now - last_progress_ >= kProgressInterval) {
    last_progress_ = now;
    event("progress",
          {{"epoch", report.epoch + 1},
           {"step", report.step + 1},
           {"total_steps", report.total_steps},
           {"loss", report.loss},
           {"accuracy", report.accuracy},
           {"lr", report.lr},
           {"images_per_second", static_cast<double>(trained_) / seconds_since(started_)}});
  }
  return server::StopSignals::received() != 0 ? Control::stop : Control::keep_going;
}

Control TrainLog::on_epoch(const EpochReport& report, const Network&) {
  history_.push_back(report);
  write_results();
  const double rate = images_ / report.seconds;
  nlohmann::json fields = {{"epoch", report.epoch + 1},
                           {"epochs", epochs_},
                           {"lr", report.lr},
                           {"train_loss", report.train_loss},
                           {"train_accuracy", report.train_accuracy},
                           {"seconds", report.seconds},
                           {"images_per_second", rate}};
  if (report.validated) {
    fields["val_loss"] = report.val_loss;
    fields["val_accuracy"] = report.val_accuracy;
    fields["best"] = report.best;
  }
  event("epoch", std::move(fields));
  bar_.clear();
  fmt::print("epoch {:{}}/{}  loss {:.4f}  accuracy {:5.2f} %", report.epoch + 1,
             epochs_ > 99 ? 3 : 2, epochs_, report.train_loss, 100 * report.train_accuracy);
  if (report.validated) {
    fmt::print("  validation: loss {:.4f}  accuracy {:5.2f} %{}", report.val_loss,
               100 * report.val_accuracy, report.best ? " *" : "  ");
  }
  fmt::print("  {:.0f} images/s  {}\n", rate, clock_text(report.seconds));
  std::fflush(stdout);
  if (server::StopSignals::received() != 0) return Control::stop;
  return Clock::now() - last_checkpoint_ >= kCheckpointInterval ? Control::checkpoint
                                                                : Control::keep_going;
}

void TrainLog::on_checkpoint(std::span<const std::uint8_t> checkpoint) {
  write_file_atomically(run_ / kCheckpointFile, checkpoint);
  last_checkpoint_ = Clock::now();
  event("checkpoint", {{"bytes", checkpoint.size()}});
}

void TrainLog::event(const char* name, nlohmann::json fields) {
  nlohmann::ordered_json line;
  line["event"] = name;
  line["time"] =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  for (auto& [key, value] : fields.items()) line[key] = value;
  const std::filesystem::path path = run_ / "events.jsonl";
  std::ofstream file(path, std::ios::app);
  file << line.dump() << "\n";
  if (!file.flush()) {
    throw IoError("cannot write " + path.string() + ": " + std::strerror(errno));
  }
}

// training  [######....]  62 %  epoch 3/20  1,234 images/s  loss 1.2345  accuracy 56.70 %  3:21
// left
void TrainLog::draw(const BatchReport& report) {
  const double rate = static_cast<double>(trained_) / seconds_since(started_);
  const double left =
      static_cast<double>(report.total_steps - report.step - 1) * images_ / report.batches;
  bar_.show(static_cast<double>(report.step + 1) / static_cast<double>(report.total_steps),
            fmt::format("epoch {}/{}  {} images/s  loss {:.4f}  accuracy {:.2f} %  {} left",
                        report.epoch + 1, epochs_, server::counted(std::llround(rate)), report.loss,
                        100 * report.accuracy, clock_text(left / rate)));
}

void TrainLog::write_results() const {
  std::string text =
      "epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy,best,seconds,images_per_second\n";
  for (const EpochReport& r : history_) {
    text +=
        fmt::format("{},{:.6g},{:.6f},{:.6f},", r.epoch + 1, r.lr, r.train_loss, r.train_accuracy);
    text += r.validated
                ? fmt::format("{:.6f},{:.6f},{},", r.val_loss, r.val_accuracy, r.best ? 1 : 0)
                : ",,,";
    text += fmt::format("{:.3f},{:.1f}\n", r.seconds, images_ / r.seconds);
  }
  write_file_atomically(run_ / "results.csv", text);
}

}  // namespace fovea::tools
