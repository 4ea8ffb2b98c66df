#pragma once

#include "tools/fovea/options.h"

// Each verb adds its options and the action that runs it; one file per verb. An action throws on
// failure, see run_command_line().
namespace fovea::tools {

void add_backbone(Verb& program);
void add_backup(Verb& program);
void add_bench(Verb& program);
void add_bundle(Verb& program);
void add_data(Verb& program);
void add_eval(Verb& program);
void add_export(Verb& program);
void add_health(Verb& program);
void add_import(Verb& program);
void add_inspect(Verb& program);
void add_job(Verb& program);
void add_migrate(Verb& program);
void add_predict(Verb& program);
void add_project(Verb& program);
void add_restore(Verb& program);
void add_serve(Verb& program);
void add_train(Verb& program);
void add_worker(Verb& program);

}  // namespace fovea::tools
