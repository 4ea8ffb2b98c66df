"""The text format of Prometheus."""

from __future__ import annotations

import re

from ._types import Sample

_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def parse_metrics(text: str) -> list[Sample]:
    samples = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"invalid line in /metrics: {line}")
        name, labels, value = match.groups()
        found = {
            key: re.sub(r'\\[n"\\]', lambda escape: _ESCAPES[escape.group()], content)
            for key, content in _LABEL.findall(labels or "")
        }
        samples.append(Sample(name, found, float(value)))
    return samples
