#include "server/api/routes.h"

#include "server/api/handlers.h"
#include "server/api/openapi.h"
#include "server/http/static_files.h"

namespace fovea::server {
namespace {

constexpr std::uint64_t kLegacyBody = 16 << 20;

// Every route is described in server/api/openapi/, which a test checks. Those below /api/v1/ that
// are not server-wide also exist below /api/v1/projects/NAME/.
const std::vector<Route> kRoutes = {
    {"GET", "/livez", show_alive, Role::open},
    {"GET", "/readyz", show_ready, Role::open},
    {"GET", "/healthz", show_ready, Role::open},

    server_wide({"GET", "/metrics", Blocking{show_metrics}, Role::predict}),
    {"GET", "/openapi.json", show_openapi, Role::open},
    {"GET", "/docs", show_docs, Role::open},

    {"GET", "/api/v1/status", show_status, Role::predict},
    {"GET", "/api/v1/model", show_model, Role::predict},
    {"GET", "/api/v1/model/weights", show_weights, Role::predict},
    {"POST", "/api/v1/predict", predict, Role::predict},

    {"GET", "/api/v1/models", Blocking{list_models}, Role::predict},
    {"POST", "/api/v1/models", slow(upload_model)},
    {"POST", "/api/v1/models/rollback", slow(roll_back)},
    {"PUT", "/api/v1/models/aliases/challenger", slow(set_challenger)},
    {"DELETE", "/api/v1/models/aliases/challenger", Blocking{clear_challenger}},
    {"GET", "/api/v1/models/{version}", Blocking{show_version}, Role::predict},
    {"DELETE", "/api/v1/models/{version}", slow(remove_version)},
    {"POST", "/api/v1/models/{version}/activate", slow(activate_version)},
    {"GET", "/api/v1/models/{version}/weights", Blocking{show_version_weights}, Role::predict},
    {"GET", "/api/v1/models/{version}/features", Blocking{show_version_features}, Role::predict},
    {"GET", "/api/v1/models/{version}/export", slow(export_version), Role::predict},
    {"GET", "/api/v1/models/{version}/evaluations", Blocking{list_evaluations}, Role::predict},
    {"POST", "/api/v1/models/{version}/evaluations", Blocking{start_evaluation}},
    {"GET", "/api/v1/models/{version}/evaluations/{id}", Blocking{show_evaluation}, Role::predict},
    {"GET", "/api/v1/models/{version}/images/{sha256}", Blocking{show_model_image}},
    {"GET", "/api/v1/audit", Blocking{list_audit}},

    {"GET", "/api/v1/dataset", Blocking{show_dataset}},
    {"GET", "/api/v1/dataset.zip", slow(export_dataset)},
    {"GET", "/api/v1/dataset/images", Blocking{list_images}},
    {"POST", "/api/v1/dataset/images", slow(upload_images), kUploadBody},
    {"GET", "/api/v1/dataset/images/{sha256}", Blocking{show_image_entry}},
    {"PATCH", "/api/v1/dataset/images/{sha256}", slow(relabel_image)},
    {"DELETE", "/api/v1/dataset/images/{sha256}", slow(remove_image)},
    {"GET", "/api/v1/dataset/images/{sha256}/content", Blocking{show_image_file}},
    {"GET", "/api/v1/dataset/images/{sha256}/picture", Blocking{show_image_file}},  // deprecated
    {"POST", "/api/v1/dataset/relabel", slow(relabel_many)},
    {"POST", "/api/v1/dataset/delete", slow(remove_many)},
    {"POST", "/api/v1/dataset/layout", Blocking{read_dataset_layout}},
    {"POST", "/api/v1/dataset/classes/{name}/rename", slow(rename_dataset_class)},
    {"GET", "/api/v1/predictions", Blocking{list_predictions}},
    {"DELETE", "/api/v1/predictions", slow(delete_predictions)},
    {"GET", "/api/v1/predictions.csv", slow(export_predictions)},
    {"GET", "/api/v1/predictions/{id}", Blocking{show_prediction}},
    {"DELETE", "/api/v1/predictions/{id}", Blocking{delete_prediction}},
    {"GET", "/api/v1/predictions/{id}/image", Blocking{show_predicted_image}},
    {"GET", "/api/v1/predictions/{id}/picture", Blocking{show_predicted_image}},  // deprecated
    {"POST", "/api/v1/predictions/{id}/label", slow(label_prediction)},
    {"GET", "/api/v1/statistics", Blocking{show_statistics}, Role::predict},

    {"GET", "/api/v1/insights", Blocking{list_insights}, Role::predict},
    // Charts that show images need the role that may see the dataset.
    {"GET", "/api/v1/insights/sample_images.png", Blocking{draw_insight}},
    {"GET", "/api/v1/insights/sample_pictures.png", Blocking{draw_insight}},  // deprecated
    {"GET", "/api/v1/insights/worst_mistakes.png", Blocking{draw_insight}},
    {"GET", "/api/v1/insights/{name}.png", Blocking{draw_insight}, Role::predict},
    {"GET", "/api/v1/insights/sample_pictures", Blocking{show_insight},
     Role::predict},  // deprecated
    {"GET", "/api/v1/insights/{name}", Blocking{show_insight}, Role::predict},

    {"GET", "/v2", show_v2_server, Role::open},
    {"GET", "/v2/health/live", show_v2_alive, Role::open},
    {"GET", "/v2/health/ready", show_v2_ready, Role::open},
    server_wide({"GET", "/v2/models/{model}", show_v2_model, Role::predict}),
    server_wide({"GET", "/v2/models/{model}/ready", show_v2_model_ready, Role::predict}),
    server_wide({"POST", "/v2/models/{model}/infer", infer_v2, Role::predict}),
    server_wide({"GET", "/v2/models/{model}/versions/{version}", show_v2_model, Role::predict}),
    server_wide(
        {"GET", "/v2/models/{model}/versions/{version}/ready", show_v2_model_ready, Role::predict}),
    server_wide({"POST", "/v2/models/{model}/versions/{version}/infer", infer_v2, Role::predict}),
    server_wide({"POST", "/v2/repository/index", Blocking{list_v2_repository}, Role::predict}),
    server_wide({"POST", "/v2/repository/models/{model}/load", load_v2_model}),
    server_wide({"POST", "/v2/repository/models/{model}/unload", unload_v2_model}),
    {"GET", "/api/v1/jobs", Blocking{list_jobs}},
    {"POST", "/api/v1/jobs", slow(create_job)},
    {"POST", "/api/v1/jobs/plan", slow(plan_job)},
    {"GET", "/api/v1/jobs/{id}", Blocking{show_job}},
    {"DELETE", "/api/v1/jobs/{id}", Blocking{cancel_job}},
    {"POST", "/api/v1/jobs/{id}/resume", Blocking{resume_job}},
    {"GET", "/api/v1/jobs/{id}/events", Blocking{follow_job}},
    {"GET", "/api/v1/events", follow_everything},

    server_wide({"GET", "/api/v1/backbones", Blocking{list_backbones}, Role::predict}),
    server_wide({"GET", "/api/v1/backbones/{backbone}/weights", Blocking{show_backbone_weights},
                 Role::predict}),
    server_wide({"GET", "/api/v1/projects", Blocking{list_projects}, Role::predict}),
    server_wide({"POST", "/api/v1/projects", slow(create_project), kUploadBody}),
    {"GET", "/api/v1/project.zip", slow(download_project)},
    server_wide({"GET", "/api/v1/projects/{project}", Blocking{show_project}, Role::predict}),
    server_wide({"PATCH", "/api/v1/projects/{project}", slow(change_project)}),
    server_wide({"DELETE", "/api/v1/projects/{project}", slow(delete_project)}),
    server_wide({"POST", "/api/v1/projects/{project}/restore", slow(restore_project)}),
    server_wide({"DELETE", "/api/v1/projects/{project}/trash", slow(purge_project)}),

    {"GET", "/api/health", show_legacy_health, Role::open},
    {"POST", "/api/upload/training-data", slow(upload_legacy_images), kLegacyBody},
    {"POST", "/api/predict", legacy_predict, Role::predict, kLegacyBody},
    {"POST", "/api/predict/batch", legacy_predict_batch, Role::predict, kLegacyBody},
    {"GET", "/api/statistics", Blocking{show_legacy_statistics}, Role::predict},
    {"GET", "/api/model/info", show_legacy_model, Role::predict},
    {"GET", "/api/model/uptime", show_legacy_uptime, Role::open},
    {"GET", "/api/visualizations", Blocking{list_visualizations}, Role::predict},
    {"GET", "/static/visualizations/sample_images.png", Blocking{draw_visualization}},
    {"GET", "/static/visualizations/sample_pictures.png",
     Blocking{draw_visualization}},  // deprecated
    {"GET", "/static/visualizations/worst_mistakes.png", Blocking{draw_visualization}},
    {"GET", "/static/visualizations/{name}.png", Blocking{draw_visualization}, Role::predict},
    {"POST", "/api/model/evaluate", Blocking{show_legacy_evaluation}, Role::predict},
    {"POST", "/api/retrain", slow(legacy_retrain)},
    {"GET", "/api/retrain/status", Blocking{show_legacy_retrain}, Role::predict},
};

}  // namespace

Router make_router() {
  static const std::vector<Route> routes = with_queries(kRoutes, embedded_openapi());
  return Router(routes, show_page);
}

}  // namespace fovea::server
