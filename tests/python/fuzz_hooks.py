"""What schemathesis is told about this API beside its document."""

import re

import schemathesis

# Answers that look wrong only because JSON Schema cannot say what is asked for: (checks, operation,
# part of the answer), regular expressions all. ST101: a status of 500 or more; ST202: a request that
# fits the document was refused; ST201: one that does not was accepted; ST301: something is there
# after its DELETE.
ACCEPTED = [
    # An address with %00, a form whose parts have names that no client may write so, a key used before.
    ("ST202", r".", r"holds a NUL|multipart body, part|Idempotency-Key was used"),
    # Whether bytes are an image, an archive or a model, and what the parts of an upload say together.
    (
        "ST202",
        r"POST /api/(v1/)?(predict|dataset|upload|models)",
        r"JPEG|image|archive|in the form or in the address|labels|model file",
    ),
    # In a form everything is text or bytes: a part cannot have the wrong type.
    ("ST201", r"POST /api/(predict/batch|upload)", r"total_errors|files_saved"),
    # Tensors: lengths, shapes and values that must fit each other.
    ("ST202", r"POST /v2/models/.*infer", r'"status":400'),
    # Whether there is something to learn depends on what was uploaded and removed before.
    ("ST202", r"POST /api/(v1/jobs|retrain)", r"nothing new to learn|no images to work with"),
    # The queue of jobs is full of what was asked for before.
    ("ST101|ST202", r"POST /api/", r"jobs are waiting already"),
    # Two query fields that exclude each other; charts of the history are about all versions,
    # and only some charts are made from an evaluation.
    ("ST202", r"GET /api/v1/(dataset/images|insights/)", r"not both|leave out (version|evaluation)"),
    # Told by the protocol, and by older clients.
    ("ST202", r"POST /v2/repository/models/.*/unload", r"cannot be unloaded"),
    ("ST202", r"POST /api/retrain", r"wait for it or cancel it"),
    # DELETE cancels a job, and gives up a version's files; what is known of them stays.
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
    """Nothing that leaves this machine."""
    return not (isinstance(case.body, dict) and case.body.get("kind") == "import")
