"""Writes docs/load-test.md from the measurements in bench/results.

usage: report.py      (needs matplotlib; bench/load/run calls it)
"""

import datetime
import json
import os
import subprocess
from pathlib import Path

from processes import processor_name

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {"fovea": "Fovea", "flask": "Flask + PyTorch"}


def environment():
    """Where and when a line was measured."""
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "cpu": processor_name(),
        "cores": os.cpu_count(),
    }


def read(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def store(file, line, keys):
    """Appends the line, or replaces the one with the same values of `keys`."""
    lines = [old for old in read(file) if any(old[key] != line[key] for key in keys)]
    text = "".join(json.dumps(one) + "\n" for one in [*lines, line])
    temporary = file.with_suffix(".new")
    temporary.write_text(text)
    temporary.rename(file)


def share_text(line):
    return f"{line['processors']:g} CPU" if line["processors"] else f"{line['cores']} shared cores"


def table(header, rows):
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def scenario_rows(lines, processors):
    order = {"fovea": 0, "flask": 1}
    scenarios = list(dict.fromkeys(line["scenario"] for line in lines))
    chosen = [line for line in lines if line["processors"] == processors]
    chosen.sort(key=lambda x: (scenarios.index(x["scenario"]), order[x["program"]], x["replicas"]))
    for line in chosen:
        cpu = line["servers_cpu"] + line["nginx_cpu"] + line.get("database_cpu", 0)
        memory = line["servers_mib"] + line["nginx_mib"] + line.get("database_mib", 0)
        yield [
            f"{line['scenario']} ({line['users']})",
            PROGRAMS[line["program"]],
            str(line["replicas"]),
            f"{line['requests_per_s']:.0f}",
            f"{line['p50_ms']:.0f}",
            f"{line['p95_ms']:.0f}",
            f"{line['p99_ms']:.0f}",
            str(line["failures"]),
            f"{cpu:.2f}",
            f"{memory}",
        ]


def find(lines, program, replicas, processors, scenario):
    for line in lines:
        key = (line["program"], line["replicas"], line["processors"], line["scenario"])
        if key == (program, replicas, processors, scenario):
            return line
    return None


def model_rows(lines, processors):
    """The capacity model: CPU time per request from one replica, predicted and measured for two and three."""
    one = find(lines, "fovea", 1, processors, "capacity")
    for replicas in (1, 2, 3):
        line = find(lines, "fovea", replicas, processors, "capacity")
        if not one or not line:
            continue
        predicted = replicas * one["requests_per_s"]
        yield [
            str(replicas),
            f"{predicted:.0f}",
            f"{line['requests_per_s']:.0f}",
            f"{100 * (line['requests_per_s'] / predicted - 1):+.0f} %",
            f"{1e6 * line['servers_cpu'] / line['requests_per_s']:.0f}",
            f"{1e6 * (line['nginx_cpu'] + line['database_cpu']) / line['requests_per_s']:.0f}",
        ]


def plot(lines, processors, file):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "fovea"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), constrained_layout=True)
    for program, name in PROGRAMS.items():
        found = [find(lines, program, n, processors, "capacity") for n in (1, 2, 3)]
        found = [line for line in found if line]
        counts = [line["replicas"] for line in found]
        axes[0].plot(counts, [line["requests_per_s"] for line in found], marker="o", label=name)
        axes[1].plot(counts, [line["p99_ms"] for line in found], marker="o", label=name)
    axes[0].set(
        title="requests per second, 50 connections", xlabel="replicas", xticks=[1, 2, 3], ylim=(0, None)
    )
    axes[1].set(title="p99 in ms, 50 connections", xlabel="replicas", xticks=[1, 2, 3], ylim=(0, None))
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(file, metadata={"Date": None})


def write(results, document, images):
    lines, disturbances = read(results / "load.jsonl"), read(results / "disturbances.jsonl")
    newest = max(lines, key=lambda line: line["date"])
    shares = sorted({line["processors"] for line in lines if line["processors"]})
    header = ["scenario (users)", "servers", "replicas", "requests/s", "p50 ms", "p95 ms", "p99 ms", "failed"]
    header += ["CPUs used", "MiB"]
    text = (Path(__file__).parent / "load-test.md.in").read_text()
    sections = []
    for processors in [*shares, None]:
        rows = list(scenario_rows(lines, processors))
        if not rows:
            continue
        share = f"each server limited to {processors:g} CPU" if processors else "no limit"
        sections.append(f"### {share[0].upper()}{share[1:]}\n\n{table(header, rows)}")
    model_header = ["replicas", "predicted requests/s", "measured", "difference", "server CPU, us/request"]
    model_header += ["nginx and database, us/request"]
    models = "".join(
        f"\n{processors:g} CPU for each server:\n\n{table(model_header, model_rows(lines, processors))}"
        for processors in shares
    )
    disturbed = table(
        ["during", "requests", "failed", "p50 ms", "p99 ms", "max ms"],
        [
            [
                d["disturbance"],
                str(d["requests"]),
                str(d["failures"]),
                f"{d['p50_ms']:.1f}",
                f"{d['p99_ms']:.1f}",
                f"{d['max_ms']:.0f}",
            ]
            for d in disturbances
        ],
    )
    for processors in shares:
        plot(lines, processors, images / f"load-{str(processors).replace('.', '-')}.svg")
    values = {
        "MACHINE": f"{newest['cores']} cores of {newest['cpu']}, {newest['date']}, commit {newest['commit']}",
        "SCENARIOS": "\n".join(sections),
        "MODEL": models.strip(),
        "DISTURBANCES": disturbed,
        "PLOTS": "\n\n".join(
            f"![Requests per second and p99 for 1, 2 and 3 replicas with {p:g} CPU each]"
            f"(images/load-{str(p).replace('.', '-')}.svg)"
            for p in shares
        ),
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    document.write_text(text)
    write_readme(lines, ROOT / "README.md")


def write_readme(lines, readme):
    """Replaces the table between the two comments in the README."""
    begin, end = "<!-- bench/load/run writes this table -->\n", "<!-- end -->"
    share = min(line["processors"] for line in lines if line["processors"])
    rows = []
    for program, name in PROGRAMS.items():
        found = [find(lines, program, n, share, "capacity") for n in (1, 2, 3)]
        cells = [
            f"{x['requests_per_s']:.0f} / {x['p50_ms']:.0f} / {x['p99_ms']:.0f}" if x else "" for x in found
        ]
        rows.append([name, *cells])
    header = [
        f"requests/s / p50 ms / p99 ms, {share:g} CPU for each server",
        "1 server",
        "2 servers",
        "3 servers",
    ]
    before, rest = readme.read_text().split(begin)
    readme.write_text(before + begin + table(header, rows) + end + rest.split(end, 1)[1])


if __name__ == "__main__":
    write(ROOT / "bench/results", ROOT / "docs/load-test.md", ROOT / "docs/images")
