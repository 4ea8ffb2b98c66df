"""Limits and measures processes: share of a processor (cgroup v1 or v2), CPU time, resident memory."""

import os
import re
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds
TICKS = os.sysconf("SC_CLK_TCK")


class CpuLimit:
    """A control group whose processes share `processors` of CPU time, as a container with that limit."""

    def __init__(self, name, processors):
        quota = str(int(processors * PERIOD))
        if (CGROUPS / "cgroup.controllers").exists():
            self.folder = CGROUPS / name
            (CGROUPS / "cgroup.subtree_control").write_text("+cpu")
            self.folder.mkdir(exist_ok=True)
            (self.folder / "cpu.max").write_text(f"{quota} {PERIOD}")
        else:
            self.folder = CGROUPS / "cpu" / name
            self.folder.mkdir(exist_ok=True)
            (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self.folder / "cpu.cfs_quota_us").write_text(quota)

    def prefix(self):
        """A command that moves itself into the group and then runs the command that follows it."""
        return ["/bin/sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "limited"]

    def remove(self):
        self.folder.rmdir()


def family(pid):
    """The process and its descendants."""
    found, wanted = [], [pid]
    while wanted:
        process = wanted.pop()
        try:
            for thread in Path(f"/proc/{process}/task").iterdir():
                wanted += map(int, (thread / "children").read_text().split())
            found.append(process)
        except OSError:
            pass  # it has ended
    return found


def cpu_seconds(pid):
    """CPU time so far of the process, its descendants, and the children that it has waited for."""
    total = 0
    for process in family(pid):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def resident_mib(pid):
    total = 0
    for process in family(pid):
        try:
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        except OSError:
            continue
        total += int(found[1]) if found else 0
    return total / 1024


def processor_name():
    return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
