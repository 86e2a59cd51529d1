"""Running programs and telling what they cost: wall seconds, processor seconds, peak memory, and how busy others kept the machine meanwhile."""
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0  # bytes, of the largest process
    output: str = ""
    whole: float = 0.0  # wall seconds of the process, where `wall` is what it says itself

    def __add__(self, other):
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak), self.output + other.output)


def run(*command):
    """One process and its children, start to end. Its failure ends the benchmark: a number of something else is no number."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))}: exit status {process.returncode}\n{text}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text)


def busy_seconds():
    """Processor seconds of the whole machine since boot, idle and waiting apart."""
    fields = [int(v) for v in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def own_seconds():
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


class Others:
    """with Others() as o: … ; o.cores is how many processors other people's programs kept busy meanwhile, on average."""

    def __enter__(self):
        self.at, self.busy, self.own, self.cores = time.perf_counter(), busy_seconds(), own_seconds(), 0.0
        return self

    def __exit__(self, *_):
        wall = time.perf_counter() - self.at
        self.cores = max(0.0, (busy_seconds() - self.busy - (own_seconds() - self.own)) / wall) if wall > 0 else 0.0


@dataclass
class Line:
    """One bar: ours and the peer's, in one unit. `bar` is the least ratio peer/ours ("at least") or the most of ours/peer ("at most")."""
    group: str
    what: str
    data: str
    ours: list
    peer: list
    peer_name: str
    bar: float | None
    at_most: bool = False
    unit: str = "s"
    others: float = 0.0
    cpu_ratio: float | None = None
    least: tuple | None = None  # the least each side ever took, where that is known better than min(ours), min(peer)
    more: dict = field(default_factory=dict)

    @property
    def ratio(self):
        a, b = statistics.median(self.ours), statistics.median(self.peer)
        return a / b if self.at_most else b / a

    @property
    def ratio_of_best(self):
        """Of the least times: near what a quiet machine would show."""
        a, b = self.least or (min(self.ours), min(self.peer))
        return a / b if self.at_most else b / a

    @property
    def met(self):
        if self.bar is None:
            return None
        return self.ratio <= self.bar if self.at_most else self.ratio >= self.bar

    def as_dict(self):
        return {**{k: v for k, v in vars(self).items()}, "ratio": self.ratio, "ratio_of_best": self.ratio_of_best, "met": self.met}


def amount(values, unit):
    """"1.23 (1.20–1.31) s", in a unit that reads well."""
    scale, name = {"s": (1e3, "ms") if statistics.median(values) < 0.1 else (1, "s"), "B": (1e-6, "MB")}[unit]
    values = [v * scale for v in values]
    digits = 1 if statistics.median(values) >= 20 else 2
    middle = f"{statistics.median(values):.{digits}f}"
    return f"{middle} {name}" if min(values) == max(values) else f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f}) {name}"


def row(line):
    sign = "≤" if line.at_most else "≥"
    return [line.what, line.data, amount(line.ours, line.unit), f"{line.peer_name}: {amount(line.peer, line.unit)}",
            f"{line.ratio:.2f}×", "" if line.bar is None else f"{sign} {line.bar:g}×",
            {None: "", True: "met", False: "NOT MET"}[line.met], f"{line.ratio_of_best:.2f}×", "" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}×",
            f"{line.others:.1f}"]


HEAD = ["what", "data", "ours: median (min–max)", "peer: median (min–max)", "ratio", "bar", "", "of bests", "of CPU", "others' load"]


def table(lines):
    rows = [HEAD] + [row(line) for line in lines]
    widths = [max(len(r[i]) for r in rows) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(r, widths)).rstrip() for r in rows)
