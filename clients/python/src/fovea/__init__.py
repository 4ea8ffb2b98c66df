"""Client of the Fovea image classifier. `Client` has all operations; the other names are its types."""

from ._client import Client
from ._errors import ApiError, FoveaError, ImageError, JobError, TransportError
from ._types import (
    ClassProbability,
    FileResult,
    Job,
    JobEvent,
    Prediction,
    Rule,
    Sample,
    UploadReport,
    Verdict,
)

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "ClassProbability",
    "Client",
    "FileResult",
    "FoveaError",
    "ImageError",
    "Job",
    "JobError",
    "JobEvent",
    "Prediction",
    "Rule",
    "Sample",
    "TransportError",
    "UploadReport",
    "Verdict",
    "__version__",
]
