"""The client."""

from __future__ import annotations

import copy
import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Callable
from urllib.parse import quote

import httpx

from ._errors import ApiError, ImageError, JobError, TransportError
from ._images import SPLIT_ORDER, ImageLike, batches, image_paths, is_array, named_file
from ._metrics import parse_metrics
from ._transport import Form, Transport
from ._types import FileResult, Job, JobEvent, Prediction, Sample, UploadReport, Verdict

MAX_IMAGES = 500  # per request; the server accepts 1,000
MAX_BYTES = 16 << 20  # of the images of a request; the default limit of the server is 32 MiB


class Client:
    """A connection to one server. Threads may share it; close it, or use it in a `with` statement.

    `token` is sent with every request. `timeout` in seconds applies to connecting and to each wait for data.
    Requests are repeated up to `retries` times on 429 and 503, after the time that the server requests (if
    that is at most `max_wait` seconds), and if the server is not reachable. `verify` is the file of a
    certificate to trust, or False to accept any certificate. With `project`, all methods except those for
    projects refer to this project of the server instead of the default one.

    Every method raises ApiError for an error response, and TransportError when no response arrives.
    """

    def __init__(
        self,
        url: str = "http://localhost:8080",
        *,
        token: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        max_wait: float = 60.0,
        verify: bool | str = True,
        project: str | None = None,
    ) -> None:
        self._transport = Transport(url, token, timeout, retries, max_wait, verify)
        if project is not None:
            self._transport = self._transport.of_project(project)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    # Projects

    def project(self, name: str) -> Client:
        """A client for another project of the server. It uses the connections of this one."""
        other = copy.copy(self)
        other._transport = self._transport.of_project(name)
        return other

    def projects(self) -> list[dict[str, Any]]:
        return list(self._object("GET", "/api/v1/projects")["projects"])

    def deleted_projects(self) -> list[dict[str, Any]]:
        """Those that can be restored."""
        return list(self._object("GET", "/api/v1/projects")["deleted"])

    def create_project(
        self, name: str, *, title: str | None = None, preset: str | None = None, backbone: str | None = None
    ) -> dict[str, Any]:
        """Creates a project without images and without a model. `preset`: network of its first training."""
        members = {"name": name, "title": title, "preset": preset, "backbone": backbone}
        body = {key: value for key, value in members.items() if value is not None}
        return self._object("POST", "/api/v1/projects", body=body)

    def download_project(self, file: str | os.PathLike[str]) -> Path:
        """Writes images, labels, splits and versions to a zip file, which import_project() reads."""
        return self._transport.download("/api/v1/project.zip", file)

    def import_project(self, name: str, file: str | os.PathLike[str]) -> dict[str, Any]:
        """Creates a project from the archive of download_project()."""
        content = Path(file).read_bytes()
        headers = {"Content-Type": "application/zip"}
        return self._object(
            "POST", "/api/v1/projects", query={"name": name}, content=content, headers=headers
        )

    def rename_project(self, name: str, new_name: str) -> dict[str, Any]:
        return self._object("PATCH", project_path(name), body={"name": new_name})

    def delete_project(self, name: str) -> None:
        """It can be restored for 30 days."""
        self._transport.request("DELETE", project_path(name))

    def restore_project(self, name: str) -> dict[str, Any]:
        return self._object("POST", project_path(name) + "/restore")

    # Predictions

    def predict(
        self,
        image: ImageLike,
        *,
        top_k: int | None = None,
        threshold: float | None = None,
        explain: bool = False,
    ) -> Prediction:
        """Classifies one image: a path, the bytes of a file, an open binary file or an array of uint8.

        `explain` adds an `activation_map`, which says what of the image counts for the class. Not every
        model has one.

        Throws ImageError if the server cannot read the image.
        """
        shape = getattr(image, "shape", ())
        if is_array(image) and len(shape) == 4:
            raise ValueError(f"the array has the shape {shape}; use predict_many for several images")
        result = self.predict_many([image], top_k=top_k, threshold=threshold, explain=explain)[0]
        if result.error is not None:
            raise ImageError(result.file, result.error)
        return result

    def predict_many(
        self,
        images: Iterable[ImageLike],
        *,
        top_k: int | None = None,
        threshold: float | None = None,
        explain: bool = False,
    ) -> list[Prediction]:
        """Classifies images in requests of up to 500. An array has the axes {n, h, w, channels}.

        One prediction per image, in order. An unreadable image has an `error` and does not affect the others.
        """
        files = (named_file(image, i) for i, image in enumerate(images))
        query = {"top_k": top_k, "threshold": threshold, "explain": "true" if explain else None}
        predictions: list[Prediction] = []
        for group in batches(files, MAX_IMAGES, MAX_BYTES):
            form: Form = [("file", file) for file in group]
            try:
                body = self._transport.json("POST", "/api/v1/predict", query=query, form=form)
            except ApiError as error:
                if error.status != 422 or "results" not in error.body:
                    raise
                body = error.body  # none of the images is readable
            predictions += [Prediction.of(result, body) for result in body["results"]]
        return predictions

    # Training data

    def upload(
        self,
        images: Iterable[ImageLike],
        label: str | None = None,
        *,
        labels: Sequence[str] | None = None,
        partial: bool = False,
    ) -> UploadReport:
        """Adds images to the dataset, with one `label` for all or one of `labels` for each.

        Each request of up to 500 images is atomic. A file that is rejected has the reason in its result. If
        more than half of a request are rejected, an ApiError is raised and the request adds nothing, unless
        `partial`.
        """
        if (label is None) == (labels is None):
            raise ValueError("upload needs either label or labels")
        files = [named_file(image, i) for i, image in enumerate(images)]
        each = [label] * len(files) if labels is None else list(labels)
        if len(each) != len(files):
            raise ValueError(f"there are {len(files)} images and {len(each)} labels")
        if not files:
            raise ValueError("there are no images to upload")
        report: UploadReport | None = None
        position = 0
        for group in batches(iter(files), MAX_IMAGES, MAX_BYTES):
            form: Form = [("file", file) for file in group]
            for text in each[position : position + len(group)]:
                form.append(("label", (None, str(text).encode())))
            position += len(group)
            report = self._add(report, {"partial": partial}, form=form)
        assert report is not None
        return report

    def upload_folder(self, folder: str | os.PathLike[str], *, partial: bool = False) -> UploadReport:
        """Adds the images of CLASS/IMAGE or train|val|test/CLASS/IMAGE below a folder.

        The server reads the tree as it reads an archive of it. Images without a class are rejected. If more
        than half are, a ValueError is raised and nothing is sent, unless `partial`; see also `upload`.
        """
        paths = image_paths(Path(folder))
        layout = self._object("POST", "/api/v1/dataset/layout", body={"paths": paths})
        placed: list[tuple[str, int, str]] = []  # label, order of the split, path
        rejected: list[FileResult] = []
        for path, place in zip(paths, layout["files"]):
            if "problem" in place:
                raw = {"file": path, "verdict": "rejected", "reason": place["problem"]}
                rejected.append(FileResult(path, "rejected", place["problem"], raw))
            elif "label" in place:
                placed.append((place["label"], SPLIT_ORDER.index(place.get("split", "")), path))
        if not placed or (len(rejected) > len(placed) and not partial):
            first = rejected[0]
            raise ValueError(
                f"{len(rejected)} of {len(rejected) + len(placed)} images in {folder} have no class, "
                f"for example {first.file}: {first.reason}"
            )
        placed.sort()
        query = {"partial": partial, "val_fraction": layout["val_fraction"]}
        contents = ((path, Path(folder, path).read_bytes()) for _, _, path in placed)
        report: UploadReport | None = None
        position = 0
        for group in batches(contents, MAX_IMAGES, MAX_BYTES):
            form: Form = [("file", file) for file in group]
            for label, split, _ in placed[position : position + len(group)]:
                form.append(("label", (None, label.encode())))
                form.append(("split", (None, SPLIT_ORDER[split].encode())))
            position += len(group)
            report = self._add(report, query, form=form)
        assert report is not None
        return report.with_rejected(rejected)

    def upload_archive(
        self,
        archive: str | os.PathLike[str] | bytes,
        *,
        partial: bool = False,
        names_charset: str | None = None,
    ) -> UploadReport:
        """Adds the images of an archive of class folders (.zip, .tar, .tar.gz, .tar.xz).

        `names_charset` is the charset of names that are not UTF-8, for example "cp437". For `partial` see
        `upload`.
        """
        content = archive if isinstance(archive, bytes) else Path(archive).read_bytes()
        return self._add(None, {"partial": partial, "names_charset": names_charset}, content=content)

    def _add(self, before: UploadReport | None, query: dict[str, Any], **body: Any) -> UploadReport:
        # Repeating an upload is harmless: the images are duplicates then.
        report = UploadReport.of(
            self._transport.json("POST", "/api/v1/dataset/images", query=query, repeatable=True, **body)
        )
        return report if before is None else before + report

    def dataset(self) -> dict[str, Any]:
        """The counts of the training data per class and split, and its revision."""
        return self._object("GET", "/api/v1/dataset")

    def dataset_images(
        self,
        *,
        label: str | None = None,
        split: str | None = None,
        source: str | None = None,
        search: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The images of the dataset that match all filters, newest first."""
        query = {"label": label, "split": split, "source": source, "search": search, "limit": 1000}
        cursor: str | None = None
        while True:
            page = self._object("GET", "/api/v1/dataset/images", query={**query, "cursor": cursor})
            yield from page["images"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def relabel_images(self, sha256: Sequence[str], label: str) -> dict[str, Any]:
        return self._object("POST", "/api/v1/dataset/relabel", body={"sha256": list(sha256), "label": label})

    def delete_images(self, sha256: Sequence[str]) -> dict[str, Any]:
        return self._object("POST", "/api/v1/dataset/delete", body={"sha256": list(sha256)})

    def rename_class(self, name: str, new_name: str) -> dict[str, Any]:
        path = f"/api/v1/dataset/classes/{quote(name, safe='')}/rename"
        return self._object("POST", path, body={"name": new_name})

    def download_dataset(self, file: str | os.PathLike[str]) -> Path:
        """Writes the dataset as a zip archive. Importing it keeps the splits."""
        return self._transport.download("/api/v1/dataset.zip", file)

    # Jobs

    def retrain(self, **options: Any) -> Job:
        """Starts a retraining of the active version. Options: see POST /api/v1/jobs."""
        return self._start("/api/v1/jobs", {"kind": "retrain", **options})

    def plan(self, **options: Any) -> dict[str, Any]:
        """What a retraining with these options would do and need, without starting it."""
        return self._object("POST", "/api/v1/jobs/plan", body={"kind": "retrain", **options})

    def start_evaluation(self, version: int | str = "champion", split: str = "test") -> Job:
        return self._start(f"/api/v1/models/{version}/evaluations", {"split": split})

    def import_dataset(self, source: str = "cifar10") -> Job:
        """Lets the server download and import a public dataset."""
        return self._start("/api/v1/jobs", {"kind": "import", "source": source})

    def _start(self, path: str, options: dict[str, Any]) -> Job:
        # The key makes it safe to repeat the request: the server then returns the same job.
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return Job.of(self._transport.json("POST", path, body=options, headers=headers, repeatable=True))

    def job(self, job: Job | int) -> Job:
        return Job.of(self._object("GET", f"/api/v1/jobs/{job_id(job)}"))

    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first, without their histories."""
        for body in self._pages("/api/v1/jobs", "jobs", 100):
            yield Job.of(body)

    def cancel(self, job: Job | int) -> Job:
        return Job.of(self._object("DELETE", f"/api/v1/jobs/{job_id(job)}"))

    def resume(self, job: Job | int) -> Job:
        return Job.of(self._object("POST", f"/api/v1/jobs/{job_id(job)}/resume"))

    def events(self, job: Job | int, *, after: int = 0, timeout: float | None = None) -> Iterator[JobEvent]:
        """The events of a job until it ends. Reconnects where a broken connection stopped.

        Throws TimeoutError after `timeout` seconds.
        """
        number = job_id(job)
        deadline = None if timeout is None else time.monotonic() + timeout
        failures = 0
        while True:
            try:
                for event in self._events_once(number, after, deadline):
                    failures = 0
                    after = event.id if event.id is not None else after
                    yield event
                if self.job(number).ended:
                    return
            except (TransportError, ApiError) as error:
                retried = isinstance(error, TransportError) or error.status in (429, 503)
                failures += 1
                if not retried or failures > 5:
                    raise
            check_deadline(number, deadline)
            time.sleep(0.5)

    def _events_once(self, number: int, after: int, deadline: float | None) -> Iterator[JobEvent]:
        """Parses one stream of server-sent events (HTML standard, 9.2.6)."""
        path = f"/api/v1/jobs/{number}/events"
        name, data, identity = "message", [], None  # type: str, list[str], int | None
        with self._transport.stream(path, headers={"Last-Event-ID": str(after)}) as response:
            for line in response.iter_lines():
                check_deadline(number, deadline)
                field, _, value = line.partition(":")
                value = value[1:] if value.startswith(" ") else value
                if line == "":
                    if data:
                        yield JobEvent(name, json.loads("\n".join(data)), identity)
                    name, data, identity = "message", [], None
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif field == "id" and value.isdigit():
                    identity = int(value)

    def wait(
        self,
        job: Job | int,
        *,
        timeout: float | None = None,
        on_event: Callable[[JobEvent], None] | None = None,
    ) -> Job:
        """Follows a job until it ends and returns it; a retraining then has a `verdict`.

        Calls `on_event` for each event. Throws JobError if the job did not succeed, and TimeoutError.
        """
        for event in self.events(job, timeout=timeout):
            if on_event is not None:
                on_event(event)
        ended = self.job(job)
        if ended.state != "succeeded":
            raise JobError(ended)
        return ended

    def retrain_and_wait(
        self,
        *,
        timeout: float | None = None,
        on_event: Callable[[JobEvent], None] | None = None,
        **options: Any,
    ) -> Verdict:
        """Retrains and returns the verdict of the gate."""
        verdict = self.wait(self.retrain(**options), timeout=timeout, on_event=on_event).verdict
        assert verdict is not None
        return verdict

    # Evaluations

    def evaluate(
        self, version: int | str = "champion", split: str = "test", *, timeout: float | None = None
    ) -> dict[str, Any]:
        """Evaluates a version on a split of the dataset and returns the evaluation document."""
        job = self.wait(self.start_evaluation(version, split), timeout=timeout)
        result = job.result or {}
        return self.evaluation(result["version"], result["evaluation"])

    def evaluations(self, version: int | str = "champion") -> list[dict[str, Any]]:
        """The evaluations of a version, newest first; that of the model file is last."""
        path = f"/api/v1/models/{version}/evaluations"
        return list(self._object("GET", path, query={"limit": 100})["evaluations"])

    def evaluation(self, version: int | str = "champion", evaluation: int | str = "model") -> dict[str, Any]:
        """An evaluation document (docs/evaluation.md). `model` is that of the model file."""
        body = self._object("GET", f"/api/v1/models/{version}/evaluations/{evaluation}")
        return dict(body["evaluation"])

    # Versions

    def model(self) -> dict[str, Any]:
        """The active model: classes, input size, layers, provenance."""
        return self._object("GET", "/api/v1/model")

    def versions(self) -> Iterator[dict[str, Any]]:
        """All versions, newest first."""
        return self._pages("/api/v1/models", "versions", 100)

    def version(self, version: int | str = "champion") -> dict[str, Any]:
        """A version with its manifest. `champion` is the active version, `challenger` the candidate."""
        return self._object("GET", f"/api/v1/models/{version}")

    def activate(self, version: int | str, reason: str | None = None) -> dict[str, Any]:
        return self._object("POST", f"/api/v1/models/{version}/activate", body=reason_body(reason))

    def rollback(self, reason: str | None = None) -> dict[str, Any]:
        """Activates the previous version and returns it."""
        return self._object("POST", "/api/v1/models/rollback", body=reason_body(reason))

    def set_candidate(self, version: int | str, reason: str | None = None) -> dict[str, Any]:
        body = {"version": version, **reason_body(reason)}
        return self._object("PUT", "/api/v1/models/aliases/challenger", body=body)

    def clear_candidate(self) -> None:
        self._transport.request("DELETE", "/api/v1/models/aliases/challenger")

    def delete_version(self, version: int | str) -> None:
        """Removes the files of a version; its number and manifest remain."""
        self._transport.request("DELETE", f"/api/v1/models/{version}")

    def upload_model(
        self, model: str | os.PathLike[str], features: str | os.PathLike[str] | None = None
    ) -> dict[str, Any]:
        """Adds a model file as a new version, which is not activated."""
        form: Form = [("model", (Path(model).name, Path(model).read_bytes()))]
        if features is not None:
            form.append(("features", (Path(features).name, Path(features).read_bytes())))
        return self._object("POST", "/api/v1/models", form=form)

    def download_weights(self, file: str | os.PathLike[str], version: int | str = "champion") -> Path:
        """Writes the model file of a version (safetensors)."""
        return self._transport.download(f"/api/v1/models/{version}/weights", file)

    def export_model(
        self,
        file: str | os.PathLike[str],
        format: str,
        version: int | str = "champion",
        *,
        precision: str | None = None,
    ) -> Path:
        """Writes a version for use elsewhere. `format`: "safetensors", "onnx" or "html".

        An HTML file contains the engine, the model and a page, and classifies images in any browser without a
        server. `precision` of the weights: "half" (the default for HTML) or "full".
        """
        query = {"format": format, "precision": precision}
        return self._transport.download(f"/api/v1/models/{version}/export", file, query=query)

    def download_features(self, file: str | os.PathLike[str], version: int | str = "champion") -> Path:
        """Writes the feature statistics of a version."""
        return self._transport.download(f"/api/v1/models/{version}/features", file)

    # History

    def history(self, *, limit: int | None = None, **filters: Any) -> Iterator[dict[str, Any]]:
        """The stored predictions that match all filters, newest first.

        Filters: label, version, from_ and to (date or time), uncertain, labelled, min_probability,
        max_probability, search. `limit` is the largest number of predictions.
        """
        query = {name.rstrip("_"): value for name, value in filters.items()}
        size = 1000 if limit is None else max(1, min(limit, 1000))
        for count, entry in enumerate(self._pages("/api/v1/predictions", "predictions", size, query)):
            if limit is not None and count >= limit:
                return
            yield entry

    def prediction(self, prediction: Prediction | int) -> dict[str, Any]:
        return self._object("GET", f"/api/v1/predictions/{prediction_id(prediction)}")

    def prediction_image(self, prediction: Prediction | int) -> bytes:
        """The stored file of the image."""
        path = f"/api/v1/predictions/{prediction_id(prediction)}/image"
        return self._transport.request("GET", path).content

    def label(self, prediction: Prediction | int, label: str) -> dict[str, Any]:
        """Labels a prediction, for example to correct it. Its image becomes a training image."""
        path = f"/api/v1/predictions/{prediction_id(prediction)}/label"
        return self._object("POST", path, body={"label": label})

    def delete_prediction(self, prediction: Prediction | int) -> None:
        self._transport.request("DELETE", f"/api/v1/predictions/{prediction_id(prediction)}")

    def delete_history(self) -> None:
        self._transport.request("DELETE", "/api/v1/predictions", query={"confirm": "all"})

    def download_history(self, file: str | os.PathLike[str], **filters: Any) -> Path:
        """Writes the predictions that match all filters as CSV; filters as for `history`."""
        query = {name.rstrip("_"): value for name, value in filters.items()}
        return self._transport.download("/api/v1/predictions.csv", file, query=query)

    def statistics(self, hours: int | None = None) -> dict[str, Any]:
        return self._object("GET", "/api/v1/statistics", query={"hours": hours})

    # Charts and operation

    def insights(self, version: int | str | None = None) -> list[dict[str, Any]]:
        """The charts with their captions."""
        return list(self._object("GET", "/api/v1/insights", query={"version": version})["insights"])

    def insight(self, name: str, *, version: int | str | None = None) -> dict[str, Any]:
        """A chart with its data."""
        return self._object("GET", f"/api/v1/insights/{quote(name, safe='')}", query={"version": version})

    def insight_png(
        self,
        name: str,
        *,
        version: int | str | None = None,
        width: int | None = None,
        height: int | None = None,
        dark: bool = False,
    ) -> bytes:
        query = {"version": version, "width": width, "height": height, "dark": dark}
        path = f"/api/v1/insights/{quote(name, safe='')}.png"
        return self._transport.request("GET", path, query=query).content

    def status(self) -> dict[str, Any]:
        return self._object("GET", "/api/v1/status")

    def metrics(self) -> list[Sample]:
        """The values of `/metrics` (Prometheus)."""
        return parse_metrics(self._transport.request("GET", "/metrics").text)

    def audit(self) -> Iterator[dict[str, Any]]:
        """The audit log, newest first."""
        return self._pages("/api/v1/audit", "entries", 1000)

    def ready(self) -> bool:
        """Whether the server accepts requests. Does not retry."""
        try:
            with self._transport.stream("/readyz"):
                return True
        except (ApiError, TransportError):
            return False

    def _object(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return dict(self._transport.json(method, path, **options))

    def _pages(
        self, path: str, key: str, limit: int, query: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The entries of all pages; `next` of a page is the path of the following one."""
        page = self._object("GET", path, query={**(query or {}), "limit": limit})
        while True:
            yield from page[key]
            following = page.get("next")
            if not following:
                return
            url = httpx.URL(following)
            page = self._object("GET", url.path, query=dict(url.params))


def project_path(name: str) -> str:
    return f"/api/v1/projects/{quote(name, safe='')}"


def job_id(job: Job | int) -> int:
    return job.id if isinstance(job, Job) else int(job)


def prediction_id(prediction: Prediction | int) -> int:
    if not isinstance(prediction, Prediction):
        return int(prediction)
    if prediction.id is None:
        raise ValueError(f"the prediction for {prediction.file} is not in the history")
    return prediction.id


def reason_body(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"reason": reason}


def check_deadline(job: int, deadline: float | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise TimeoutError(f"job {job} did not end in time")
