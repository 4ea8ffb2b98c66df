#pragma once

#include <CLI/CLI.hpp>

// Each verb adds its subcommand and sets the callback that runs it; one file per verb. A callback
// throws on failure; main prints the message to stderr and exits 1 (2 for wrong usage).
namespace fovea::tools {

void add_bundle(CLI::App& app);
void add_data(CLI::App& app);
void add_eval(CLI::App& app);
void add_export(CLI::App& app);
void add_inspect(CLI::App& app);
void add_job(CLI::App& app);
void add_predict(CLI::App& app);
void add_serve(CLI::App& app);
void add_train(CLI::App& app);

}  // namespace fovea::tools
