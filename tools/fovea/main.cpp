#include <cstdio>
#include <exception>

#include "tools/fovea/verbs.h"

// NOLINTNEXTLINE(bugprone-exception-escape): describing the options may only fail for memory
int main(int argc, char** argv) {
  CLI::App app{"Fovea: train, serve and watch an image classifier of your own"};
  app.set_version_flag("--version", FOVEA_VERSION);
  app.require_subcommand(1);
  fovea::tools::add_bundle(app);
  fovea::tools::add_data(app);
  fovea::tools::add_eval(app);
  fovea::tools::add_export(app);
  fovea::tools::add_inspect(app);
  fovea::tools::add_job(app);
  fovea::tools::add_predict(app);
  fovea::tools::add_serve(app);
  fovea::tools::add_train(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fovea: %s\n", error.what());
    return 1;
  }
  return 0;
}
