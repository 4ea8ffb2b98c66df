#include "server/store/database.h"

namespace fovea::server {
namespace {

// Versions of the model, their aliases, and the audit log.
constexpr const char* kRegistry = R"(
CREATE TABLE versions(
  number INTEGER PRIMARY KEY,           -- increasing, never reused
  model_sha256 TEXT NOT NULL,           -- of the model file in files/
  weights_sha256 TEXT NOT NULL,
  features_sha256 TEXT,                 -- of the feature statistics in files/, if there are any
  manifest TEXT NOT NULL,               -- parent, data revision, recipe, metrics, calibration ...
  created INTEGER NOT NULL,
  removed INTEGER                       -- when its files were deleted; the row stays
);
CREATE TABLE aliases(
  name TEXT PRIMARY KEY,                -- champion, challenger, previous
  version INTEGER NOT NULL REFERENCES versions(number)
);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,                  -- "admin", "local", "job 7", "server"
  action TEXT NOT NULL,                 -- "activate", "publish", "delete history" ...
  subject TEXT NOT NULL,                -- "version 3"
  detail TEXT NOT NULL                  -- JSON
);
)";

// The prediction history.
constexpr const char* kPredictions = R"(
CREATE TABLE prediction_models(         -- the models that made the predictions
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  weights_sha256 TEXT NOT NULL,
  classes TEXT NOT NULL,                -- JSON array
  UNIQUE(version, weights_sha256, name)
);
CREATE TABLE pictures(                  -- image files as sent, the oldest are removed
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256 TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  bytes BLOB NOT NULL
);
CREATE TABLE predictions(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  source TEXT NOT NULL,                 -- "v1", "ancestor", "v2"
  file TEXT NOT NULL,                   -- the name the client gave
  picture_sha256 TEXT NOT NULL,         -- of the file, whether it is stored or not
  picture INTEGER,                      -- row of pictures, may be removed; NULL: never stored
  model INTEGER NOT NULL REFERENCES prediction_models(id),
  label TEXT NOT NULL,
  probability REAL NOT NULL,
  uncertain INTEGER NOT NULL,
  probabilities BLOB NOT NULL,          -- 32-bit floats, little-endian, in the model's class order
  decode_ms REAL NOT NULL, queue_ms REAL NOT NULL, compute_ms REAL NOT NULL,
  right_label TEXT,                     -- the true class, entered by a user
  labelled INTEGER                      -- when
);
CREATE INDEX predictions_by_time ON predictions(time);
CREATE INDEX predictions_by_label ON predictions(label);
CREATE INDEX predictions_by_model ON predictions(model);
CREATE INDEX predictions_by_picture ON predictions(picture) WHERE picture IS NOT NULL;
CREATE INDEX predictions_uncertain ON predictions(uncertain) WHERE uncertain = 1;
CREATE INDEX predictions_labelled ON predictions(time) WHERE right_label IS NOT NULL;
CREATE TABLE prediction_tallies(        -- statistics of a minute or an hour
  span INTEGER NOT NULL,                -- seconds: 60 or 3600
  start INTEGER NOT NULL,               -- seconds since 1970, a multiple of span
  model INTEGER NOT NULL REFERENCES prediction_models(id),
  tally TEXT NOT NULL,                  -- JSON, server/store/tally.cpp
  PRIMARY KEY(span, start, model)
) WITHOUT ROWID;
CREATE TABLE prediction_totals(         -- maintained by every change, so that nothing is counted
  name TEXT PRIMARY KEY,                -- rows, picture_bytes, tallied (last id in the tallies)
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO prediction_totals VALUES('rows', 0), ('picture_bytes', 0), ('tallied', 0);
)";

// Jobs and evaluations.
constexpr const char* kJobs = R"(
CREATE TABLE jobs(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                   -- retrain, evaluate, import
  state TEXT NOT NULL,                  -- queued running succeeded failed canceled interrupted
  reason TEXT NOT NULL DEFAULT '',      -- why it failed or was interrupted
  options TEXT NOT NULL,                -- JSON, as accepted
  idempotency_key TEXT UNIQUE,
  created INTEGER NOT NULL,
  started INTEGER,
  ended INTEGER,
  result TEXT                           -- JSON: version, verdict, forgetting report ...
);
CREATE TABLE job_events(
  job INTEGER NOT NULL REFERENCES jobs(id),
  number INTEGER NOT NULL,              -- from 1, per job: the id of the server-sent event
  time INTEGER NOT NULL,
  event TEXT NOT NULL,                  -- JSON line from the worker
  PRIMARY KEY(job, number)
) WITHOUT ROWID;
CREATE TABLE evaluations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version INTEGER NOT NULL REFERENCES versions(number),
  job INTEGER REFERENCES jobs(id),      -- NULL: published with the model
  data_revision TEXT NOT NULL,
  split TEXT NOT NULL,
  created INTEGER NOT NULL,
  evaluation TEXT NOT NULL              -- JSON, docs/evaluation.md
);
CREATE INDEX evaluations_by_version ON evaluations(version);
)";

// Renames "picture" to "image" and "ancestor" to "legacy" in table and column names and in the JSON
// documents that the API returns.
constexpr const char* kRenames = R"(
ALTER TABLE pictures RENAME TO images;
ALTER TABLE predictions RENAME COLUMN picture_sha256 TO image_sha256;
ALTER TABLE predictions RENAME COLUMN picture TO image;
DROP INDEX predictions_by_picture;
CREATE INDEX predictions_by_image ON predictions(image) WHERE image IS NOT NULL;
UPDATE prediction_totals SET name = 'image_bytes' WHERE name = 'picture_bytes';
UPDATE predictions SET source = 'legacy' WHERE source = 'ancestor';
UPDATE evaluations SET evaluation =
  replace(replace(evaluation, '"pictures":', '"images":'), '"picture":', '"image":');
UPDATE jobs SET result = replace(replace(replace(result, '"pictures":', '"images":'),
  '"classes_without_pictures":', '"classes_without_images":'),
  '"too_few_pictures":', '"too_few_images":') WHERE result IS NOT NULL;
UPDATE jobs SET options = replace(options, '"min_old_pictures":', '"min_old_images":');
UPDATE versions SET manifest = replace(replace(replace(manifest, '"pictures":', '"images":'),
  '"classes_without_pictures":', '"classes_without_images":'),
  '"too_few_pictures":', '"too_few_images":');
)";

// Several processes may run jobs.
constexpr const char* kRunners = R"(
ALTER TABLE jobs ADD COLUMN runner TEXT;            -- the process that runs or ran the job
ALTER TABLE jobs ADD COLUMN heartbeat INTEGER;      -- when the runner last reported
ALTER TABLE jobs ADD COLUMN cancel_requested INTEGER NOT NULL DEFAULT 0;
)";

}  // namespace

const std::vector<std::string>& migrations() {
  static const std::vector<std::string> steps{kRegistry, kPredictions, kJobs, kRenames, kRunners};
  return steps;
}

}  // namespace fovea::server
