#include "engine/core/error.h"
#include "engine/data/data_dir.h"
#include "engine/data/import.h"
#include "server/dataset/download.h"
#include "server/dataset/known_datasets.h"
#include "server/jobs/worker/worker.h"

namespace fovea::server {

ImportResult run_import_job(const JobContext& job) {
  const std::string source = job.spec().options.at("source").get<std::string>();
  const KnownDataset dataset = known_dataset(source);
  const std::filesystem::path archive = job.spec().data_dir / "downloads" / (source + ".tar.gz");
  job.send(job_event::kStart, {{"source", source}, {"url", dataset.url}});
  ProgressLimiter limiter;
  download({dataset.url, dataset.sha256, archive}, [&](long long bytes, long long total) {
    throw_if_stopped();
    if (!limiter.due()) return;
    job.send(job_event::kProgress,
             {{"phase", "downloading"}, {"bytes", bytes}, {"total_bytes", total}});
  });
  ImportOptions options;
  options.threads = job.spec().threads;
  ImportEvents events;
  events.progress = [&](std::int64_t files, double fraction) {
    throw_if_stopped();
    if (!limiter.due()) return;
    job.send(job_event::kProgress,
             {{"phase", "importing"}, {"files", files}, {"fraction", fraction}});
  };
  const ImportReport report = import_dataset(
      archive, dataset_folder(job.spec().data_dir, job.spec().dataset), options, events);
  if (report.refused) {
    throw FormatError(std::to_string(report.rejected) + " of " + std::to_string(report.files) +
                      " files of " + source + " were rejected, so nothing was imported");
  }
  return {source, report.added, report.duplicates, report.rejected};
}

}  // namespace fovea::server
