"""Typed forms of the responses. `raw` has the complete JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class ClassProbability:
    label: str
    index: int
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image, or the reason why there is none.

    If `error` is not None, the image could not be read and `label` is empty.
    """

    file: str
    label: str = ""
    index: int = -1
    probability: float = 0.0
    uncertain: bool = False
    unknown: bool | None = None  # resembles no training image; None: the model does not recognise such images
    distance: float | None = None  # to the nearest training image, 0 to 2
    activation_map: dict[str, Any] | None = None  # with `explain`: label, height, width, values
    top: tuple[ClassProbability, ...] = ()  # by descending probability
    timing_ms: dict[str, float] = field(default_factory=dict)  # decode, queue, compute
    id: int | None = None  # in the history; None if it was not recorded
    model: str = ""
    version: int = 0
    error: str | None = None

    @property
    def probabilities(self) -> dict[str, float]:
        """Probability by class name; of all classes unless `top_k` limited them."""
        return {entry.label: entry.probability for entry in self.top}

    @classmethod
    def of(cls, result: dict[str, Any], response: dict[str, Any]) -> Prediction:
        model, version = str(response["model"]), int(response["version"])
        if "error" in result:
            return cls(file=result["file"], error=result["error"], model=model, version=version)
        return cls(
            file=result["file"],
            label=result["label"],
            index=result["index"],
            probability=result["probability"],
            uncertain=result["uncertain"],
            unknown=result.get("unknown"),
            distance=result.get("distance"),
            activation_map=result.get("activation_map"),
            top=tuple(ClassProbability(t["label"], t["index"], t["probability"]) for t in result["top"]),
            timing_ms=result["timing_ms"],
            id=result.get("prediction"),
            model=model,
            version=version,
        )


@dataclass(frozen=True)
class FileResult:
    """What happened to one uploaded file: `added`, `duplicate` or `rejected` (with a `reason`)."""

    file: str
    kind: str
    reason: str | None
    raw: dict[str, Any]


@dataclass(frozen=True)
class UploadReport:
    added: int
    duplicates: int
    rejected: int
    revision: str
    results: tuple[FileResult, ...]

    @classmethod
    def of(cls, body: dict[str, Any]) -> UploadReport:
        results = tuple(
            FileResult(r["file"], r.get("verdict", ""), r.get("reason"), r) for r in body["results"]
        )
        return cls(body["added"], body["duplicates"], body["rejected"], body["revision"], results)

    def with_rejected(self, files: Sequence[FileResult]) -> UploadReport:
        """The report with files that were not sent, because they have no class."""
        return replace(self, rejected=self.rejected + len(files), results=(*self.results, *files))

    def __add__(self, later: UploadReport) -> UploadReport:
        return UploadReport(
            self.added + later.added,
            self.duplicates + later.duplicates,
            self.rejected + later.rejected,
            later.revision,
            self.results + later.results,
        )


@dataclass(frozen=True)
class Rule:
    """One check of the gate. `passed` is None if there were too few images to decide."""

    name: str
    passed: bool | None
    text: str
    numbers: dict[str, float]


@dataclass(frozen=True)
class Verdict:
    """The decision of the gate about a retrained version."""

    decision: str
    text: str
    rules: tuple[Rule, ...]
    promoted: bool  # whether the new version is active
    version: int  # the new version
    parent: int  # the version from which it was trained
    raw: dict[str, Any]  # `result` of the job, with `forgetting` and `metrics`

    @classmethod
    def of(cls, result: dict[str, Any]) -> Verdict:
        verdict = result["verdict"]
        rules = tuple(Rule(r["name"], r["passed"], r["text"], r["numbers"]) for r in verdict["rules"])
        return cls(
            verdict["decision"],
            verdict["text"],
            rules,
            bool(result["promoted"]),
            int(result["version"]),
            int(result["parent"]),
            result,
        )


@dataclass(frozen=True)
class Job:
    """A job: `queued`, `running`, `succeeded`, `failed`, `canceled` or `interrupted`."""

    id: int
    kind: str
    state: str
    reason: str | None
    raw: dict[str, Any]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Job:
        return cls(body["id"], body["kind"], body["state"], body.get("reason"), body)

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")

    @property
    def history(self) -> list[dict[str, Any]]:
        """One object per epoch of a retraining."""
        return list(self.raw.get("history", []))

    @property
    def result(self) -> dict[str, Any] | None:
        return self.raw.get("result")

    @property
    def verdict(self) -> Verdict | None:
        """The decision of the gate; None unless the job is a retraining that succeeded."""
        return Verdict.of(self.result) if self.result and "verdict" in self.result else None


@dataclass(frozen=True)
class JobEvent:
    """An event of a job: `state`, `start`, `epoch`, `checkpoint`, `error` or `progress`."""

    name: str
    data: dict[str, Any]
    id: int | None  # None for `progress`, which is not stored


@dataclass(frozen=True)
class Sample:
    """One value of `/metrics`."""

    name: str
    labels: dict[str, str]
    value: float
