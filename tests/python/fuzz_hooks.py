"""Settings for schemathesis that the OpenAPI document cannot express."""

import re

import schemathesis

# Findings that are correct responses, because JSON Schema cannot express the rule: (checks, operation, part
# of the response), all regular expressions. ST101: status of 500 or more. ST202: a valid request was
# rejected. ST201: an invalid request was accepted. ST301: a resource exists after its DELETE.
ACCEPTED = [
    # A path with %00, a form with invalid part names, a key that was used before.
    ("ST202", r".", r"contains a NUL|multipart body, part|Idempotency-Key was used"),
    # Whether bytes are an image, an archive or a model; rules across the parts of an upload.
    (
        "ST202",
        r"POST /api/(v1/)?(predict|dataset|upload|models)",
        r"JPEG|image|archive|in the form or in the address|labels|splits|charset|model file",
    ),
    # Form parts are text or bytes, so a part cannot have the wrong type.
    ("ST201", r"POST /api/(predict/batch|upload)", r"total_errors|files_saved"),
    # Tensors: lengths, shapes and values must be consistent.
    ("ST202", r"POST /v2/models/.*infer", r'"status":400'),
    # Whether a retraining is possible depends on earlier uploads and deletions.
    ("ST202", r"POST /api/(v1/jobs|retrain)", r"there are no new images|no training images yet"),
    # The job queue is full from earlier requests.
    ("ST101|ST202", r"POST /api/", r"the job queue is full"),
    ("ST202", r"GET /api/v1/models/.*/export", r"ONNX files have full precision only"),
    # Query parameters that exclude each other; charts of the history cover all versions, and only some charts
    # are based on an evaluation.
    ("ST202", r"GET /api/v1/(dataset/images|insights/)", r"not both|leave out (version|evaluation)"),
    ("ST202", r"GET /api/v1/insights/", r'unknown query parameter ."evaluation'),
    # Required by the protocol and by older clients.
    ("ST202", r"POST /v2/repository/models/.*/unload", r"cannot be unloaded"),
    ("ST202", r"POST /api/retrain", r"wait for it or cancel it"),
    # DELETE cancels a job and removes the files of a version; their records remain.
    ("ST301", r".* /api/v1/(jobs|models)/", r"."),
]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    return not any(
        re.match(checks, failure.code)
        and re.match(where, case.operation.label)
        and re.search(what, response.text)
        for checks, where, what in ACCEPTED
    )


@schemathesis.hook
def filter_case(context, case):
    """Leaves out requests that would download data."""
    return not (isinstance(case.body, dict) and case.body.get("kind") == "import")
