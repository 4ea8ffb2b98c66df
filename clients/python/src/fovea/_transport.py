"""Requests with retries, and errors as exceptions."""

from __future__ import annotations

import copy
import email.utils
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Union
from urllib.parse import quote

import httpx

from ._errors import ApiError, TransportError

FIRST_WAIT = 0.5  # seconds before the first retry if the server does not say; doubled each time
RETRIED_STATUS = {429, 503}  # the server has not processed the request

API = "/api/v1/"
PROJECTS = "/api/v1/projects"

Form = list[tuple[str, tuple[Union[str, None], bytes]]]  # (field, (file name, content))


class Transport:
    """One server. Requests of several threads may run at the same time."""

    def __init__(
        self,
        url: str,
        token: str | None,
        timeout: float,
        retries: int,
        max_wait: float,
        verify: bool | str,
    ) -> None:
        headers = {"User-Agent": "fovea-python"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(verify, str):  # a file with the certificate of the server or of its authority
            import ssl

            context: Any = ssl.create_default_context(cafile=verify)
        else:
            context = verify
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=timeout, verify=context)
        self._retries = retries
        self._max_wait = max_wait
        self._project: str | None = None

    def of_project(self, name: str) -> Transport:
        """The same connections; paths below /api/v1/ become those of the project."""
        other = copy.copy(self)
        other._project = name
        return other

    def _path(self, path: str) -> str:
        if self._project is None or not path.startswith(API) or (path + "/").startswith(PROJECTS + "/"):
            return path
        return f"{PROJECTS}/{quote(self._project, safe='')}/{path.removeprefix(API)}"

    def close(self) -> None:
        self._http.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        return self.request(method, path, **options).json()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        form: Form | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> httpx.Response:
        """The response, if its status is not an error. Throws ApiError and TransportError.

        A request is repeated on 429 and 503, and if the server was not reachable. If the connection broke
        after the request was sent, only GET and `repeatable` requests are repeated.
        """
        path = self._path(path)
        request = {
            "params": query_of(query),
            "json": body,
            "content": content,
            "files": form,
            "headers": headers,
        }
        request = {name: value for name, value in request.items() if value is not None}
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
                if last or not (unsent or repeatable or method == "GET"):
                    raise TransportError(f"{method} {self._http.base_url}{path}: {error}") from error
                time.sleep(backoff(attempt))
                continue
            if response.status_code < 400:
                return response
            wait = self._wait_before_retry(response, attempt)
            if last or wait is None:
                raise api_error(response)
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _wait_before_retry(self, response: httpx.Response, attempt: int) -> float | None:
        """Seconds to wait; None if the request is not to be repeated."""
        if response.status_code not in RETRIED_STATUS:
            return None
        wait = retry_after(response.headers.get("Retry-After"))
        if wait is None:
            wait = backoff(attempt)
        return wait if wait <= self._max_wait else None

    @contextmanager
    def stream(
        self, path: str, headers: Mapping[str, str] | None = None, query: Mapping[str, Any] | None = None
    ) -> Iterator[httpx.Response]:
        """A response whose body is read piece by piece. Is not repeated."""
        path = self._path(path)
        try:
            with self._http.stream("GET", path, headers=headers, params=query_of(query)) as response:
                if response.status_code >= 400:
                    response.read()
                    raise api_error(response)
                yield response
        except httpx.TransportError as error:
            raise TransportError(f"GET {self._http.base_url}{path}: {error}") from error

    def download(
        self, path: str, file: str | os.PathLike[str], query: Mapping[str, Any] | None = None
    ) -> Path:
        """Writes a response to a file: to a temporary name first, so that the file is never incomplete."""
        target = Path(file)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as out, self.stream(path, query=query) as response:
                for piece in response.iter_bytes():
                    out.write(piece)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
        return target


def query_of(query: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Parameters as text, without those that are None."""
    if query is None:
        return None
    texts = {True: "true", False: "false"}
    return {
        name: texts[value] if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def backoff(attempt: int) -> float:
    return float(FIRST_WAIT * 2**attempt * random.uniform(0.75, 1.25))


def retry_after(field: str | None) -> float | None:
    """Seconds of a Retry-After field (RFC 9110, 10.2.3); None if it is absent or invalid."""
    if field is None:
        return None
    if field.strip().isdigit():
        return float(field)
    try:
        date = email.utils.parsedate_to_datetime(field)
    except (TypeError, ValueError):
        return None
    return max(0.0, date.timestamp() - time.time())


def api_error(response: httpx.Response) -> ApiError:
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or response.text[:500] or response.reason_phrase
    request_id = body.get("request_id") or response.headers.get("X-Request-Id")
    return ApiError(response.status_code, detail, request_id, body)
