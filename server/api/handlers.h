#pragma once

#include <memory>

#include "server/http/router.h"

namespace fovea::server {

// The functions behind the routes. They throw to report an error (problem_of.h). Any thread.

// health.cpp
Reply show_alive(const Request& request, App& app);  // always 200
Reply show_ready(const Request& request, App& app);  // 503 while draining

// model.cpp: the active model
Reply show_model(const Request& request, App& app);
Reply show_weights(const Request& request, App& app);  // the model file

// models.cpp: versions; {version} is a number or an alias
Reply list_models(const Request& request, App& app);
Reply show_version(const Request& request, App& app);
Reply activate_version(const Request& request, App& app);
Reply roll_back(const Request& request, App& app);
Reply set_challenger(const Request& request, App& app);
Reply clear_challenger(const Request& request, App& app);
Reply remove_version(const Request& request, App& app);

// version_files.cpp
Reply upload_model(const Request& request, App& app);  // a new version, not activated
Reply show_version_weights(const Request& request, App& app);
Reply show_version_features(const Request& request, App& app);

// version_export.cpp
Reply export_version(const Request& request, App& app);  // for other programs, or as one HTML file

// jobs.cpp
Reply create_job(const Request& request, App& app);
Reply plan_job(const Request& request, App& app);  // without starting it
Reply list_jobs(const Request& request, App& app);
Reply show_job(const Request& request, App& app);
Reply cancel_job(const Request& request, App& app);
Reply resume_job(const Request& request, App& app);
Reply follow_job(const Request& request, App& app);  // server-sent events
Reply follow_everything(const Request& request, App& app);

// evaluations.cpp: evaluations of versions
Reply start_evaluation(const Request& request, App& app);
Reply list_evaluations(const Request& request, App& app);
Reply show_evaluation(const Request& request, App& app);
Reply show_model_image(const Request& request, App& app);  // in the model's evaluation

// insights.cpp: charts with captions
Reply list_insights(const Request& request, App& app);
Reply show_insight(const Request& request, App& app);
Reply draw_insight(const Request& request, App& app);  // PNG

// audit.cpp
Reply list_audit(const Request& request, App& app);

// dataset.cpp
Reply show_dataset(const Request& request, App& app);
Reply list_images(const Request& request, App& app);
Reply show_image_entry(const Request& request, App& app);
Reply show_image_file(const Request& request, App& app);
Reply relabel_image(const Request& request, App& app);
Reply remove_image(const Request& request, App& app);
Reply relabel_many(const Request& request, App& app);
Reply remove_many(const Request& request, App& app);
Reply read_dataset_layout(const Request& request, App& app);
Reply rename_dataset_class(const Request& request, App& app);
Reply export_dataset(const Request& request, App& app);

// dataset_upload.cpp
Reply upload_images(const Request& request, App& app);
Reply upload_legacy_images(const Request& request, App& app);

// predict.cpp
void predict(std::shared_ptr<const Request> request, App& app, Respond respond);

// history.cpp: recorded predictions; {id} is the number of one
Reply list_predictions(const Request& request, App& app);
Reply export_predictions(const Request& request, App& app);
Reply show_prediction(const Request& request, App& app);
Reply show_predicted_image(const Request& request, App& app);
Reply delete_prediction(const Request& request, App& app);
Reply delete_predictions(const Request& request, App& app);

// history_label.cpp: labels from users
Reply label_prediction(const Request& request, App& app);

// metrics.cpp
Reply show_metrics(const Request& request, App& app);

// status.cpp
Reply show_status(const Request& request, App& app);

// statistics.cpp
Reply show_statistics(const Request& request, App& app);
Reply show_legacy_statistics(const Request& request, App& app);

// kserve/metadata.cpp, kserve/infer.cpp: the Open Inference Protocol, version 2
Reply show_v2_server(const Request& request, App& app);
Reply show_v2_alive(const Request& request, App& app);
Reply show_v2_ready(const Request& request, App& app);
Reply show_v2_model(const Request& request, App& app);
Reply show_v2_model_ready(const Request& request, App& app);
Reply list_v2_repository(const Request& request, App& app);
Reply load_v2_model(const Request& request, App& app);
Reply unload_v2_model(const Request& request, App& app);
void infer_v2(std::shared_ptr<const Request> request, App& app, Respond respond);

// projects.cpp
Reply list_projects(const Request& request, App& app);
Reply create_project(const Request& request, App& app);    // empty, or from an archive
Reply download_project(const Request& request, App& app);  // as an archive
Reply show_project(const Request& request, App& app);
Reply change_project(const Request& request, App& app);   // name or title
Reply delete_project(const Request& request, App& app);   // into the trash
Reply restore_project(const Request& request, App& app);  // from there
Reply purge_project(const Request& request, App& app);

// backbones.cpp: pretrained networks
Reply list_backbones(const Request& request, App& app);
Reply show_backbone_weights(const Request& request, App& app);

// openapi.cpp
Reply show_openapi(const Request& request, App& app);

// page.cpp: the files of the dashboard
Reply show_page(const Request& request, App& app);
Reply show_docs(const Request& request, App& app);  // the API reference as a page

// The legacy API, with the paths and member names of an earlier service.
// legacy/predict.cpp
Reply show_legacy_health(const Request& request, App& app);
void legacy_predict(std::shared_ptr<const Request> request, App& app, Respond respond);
void legacy_predict_batch(std::shared_ptr<const Request> request, App& app, Respond respond);
// legacy/model.cpp
Reply show_legacy_model(const Request& request, App& app);
Reply show_legacy_uptime(const Request& request, App& app);
// legacy/insights.cpp
Reply list_visualizations(const Request& request, App& app);
Reply draw_visualization(const Request& request, App& app);
Reply show_legacy_evaluation(const Request& request, App& app);  // of the active model
// legacy/jobs.cpp
Reply legacy_retrain(const Request& request, App& app);
Reply show_legacy_retrain(const Request& request, App& app);

}  // namespace fovea::server
