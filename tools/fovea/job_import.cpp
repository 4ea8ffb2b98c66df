#include "engine/data/data_dir.h"
#include "engine/data/import.h"
#include "tools/fovea/fetch.h"
#include "tools/fovea/job.h"
#include "tools/fovea/published.h"

namespace fovea::tools {

JobJson run_import_job(const Job& job) {
  const std::string source = job.options().at("source").get<std::string>();
  const PublishedDataset from = published_dataset(source);
  const std::filesystem::path archive = job.data_dir() / "downloads" / (source + ".tar.gz");
  job.tell("start", {{"source", source}, {"url", from.url}});
  JobPace pace;
  download({from.url, from.sha256, archive}, [&](long long bytes, long long total) {
    throw_if_stopped();
    if (!pace.due()) return;
    job.tell("progress", {{"phase", "downloading"}, {"bytes", bytes}, {"total_bytes", total}});
  });
  ImportOptions options;
  options.threads = job.threads;
  ImportEvents events;
  events.progress = [&](std::int64_t files, double fraction) {
    throw_if_stopped();
    if (!pace.due()) return;
    job.tell("progress", {{"phase", "importing"}, {"files", files}, {"fraction", fraction}});
  };
  const ImportReport report =
      import_dataset(archive, dataset_folder(job.data_dir(), job.dataset()), options, events);
  return {{"source", source},
          {"added", report.added},
          {"duplicates", report.duplicates},
          {"rejected", report.rejected}};
}

}  // namespace fovea::tools
