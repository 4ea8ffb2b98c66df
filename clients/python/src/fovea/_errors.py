"""The errors of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._types import Job


class FoveaError(Exception):
    """Base class of all errors of this package."""


class TransportError(FoveaError):
    """No response: the server is not reachable, a timeout, or a broken connection."""


class ApiError(FoveaError):
    """The server responded with an error (RFC 9457 problem details).

    `status` is the HTTP status, `detail` the text of the server, `request_id` the id under which the server's
    log has the request, `body` the whole response object.
    """

    def __init__(self, status: int, detail: str, request_id: str | None, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {detail}" + (f" (request {request_id})" if request_id else ""))
        self.status = status
        self.detail = detail
        self.request_id = request_id
        self.body = body


class ImageError(FoveaError):
    """The server could not read an image. `file` names it."""

    def __init__(self, file: str, detail: str) -> None:
        super().__init__(f"{file}: {detail}")
        self.file = file
        self.detail = detail


class JobError(FoveaError):
    """A job ended without success. `job` has its state and reason."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.id} ({job.kind}) {job.state}" + (f": {job.reason}" if job.reason else ""))
        self.job = job
