#include "server/store/postgres/copied_tables.h"

namespace fovea::server::postgres {
namespace {

Column integer(const char* name, const char* source = "") {
  return {name, Kind::integer, source};
}
Column boolean(const char* name) {
  return {name, Kind::boolean, ""};
}
Column real(const char* name) {
  return {name, Kind::real, ""};
}
Column text(const char* name) {
  return {name, Kind::text, ""};
}
Column bytes(const char* name) {
  return {name, Kind::bytes, ""};
}

std::vector<Table> versions_and_history() {
  return {
      {"versions",
       {integer("number"), text("model_sha256"), text("weights_sha256"), text("features_sha256"),
        text("manifest"), integer("created"), integer("removed")},
       "number",
       "number"},
      {"aliases", {text("name"), integer("version")}, "name"},
      {"audit",
       {integer("id"), integer("time"), text("actor"), text("action"), text("subject"),
        text("detail")},
       "id",
       "id"},
      {"prediction_models",
       {integer("id"), text("name"), integer("version"), text("weights_sha256"), text("classes")},
       "id",
       "id"},
      {"images",
       {integer("id"), text("sha256"), integer("size"), bytes("bytes")},
       "id",
       "id",
       "",
       8},
      {"predictions",
       {integer("id"), integer("time"), text("request_id"), text("source"), text("file"),
        text("image_sha256"), integer("image"), integer("model"), text("label"),
        real("probability"), boolean("uncertain"), bytes("probabilities"), real("decode_ms"),
        real("queue_ms"), real("compute_ms"), text("right_label"), integer("labelled")},
       "id",
       "id"},
      {"prediction_tallies",
       {integer("span"), integer("start"), integer("model"), text("tally")},
       "span, start, model"},
      {"prediction_totals",
       {text("name"), integer("slot", "0"), integer("value")},
       "name",
       "",
       "name IN ('rows', 'image_bytes')"},
  };
}

std::vector<Table> jobs_and_evaluations() {
  return {
      {"jobs",
       {integer("id"), text("kind"), text("state"), text("reason"), text("options"),
        text("idempotency_key"), integer("created"), integer("started"), integer("ended"),
        text("result"),
        integer("last_event",
                "(SELECT coalesce(max(number), 0) FROM job_events WHERE job = jobs.id)"),
        text("runner"), integer("heartbeat"), boolean("cancel_requested")},
       "id",
       "id"},
      {"job_events",
       {integer("job"), integer("number"), integer("time"), text("event")},
       "job, number"},
      {"evaluations",
       {integer("id"), integer("version"), integer("job"), text("data_revision"), text("split"),
        integer("created"),
        integer("image_count",
                "CASE WHEN json_valid(evaluation) THEN "
                "coalesce(json_extract(evaluation, '$.data.count'), 0) ELSE 0 END"),
        text("evaluation")},
       "id",
       "id",
       "",
       20},
  };
}

}  // namespace

const std::vector<Table>& copied_tables() {
  static const std::vector<Table> tables = [] {
    std::vector<Table> all = versions_and_history();
    for (const Table& table : jobs_and_evaluations()) all.push_back(table);
    return all;
  }();
  return tables;
}

}  // namespace fovea::server::postgres
