#pragma once

#include <memory>
#include <string>

#include "server/http/router.h"

namespace fovea::server {

// The functions behind the routes. `show_` answers GET. Each may be called from any thread.

// health.cpp
Reply show_alive(const Request& request, App& app);  // the process turns: always 200
Reply show_ready(const Request& request, App& app);  // 503 while draining

// model.cpp
Reply show_model(const Request& request, App& app);
Reply show_weights(const Request& request, App& app);  // the model file itself

// models.cpp: the versions of the model; {version} is a number or an alias
Reply list_models(const Request& request, App& app);
Reply show_version(const Request& request, App& app);
Reply activate_version(const Request& request, App& app);
Reply roll_back(const Request& request, App& app);
Reply set_challenger(const Request& request, App& app);
Reply clear_challenger(const Request& request, App& app);
Reply remove_version(const Request& request, App& app);

// version_files.cpp
Reply upload_model(const Request& request, App& app);  // a new version, not in service
Reply show_version_weights(const Request& request, App& app);
Reply show_version_features(const Request& request, App& app);

// jobs.cpp: long work
Reply create_job(const Request& request, App& app);
Reply plan_job(const Request& request, App& app);  // what it would do; starts nothing
Reply list_jobs(const Request& request, App& app);
Reply show_job(const Request& request, App& app);
Reply cancel_job(const Request& request, App& app);
Reply resume_job(const Request& request, App& app);
Reply follow_job(const Request& request, App& app);  // server-sent events
Reply follow_everything(const Request& request, App& app);

// evaluations.cpp: of versions
Reply start_evaluation(const Request& request, App& app);
Reply list_evaluations(const Request& request, App& app);
Reply show_evaluation(const Request& request, App& app);

// insights.cpp: charts, with what they show in words
Reply list_insights(const Request& request, App& app);
Reply show_insight(const Request& request, App& app);
Reply draw_insight(const Request& request, App& app);  // {name}.png

// legacy/insights.cpp
Reply list_visualizations(const Request& request, App& app);
Reply draw_visualization(const Request& request, App& app);
Reply show_legacy_evaluation(const Request& request, App& app);  // of the model in service

// legacy/jobs.cpp
Reply legacy_retrain(const Request& request, App& app);
Reply show_legacy_retrain(const Request& request, App& app);

// audit.cpp
Reply list_audit(const Request& request, App& app);

// dataset_upload.cpp
Reply upload_images(const Request& request, App& app);
Reply upload_legacy_images(const Request& request, App& app);  // as older clients send them

// dataset.cpp: the training data
Reply show_dataset(const Request& request, App& app);
Reply list_images(const Request& request, App& app);
Reply show_image_entry(const Request& request, App& app);
Reply show_image_file(const Request& request, App& app);
Reply relabel_image(const Request& request, App& app);
Reply remove_image(const Request& request, App& app);
Reply relabel_many(const Request& request, App& app);
Reply remove_many(const Request& request, App& app);
Reply rename_dataset_class(const Request& request, App& app);
Reply export_dataset(const Request& request, App& app);

// predict.cpp
void predict(std::shared_ptr<const Request> request, App& app, Respond respond);

// history.cpp: what was answered; {id} is the number of a prediction
Reply list_predictions(const Request& request, App& app);
Reply export_predictions(const Request& request, App& app);
Reply show_prediction(const Request& request, App& app);
Reply show_predicted_image(const Request& request, App& app);
Reply delete_prediction(const Request& request, App& app);
Reply delete_predictions(const Request& request, App& app);

// history_label.cpp: what a person said the image shows
Reply label_prediction(const Request& request, App& app);

// metrics.cpp
Reply show_metrics(const Request& request, App& app);

// status.cpp: how the service is right now, for the dashboard
Reply show_status(const Request& request, App& app);

// statistics.cpp
Reply show_statistics(const Request& request, App& app);
Reply show_legacy_statistics(const Request& request, App& app);

// v2.cpp, v2_infer.cpp: the Open Inference Protocol
Reply show_v2_server(const Request& request, App& app);
Reply show_v2_alive(const Request& request, App& app);
Reply show_v2_ready(const Request& request, App& app);
Reply show_v2_model(const Request& request, App& app);
Reply show_v2_model_ready(const Request& request, App& app);
Reply list_v2_repository(const Request& request, App& app);
Reply load_v2_model(const Request& request, App& app);
Reply unload_v2_model(const Request& request, App& app);
void infer_v2(std::shared_ptr<const Request> request, App& app, Respond respond);

// openapi.cpp
Reply show_openapi(const Request& request, App& app);

// page.cpp: files of the page, or 404
Reply show_page(const Request& request, App& app);
Reply show_docs(const Request& request, App& app);  // the API as a page

// legacy/predict.cpp: the paths and field names that older clients use
Reply show_legacy_health(const Request& request, App& app);
void legacy_predict(std::shared_ptr<const Request> request, App& app, Respond respond);
void legacy_predict_batch(std::shared_ptr<const Request> request, App& app, Respond respond);

// legacy/model.cpp
Reply show_legacy_model(const Request& request, App& app);
Reply show_legacy_uptime(const Request& request, App& app);

}  // namespace fovea::server
