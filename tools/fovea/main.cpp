#include "tools/fovea/options.h"
#include "tools/fovea/verbs.h"

// NOLINTNEXTLINE(bugprone-exception-escape): describing the options may only fail for memory
int main(int argc, char** argv) {
  using namespace fovea::tools;
  return run_command_line(
      argc, argv, "Fovea: train, serve and monitor an image classifier", FOVEA_VERSION,
      {add_backbone, add_backup, add_bench, add_bundle, add_data, add_eval, add_export, add_health,
       add_import, add_inspect, add_job, add_migrate, add_predict, add_project, add_restore,
       add_serve, add_train, add_worker});
}
