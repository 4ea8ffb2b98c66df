#include <nlohmann/json.hpp>

#include "server/store/postgres/job_store.h"
#include "server/store/time_columns.h"

namespace fovea::server::postgres {
namespace {

const std::string kSelectEvaluation =
    "SELECT id, version, job, data_revision, split, created, image_count, ";

Evaluation read_evaluation(const Result& rows, int i) {
  return {rows.integer(i, 0), static_cast<int>(rows.integer(i, 1)),
          rows.integer(i, 2), rows.text(i, 3),
          rows.text(i, 4),    from_sql(rows.integer(i, 5)),
          rows.integer(i, 6), rows.text(i, 7)};
}

}  // namespace

std::int64_t count_of_evaluation(const std::string& document) {
  const auto json = nlohmann::json::parse(document, nullptr, false);
  const nlohmann::json::json_pointer count("/data/count");
  if (json.is_discarded() || !json.contains(count)) return 0;
  return json[count].is_number_integer() ? json[count].get<std::int64_t>() : 0;
}

std::int64_t PostgresJobStore::add_evaluation(const Evaluation& evaluation) {
  const auto job = evaluation.job == 0 ? std::nullopt : std::optional(evaluation.job);
  const std::int64_t count = count_of_evaluation(evaluation.evaluation);
  return database_.write([&](Connection& connection) {
    return connection
        .exec(std::string("INSERT INTO evaluations(version, job, data_revision, split, created, "
                          "image_count, evaluation) VALUES($1, $2, $3, $4, ") +
                  kNow + ", $5, $6) RETURNING id",
              Params::of(evaluation.version, job, evaluation.data_revision, evaluation.split, count,
                         evaluation.evaluation))
        .integer(0, 0);
  });
}

std::optional<Evaluation> PostgresJobStore::get_evaluation(std::int64_t id) {
  return database_.read([&](Connection& connection) -> std::optional<Evaluation> {
    const Result row = connection.exec(
        kSelectEvaluation + "evaluation FROM evaluations WHERE id = $1", Params::of(id));
    if (row.rows() == 0) return std::nullopt;
    return read_evaluation(row, 0);
  });
}

std::vector<Evaluation> PostgresJobStore::evaluations(int version, int limit) {
  return database_.read([&](Connection& connection) {
    const Result rows = connection.exec(
        kSelectEvaluation + "'' FROM evaluations WHERE version = $1 ORDER BY id DESC LIMIT $2",
        Params::of(version, limit));
    std::vector<Evaluation> found;
    for (int i = 0; i < rows.rows(); ++i) found.push_back(read_evaluation(rows, i));
    return found;
  });
}

}  // namespace fovea::server::postgres
