#include "tools/fovea/train_log.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/train/checkpoint.h"

namespace fovea::tools {
namespace {

using std::chrono::seconds;

constexpr seconds kCheckpointEvery{30};  // at the end of the epoch in which they pass
constexpr seconds kEventEvery{2};

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

std::string clock_text(double duration) {
  const auto total = std::lround(duration);
  char text[32];
  if (total >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", total / 60, total % 60);
  }
  return text;
}

}  // namespace

TrainLog::TrainLog(std::filesystem::path run, int epochs, int images,
                   std::vector<EpochReport> history)
    : run_(std::move(run)),
      epochs_(epochs),
      images_(images),
      history_(std::move(history)),
      began_(Clock::now()),
      told_(began_),
      saved_(began_) {}

Control TrainLog::on_batch(const BatchReport& report) {
  seen_ += report.images;
  const auto now = Clock::now();
  draw(report);
  if (now - told_ >= kEventEvery) {
    told_ = now;
    event("progress", {{"epoch", report.epoch + 1},
                       {"step", report.step + 1},
                       {"total_steps", report.total_steps},
                       {"loss", report.loss},
                       {"accuracy", report.accuracy},
                       {"lr", report.lr},
                       {"images_per_second", static_cast<double>(seen_) / seconds_since(began_)}});
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
  std::printf("epoch %*d/%d  loss %.4f  accuracy %5.2f %%", epochs_ > 99 ? 3 : 2, report.epoch + 1,
              epochs_, report.train_loss, 100 * report.train_accuracy);
  if (report.validated) {
    std::printf("  validation: loss %.4f  accuracy %5.2f %%%s", report.val_loss,
                100 * report.val_accuracy, report.best ? " *" : "  ");
  }
  std::printf("  %.0f images/s  %s\n", rate, clock_text(report.seconds).c_str());
  std::fflush(stdout);
  if (server::StopSignals::received() != 0) return Control::stop;
  return Clock::now() - saved_ >= kCheckpointEvery ? Control::checkpoint : Control::keep_going;
}

void TrainLog::on_checkpoint(std::span<const std::uint8_t> checkpoint) {
  write_file_atomically(run_ / kCheckpointFile, checkpoint);
  saved_ = Clock::now();
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
  const double rate = static_cast<double>(seen_) / seconds_since(began_);
  const double left =
      static_cast<double>(report.total_steps - report.step - 1) * images_ / report.batches;
  char text[160];
  std::snprintf(text, sizeof text, "epoch %d/%d  %s images/s  loss %.4f  accuracy %.2f %%  %s left",
                report.epoch + 1, epochs_, grouped(static_cast<long long>(rate)).c_str(),
                report.loss, 100 * report.accuracy, clock_text(left / rate).c_str());
  bar_.show(static_cast<double>(report.step + 1) / static_cast<double>(report.total_steps), text);
}

void TrainLog::write_results() const {
  std::string text =
      "epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy,best,seconds,images_per_second\n";
  for (const EpochReport& r : history_) {
    char line[256];
    std::snprintf(line, sizeof line, "%d,%.6g,%.6f,%.6f,", r.epoch + 1, double{r.lr}, r.train_loss,
                  r.train_accuracy);
    text += line;
    if (r.validated) {
      std::snprintf(line, sizeof line, "%.6f,%.6f,%d,", r.val_loss, r.val_accuracy, r.best);
    } else {
      std::snprintf(line, sizeof line, ",,,");
    }
    text += line;
    std::snprintf(line, sizeof line, "%.3f,%.1f\n", r.seconds, images_ / r.seconds);
    text += line;
  }
  write_file_atomically(run_ / "results.csv", text);
}

}  // namespace fovea::tools
