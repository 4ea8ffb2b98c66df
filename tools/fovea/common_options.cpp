#include "tools/fovea/common_options.h"

#include "engine/core/parallel.h"
#include "engine/data/data_dir.h"

namespace fovea::tools {

Option add_data_dir(Verb& verb, std::string& data_dir) {
  return verb
      .option("--data-dir", data_dir,
              "Data directory (default: $FOVEA_DATA_DIR, or else ~/.local/share/fovea)")
      .value_name("DIR");
}

std::filesystem::path data_dir_or_default(const std::string& data_dir) {
  return data_dir.empty() ? default_data_dir() : std::filesystem::path(data_dir);
}

Option add_dataset(Verb& verb, std::string& name, const std::string& help) {
  return verb.option("--data", name, help).value_name("NAME");
}

Option add_threads(Verb& verb, int& threads) {
  return verb.option("--threads", threads, "Number of threads (default: all that are available)")
      .value_name("N")
      .range(1, 1024);
}

int threads_or_all(int threads) {
  return threads > 0 ? threads : available_threads();
}

}  // namespace fovea::tools
