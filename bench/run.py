"""Every bar of the README, measured in one run against the tools people use today: bench/README.md says what each line means. Run by scripts/bench.

Only the standard library here: a child's peak memory counts its parent's pages up to exec, so the parent stays small."""
import argparse
import http.client
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

from measuring import Line, Others, run, table

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
SLICES = 275
CASES = 100_000
QUESTIONS = [
    ("few large tumours", "SELECT id, tumor_ml FROM cases WHERE tumor_ml > 55", 0.050),
    ("one case by id", "SELECT * FROM cases WHERE id = 'volume-77777'", 0.050),
    ("large tumours, sorted", "SELECT id, tumor_hu_min, tumor_hu_max FROM cases WHERE tumor_ml > 40 ORDER BY tumor_ml DESC LIMIT 20", 0.050),
    ("thick slices, large tumour", "SELECT id FROM cases WHERE spacing_z > 4 AND tumor_ml > 50", 0.050),
    ("count of all (no filter)", "SELECT count(*) FROM cases", None),
    ("mean of all (no index helps)", "SELECT avg(tumor_ml) FROM cases", None),
]


class Bench:
    def __init__(self, options):
        self.build, self.venv, self.only = options.build.resolve(), options.venv, options.only
        self.rounds = 3 if options.quick else max(5, options.rounds)
        self.boxes = 6 if options.quick else 12
        self.quick, self.input = options.quick, options.input
        self.tome = self.build / "src/tome"
        self.library = self.build / "src/libtome.so"
        self.data = options.data.resolve()
        self.work = self.data / f"work-{os.getpid()}"  # removed at the end
        self.lines, self.left_out, self.put_aside = [], [], 0
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def wanted(self, group):
        exact = self.only in (*GROUPS, *ALONE)  # a group's own name is not also part of another's
        return not self.only or (self.only == group if exact else self.only in group)

    def add(self, line):
        self.lines.append(line)
        print(table([line]).splitlines()[1], file=sys.stderr, flush=True)

    def leave_out(self, what, why):
        self.left_out.append(f"{what}: {why}")

    def fresh(self, name):
        """An empty place to write to, with nothing of the last run still on its way to the disk. What is there is emptied and put aside, and removed at the end: inodes
        freed a moment ago are passed over one by one by ext4, which the next program to make files would pay for."""
        path = self.work / name
        if path.exists():
            self.put_aside += 1
            old = path.rename(self.work / f"old-{self.put_aside}")
            for file in [old] if old.is_file() else [f for f in old.rglob("*") if f.is_file() and not f.is_symlink()]:
                os.truncate(file, 0)
        os.sync()
        return path


# ---- what is measured: data -----------------------------------------------------------------------------------

class Dataset:
    """One and the same volume as a DICOM series and as .nii.gz."""

    def __init__(self, name, series, nifti):
        self.name, self.series, self.nifti = name, series, nifti


def phantom(b):
    folder = b.data / "phantom"
    if not (folder / "full/full.nii.gz").exists():
        print("making a phantom of 512×512×275 …", file=sys.stderr)
        run(PYTHON, HERE.parent / "scripts/phantom", folder, "--only", "full")
    return Dataset("phantom", folder / "full/series", folder / "full/full.nii.gz")


def real(b):
    """The slices of a real abdominal CT, up and down until there are 275: the noise of a scanner is what compressors meet in practice."""
    source = Path(os.environ.get("TOME_DATA", "")) / "ircad-17/PATIENT_DICOM"
    if not source.is_dir():
        b.leave_out("real CT", "TOME_DATA is not set, or has no ircad-17")
        return None
    folder = b.data / "real"
    if not (folder / "full.nii.gz").exists():
        shutil.rmtree(folder, ignore_errors=True)
        run(PYTHON, HERE / "prepare.py", "tile", source, folder / "series", SLICES)
        run("dcm2niix", "-z", "i", "-b", "n", "-o", folder, "-f", "full", folder / "series")
    return Dataset("real CT", folder / "series", folder / "full.nii.gz")


# ---- ingest ---------------------------------------------------------------------------------------------------

def ingest(b, source, store, *options):
    return run(b.tome, "ingest", store, "--image", source, "--id", "bench", "--jobs", 2, "--quiet", *options)


def ours(b, source):
    """A store with the case in it, verified and indexed, with statistics: three processes, each in full."""
    store = b.fresh("ours.tome")
    cost = run(b.tome, "init", store)
    taken = ingest(b, source, store)
    cost = cost + taken + run(b.tome, "verify", store, "--jobs", 2)
    cost.peak = taken.peak
    return cost


def dcm2niix(b, source, how):
    folder = b.fresh("dcm2niix")
    folder.mkdir()
    return run("dcm2niix", "-z", how, "-b", "n", "-o", folder, "-f", "peer", source)


def script(b, kind, source):
    out = b.fresh("script.h5")
    cost = run(PYTHON, HERE / "peer_ingest.py", kind, source, out)
    cost.wall = float(cost.output.split()[-1])  # as it says itself: interpreter and imports left out, in its favour
    return cost


def compare_ingest(b, group, what, data, mine, peers):
    """peers: (name, bar, call, its output). Ours is measured anew beside each peer; first of all each runs once, and holds the same voxels."""
    mine()
    for name, _, call, output in peers:
        call()
        run(PYTHON, HERE / "prepare.py", "same", b.work / "ours.tome/cases/bench.h5", output)
    for name, bar, call, _ in peers:
        a, p = [], []
        with Others() as others:
            for _ in range(b.rounds):
                a.append(mine())
                p.append(call())
        cpu = statistics.median(c.cpu for c in p) / statistics.median(c.cpu for c in a)
        b.add(Line(group, what, data.name, [c.wall for c in a], [c.wall for c in p], name, bar, others=others.cores, cpu_ratio=cpu,
                   more={"ours_cpu": [c.cpu for c in a], "peer_cpu": [c.cpu for c in p], "ours_peak": [c.peak for c in a],
                         "peer_peak": [c.peak for c in p]}))


def ingest_dicom(b, data):
    peers = [("dcm2niix -z i (zlib inside)", 6, lambda: dcm2niix(b, data.series, "i"), b.work / "dcm2niix/peer.nii.gz"),
             ("pydicom + h5py + NumPy", 8, lambda: script(b, "dicom", data.series), b.work / "script.h5")]
    if shutil.which("pigz"):
        peers.insert(1, ("dcm2niix -z y (pigz, 2 threads)", 6, lambda: dcm2niix(b, data.series, "y"), b.work / "dcm2niix/peer.nii.gz"))
    compare_ingest(b, "ingest-dicom", "DICOM series to verified case", data, lambda: ours(b, data.series), peers)


def ingest_nifti(b, data):
    peers = [("nibabel + h5py + NumPy", 5, lambda: script(b, "nifti", data.nifti), b.work / "script.h5")]
    compare_ingest(b, "ingest-nifti", ".nii.gz to verified case", data, lambda: ours(b, data.nifti), peers)


# ---- from one format to another -------------------------------------------------------------------------------

def convert(b, source, out, *options):
    return run(b.tome, "convert", source, out, "--jobs", 2, "--quiet", *options)


def peer_script(b, python, *words):
    return without_start(run(python, HERE / "peer_convert.py", *words))


def without_start(cost):
    """As a script says itself: interpreter and imports left out, in its favour."""
    cost.whole, cost.wall = cost.wall, float(cost.output.split()[-1])
    return cost


def pairs(b, group, what, data, peer_name, bar, mine, peer, rounds=None):
    """Ours is a whole process. Where that does not meet the bar, a second line tells of whole processes on both sides, which is what one waits for at a prompt."""
    a, p = [], []
    with Others() as others:
        for _ in range(rounds or b.rounds):
            a.append(mine())
            p.append(peer())
    of_cpu = statistics.median(c.cpu for c in p) / statistics.median(c.cpu for c in a)
    line = Line(group, what, data, [c.wall for c in a], [c.wall for c in p], peer_name, bar, others=others.cores, cpu_ratio=of_cpu,
                more={"ours_cpu": [c.cpu for c in a], "peer_cpu": [c.cpu for c in p]})
    b.add(line)
    if line.met is False and all(c.whole for c in p):
        b.add(Line(group, f"{what}, as a script: whole processes", data, line.ours, [c.whole for c in p], peer_name, None, others=others.cores,
                   cpu_ratio=of_cpu))


def convert_png(b):
    """Label maps into arrays, one file each, 255 becoming background."""
    source = b.data / "convert-png"
    if not (source / "999.png").exists():
        shutil.rmtree(source, ignore_errors=True)
        run(PYTHON, HERE / "peer_convert.py", "make", source, 1000)
    mine = lambda: convert(b, source, b.fresh("ours_npy") / "{name}.npy", "--remap", "255=0")
    peer = lambda: peer_script(b, PYTHON, "png", source, b.fresh("peer_npy"))
    mine(), peer()
    run(PYTHON, HERE / "peer_convert.py", "same-npy", b.work / "ours_npy", b.work / "peer_npy")
    pairs(b, "convert-png", "1,000 PNG labels to .npy, remapped", "made up", "PIL + NumPy, 2 processes", 5, mine, peer)


def convert_dicom(b, data):
    """Level 6 of gzip on both sides."""
    out = b.work / "convert/ours.nii.gz"
    mine = lambda: convert(b, data.series, b.fresh("convert") / "ours.nii.gz", "--level", 6)
    for how, name in (("i", "dcm2niix -z i (zlib inside)"), ("y", "dcm2niix -z y (pigz, 2 threads)")):
        if how == "y" and not shutil.which("pigz"):
            continue
        peer = lambda: dcm2niix(b, data.series, how)
        mine(), peer()
        run(PYTHON, HERE / "peer_convert.py", "same-nifti", out, b.work / "dcm2niix/peer.nii.gz")
        pairs(b, "convert-dicom", "DICOM series to .nii.gz, level 6", data.name, name, 5, mine, peer)
        b.add(Line("convert-dicom", "bytes of that .nii.gz", data.name, [out.stat().st_size], [(b.work / "dcm2niix/peer.nii.gz").stat().st_size], name, 1.05,
                   at_most=True, unit="B"))


def convert_nrrd(b, data):
    python = b.venv / "bin/python"
    if not has(python, "SimpleITK"):
        return b.leave_out(".nii.gz to .nrrd against SimpleITK", f"no SimpleITK in {b.venv}")
    mine = lambda: convert(b, data.nifti, b.fresh("ours.nrrd"))
    peer = lambda: peer_script(b, python, "nrrd", data.nifti, b.fresh("peer.nrrd"))
    mine(), peer()
    run(python, HERE / "peer_convert.py", "same-nrrd", b.work / "ours.nrrd", b.work / "peer.nrrd")
    pairs(b, "convert-nrrd", ".nii.gz to .nrrd (gzip)", data.name, "SimpleITK", 3, mine, peer)


# ---- size and memory ------------------------------------------------------------------------------------------

def size(b, data):
    store = b.fresh("size.tome")
    run(b.tome, "init", store)
    ingest(b, data.series, store)
    b.add(Line("size", "bytes stored", data.name, [(store / "cases/bench.h5").stat().st_size], [data.nifti.stat().st_size], ".nii.gz", 0.85,
               at_most=True, unit="B"))


def memory(b, data):
    decoded = SLICES * 512 * 512 * 2
    for what, source in (("DICOM", data.series), (".nii.gz", data.nifti)):
        peaks = []
        for _ in range(2 if b.quick else 3):
            store = b.fresh("memory.tome")
            run(b.tome, "init", store)
            peaks.append(ingest(b, source, store).peak)
        b.add(Line("memory", f"peak memory, {what} in", data.name, peaks, [decoded], "decoded volume", 1.5, at_most=True, unit="B"))


# ---- reads ----------------------------------------------------------------------------------------------------

def read_store(b, data, codec):
    store = b.fresh(f"read-{codec}.tome")
    run(b.tome, "init", store)
    ingest(b, data.series, store, "--codec", codec)
    return store


def read_lines(b, group, data, bar_of, *command):
    with Others() as others:
        out = run(*command).output
    for text in out.splitlines():
        m = json.loads(text)
        per = m["count"]
        b.add(Line(group, m["name"], data.name, [t / per for t in m["ours"]], [t / per for t in m["peer"]], m["peer_kind"], bar_of(m["name"], m["peer_kind"]),
                   others=others.cores, cpu_ratio=m["peer_cpu"] / m["ours_cpu"], least=(m["ours_least"] / per, m["peer_least"] / per)))
        if "ours_bytes" in m:
            yield m


def reads_h5py(b, data):
    store = read_store(b, data, "deflate")
    for _ in read_lines(b, "reads-h5py", data, lambda name, peer: 5 if "2 threads" in name else 2.5, PYTHON, HERE / "reads.py", "h5py",
                        b.library, store, "bench", b.rounds, b.boxes):
        pass


def has(python, *modules):
    return python.exists() and subprocess.run([python, "-c", "import " + ", ".join(modules)], capture_output=True).returncode == 0


def reads_blosc2(b, data):
    python = b.venv / "bin/python"
    if not has(python, "blosc2"):
        return b.leave_out("patches against blosc2", f"no blosc2 in {b.venv}")
    deflate, zstd = read_store(b, data, "deflate"), read_store(b, data, "zstd")
    volume = b.work / "volume.npy"
    run(PYTHON, HERE / "prepare.py", "npy", deflate / "cases/bench.h5", volume)
    seen = {}
    for m in read_lines(b, "reads-blosc2", data, lambda name, peer: 1.2 if "int16" in name else 1.5, python, HERE / "reads.py", "blosc2",
                        b.library, deflate, "bench", b.rounds, b.boxes, volume, b.work, zstd):
        seen[m["peer_kind"]] = m
    for kind, m in seen.items():
        b.add(Line("reads-blosc2", f"bytes, ours against {kind}", data.name, [m["ours_bytes"]], [m["peer_bytes"]], kind,
                   0.6 if "float32" in kind else None, at_most=True, unit="B"))


# ---- resampling -----------------------------------------------------------------------------------------------

ORDERS = {0: "nearest", 1: "linear", 3: "cubic B-spline"}


def resample(b):
    """512×512×200 voxels of 0.7×0.7×1.5 mm to 1 mm, in memory."""
    python, bench = b.venv / "bin/python", b.build / "tests/unit/ops/resample_bench"
    if not has(python, "SimpleITK", "scipy"):
        return b.leave_out("resampling", f"no SimpleITK and scipy in {b.venv}")
    with Others() as others:
        out = run(python, HERE / "peers_resample.py", "--bench", bench, "--rounds", b.rounds).output
    for m in map(json.loads, out.splitlines()):
        bar = 3 if m["order"] < 3 else 8 if "SimpleITK" in m["peer"] else 20
        b.add(Line("resample", f"to 1 mm, {ORDERS[m['order']]}", "512×512×200", m["ours"], m["theirs"], m["peer"], bar, others=others.cores,
                   more={"largest_difference": m["largest_difference"]}))
        if "SimpleITK" in m["peer"]:
            b.add(Line("resample", f"peak memory, {ORDERS[m['order']]}", "512×512×200", [m["peak"]], [m["bytes"]], "input and output", 2.5, at_most=True, unit="B"))


def resample_patch(b, data):
    python = b.venv / "bin/python"
    if not has(python, "SimpleITK", "scipy"):
        return b.leave_out("patches of a recipe", f"no SimpleITK and scipy in {b.venv}")
    store, volume = b.fresh("patch.tome"), b.work / "patch.npy"
    run(b.tome, "init", store)
    ingest(b, data.nifti, store)
    run(PYTHON, HERE / "prepare.py", "npy", store / "cases/bench.h5", volume)
    for _ in read_lines(b, "resample-patch", data, lambda name, peer: 8 if "scipy" in peer else 20, python, HERE / "peers_patch.py", b.library, store, "bench", data.nifti, volume, b.rounds, b.boxes):
        pass


# ---- patches of many cases ---------------------------------------------------------------------------------------

# As peer_monai.py has them in MONAI's words.
MONAI_STEPS = ["crop:mask=any,to=box,margin=60", "window:level=40,width=400", "normalise:mean=0.4,std=0.25"]
PATCH, SAMPLES = 96, 4


def labelled(b):
    """CT-like volumes of 150×512×512 with livers, .nii.gz as LiTS has them, and a store of them."""
    cases = 2 if b.quick else 4
    folder = b.data / f"labelled-{cases}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "LITS").mkdir(parents=True)
        for i in range(cases):  # each the first of another seed: all on one grid, larger than a patch
            run(PYTHON, HERE.parent / "scripts/phantom", folder / "one", "--size", "full", "--only", "lits", "--cases", 1, "--seed", i + 1)
            for name in ("volume", "segmentation"):
                (folder / f"one/LITS/{name}-0.nii.gz").rename(folder / f"LITS/{name}-{i}.nii.gz")
        (folder / "done").touch()
    store = b.fresh("labelled.tome")
    run(b.tome, "init", store)
    run(b.tome, "ingest", store, folder / "LITS", "--jobs", 2, "--quiet")
    return folder / "LITS", store


def check_patches(b, python, folder, store):
    """One box of what the steps make, ours and MONAI's: the same voxels, or no numbers."""
    for name, label in (("image", ()), ("label", ("--label", "segmentation"))):
        run(b.tome, "get", store, "volume-0", *MONAI_STEPS, *label, "--box", f"20:{20 + PATCH},30:{30 + PATCH},40:{40 + PATCH}", "-o", b.work / f"{name}.npy")
    run(python, HERE / "peer_monai.py", "check", folder, 0, b.work / "image.npy", b.work / "label.npy", "20,30,40")


def patches(b):
    """Patches a second out of the store, against MONAI's out of memory and out of its cache on disk. MONAI without workers and with two: the better counts."""
    python = b.venv / "bin/python"
    if not has(python, "monai", "torch", "nibabel"):
        return b.leave_out("patches against MONAI", f"no monai, torch and nibabel in {b.venv}")
    folder, store = labelled(b)
    check_patches(b, python, folder, store)
    cases = len(list(folder.glob("volume-*")))
    total = (48 if b.quick else 192)

    def ours(seed):
        m = json.loads(run(b.build / "tests/cases/patches_bench", store, PATCH, total // cases, 2, seed, *MONAI_STEPS).output)
        return (m["plan_s"] + m["read_s"]) / m["patches"]

    def theirs(kind, workers):
        m = json.loads(run(python, HERE / "peer_monai.py", "time", kind, folder, b.work / "persistent", PATCH, SAMPLES, total, workers).output.splitlines()[-1])
        return m["seconds"] / m["patches"]

    ours(0)
    for kind, name, bar in (("persistent", "MONAI PersistentDataset", 10), ("cache", "MONAI CacheDataset, all in memory", 1)):
        a, p = [], {0: [], 2: []}
        with Others() as others:
            for i in range(b.rounds):
                a.append(ours(i + 1))
                for workers, times in p.items():
                    times.append(theirs(kind, workers))
        best = min(p, key=lambda w: statistics.median(p[w]))
        b.add(Line("patches", f"a {PATCH}³ patch, 2 threads", "phantoms", a, p[best], f"{name}, {best} workers", bar, others=others.cores,
                   more={f"{w}_workers": times for w, times in p.items()}))


# ---- pictures -------------------------------------------------------------------------------------------------

def one_case(b, name):
    """A case of 512×512×200 with two labels: its NIfTI files, and a store of it."""
    store, raw = b.fresh(f"{name}.tome"), b.fresh(name)
    run(PYTHON, HERE / "prepare.py", "case", raw)
    run(b.tome, "init", store)
    run(b.tome, "ingest", store, raw)
    return store, raw


def preview(b):
    """A montage of a case, from the store, and the like by nibabel and matplotlib from the NIfTI it was made of."""
    if not has(Path(PYTHON), "matplotlib", "nibabel"):
        return b.leave_out("montage", "no matplotlib for /usr/bin/python3")
    store, raw = one_case(b, "preview")
    mine, peer = [b.tome, "preview", store, "volume-9", "--force", "-o", b.work / "mine.png"], \
        [PYTHON, HERE / "peer_preview.py", raw / "volume-9.nii", raw / "segmentation-9.nii", b.work / "peer.png"]
    run(*mine), run(*peer)
    ours, theirs = [], []
    with Others() as others:
        for _ in range(b.rounds):
            ours.append(run(*mine).wall)
            theirs.append(run(*peer).wall)
    b.add(Line("preview", "montage of 14 slices, two labels", "512×512×200", ours, theirs, "nibabel + matplotlib", 10, others=others.cores))
    b.add(Line("preview", "montage, absolute", "512×512×200", ours, [0.150], "limit", 1, others=others.cores, at_most=True))


def viewer(b):
    """Slices as the viewer asks for them, one after the other over one connection, to the first byte of the answer; each has been asked for before."""
    store, _ = one_case(b, "viewer")
    server = subprocess.Popen([b.tome, "view", store, "--json"], stdout=subprocess.PIPE, text=True)
    try:
        url = urllib.parse.urlparse(json.loads(server.stdout.readline())["url"])
        connection = http.client.HTTPConnection(url.hostname, url.port)
        for axis, plane, count in (("z", "axial", 200), ("y", "coronal", 512), ("x", "sagittal", 512)):
            def once(i):
                begin = time.perf_counter()
                connection.request("GET", f"{url.path}api/box?id=volume-9&{axis}={i}:{i + 1}")
                answer = connection.getresponse()
                first = time.perf_counter() - begin
                if len(answer.read()) != 2 * 200 * 512 * 512 // count:
                    raise SystemExit(f"bench: the viewer's answer is no slice: {answer.status}")
                return first

            places = range(0, count, 8)
            for i in places:
                once(i)
            with Others() as others:
                times = [once(i) for _ in range(b.rounds) for i in places]
            b.add(Line("viewer", f"slice, first byte, {plane}", "512×512×200", times, [0.010], "limit", 1, others=others.cores, at_most=True))
    finally:
        server.terminate()
        server.wait()


# ---- the report -----------------------------------------------------------------------------------------------

def small_cases(b):
    """100 small phantom cases and a store of them, both kept."""
    cases = 20 if b.quick else 100
    folder, store = b.data / f"report-{cases}", b.data / f"report-{cases}.tome"
    if not (store / "whole").exists():
        shutil.rmtree(store, ignore_errors=True)
        run(PYTHON, HERE.parent / "scripts/phantom", folder, "--cases", cases, "--size", "small", "--only", "lits")
        run(b.tome, "init", store)
        run(b.tome, "ingest", store, folder, "--quiet")
        (store / "whole").touch()
    return folder / "LITS", store


def report(b):
    """Cases as one page, from a store that is there: 100 small ones, and some as scanners make them. A matplotlib script makes a poorer one of the same files."""
    if not has(Path(PYTHON), "matplotlib", "nibabel", "h5py"):
        return b.leave_out("the report", f"{PYTHON} has no matplotlib (Debian: python3-matplotlib)")
    for size, bar, make in (("small", 20, small_cases), ("full size", None, labelled)):
        folder, store = make(b)
        cases = len(list(folder.glob("volume-*")))
        peers = [("nibabel + matplotlib, from .nii.gz", bar, [folder]), ("matplotlib alone, from our store", None, ["--store", store])]
        for name, bar, source in peers:
            a, p = [], []
            with Others() as others:
                for _ in range(3):
                    a.append(run(b.tome, "report", store, "-o", b.fresh("report.html"), "--jobs", 2, "--quiet"))
                    p.append(run(PYTHON, HERE / "peer_report.py", *source, b.fresh("peer.html")))
            for cost in p:
                cost.wall = float(cost.output.split()[-1])  # as it says itself: interpreter and imports left out, in its favour
            b.add(Line("report", f"page of {cases} cases", f"phantom, {size}", [c.wall for c in a], [c.wall for c in p], name, bar, others=others.cores,
                       cpu_ratio=statistics.median(c.cpu for c in p) / statistics.median(c.cpu for c in a)))


# ---- questions ------------------------------------------------------------------------------------------------

def query(b):
    store = b.data / f"index-{CASES}.tome"
    filler = b.build / "tests/unit/index/index_bench"
    stamp = store / "filled"
    if not stamp.exists() or stamp.stat().st_mtime < filler.stat().st_mtime:
        shutil.rmtree(store, ignore_errors=True)
        run(b.tome, "init", store)
        print(run(filler, "fill", store / "index.sqlite", CASES).output.strip(), file=sys.stderr)
        stamp.touch()
    for what, sql, limit in QUESTIONS:
        run(b.tome, "query", store, sql)
        with Others() as others:
            walls = [run(b.tome, "query", store, sql).wall for _ in range(2 * b.rounds + 1)]
        b.add(Line("query", f"query of {CASES:,} cases: {what}", "made up", walls, [limit or 0.050], "limit", 1 if limit else None,
                   others=others.cores, at_most=True))


# ---- archives of pictures -------------------------------------------------------------------------------------

def drive_folder(b):
    """DRIVE's size, 20 + 20 pictures: the real ones at hand, again and again under other numbers."""
    source = Path(os.environ.get("TOME_DATA", "")) / "drive"
    if not source.is_dir():
        return b.leave_out("archive", "TOME_DATA is not set, or has no drive")
    root = b.data / "drive"
    if not root.exists():
        for split, first in (("training", 21), ("test", 1)):
            for kind in ("images", "1st_manual", "mask"):
                (root / split / kind).mkdir(parents=True)
                files = sorted((source / split / kind).iterdir())
                for i in range(20):
                    shutil.copy(files[i % len(files)], root / split / kind / f"{first + i:02}{files[i % len(files)].name[2:]}")
    return root


def archive(b):
    root = drive_folder(b)
    if not root:
        return
    for dtype in ("uint8", "float64"):
        def mine():
            return run(b.tome, "archive", "drive", root, b.fresh("ours-drive"), "--dtype", dtype, "--jobs", 2, "--quiet")

        def peer():
            out = b.fresh("peer-drive")
            out.mkdir()
            return without_start(run(PYTHON, HERE / "peer_drive.py", root, out, dtype))

        mine(), peer()
        run(PYTHON, HERE / "peer_drive.py", "same", b.work / "ours-drive", b.work / "peer-drive")
        pairs(b, "archive", f"DRIVE, 120 pictures into six HDF5 files, {dtype}", "real pictures", "PIL and h5py", 3, mine, peer, 2 * b.rounds)


# ---- the run --------------------------------------------------------------------------------------------------

GROUPS = {"ingest-dicom": ingest_dicom, "ingest-nifti": ingest_nifti, "size": size, "memory": memory, "reads-h5py": reads_h5py,
          "convert-dicom": convert_dicom, "convert-nrrd": convert_nrrd, "reads-blosc2": reads_blosc2, "resample-patch": resample_patch}


# Groups with inputs of their own.
ALONE = {"convert-png": convert_png, "resample": resample, "patches": patches, "preview": preview, "viewer": viewer, "query": query, "archive": archive,
         "report": report}


def measure(b):
    if any(map(b.wanted, GROUPS)):
        chosen = [make for make in (phantom, real) if b.input in (None, make.__name__) and not (b.quick and make is real)]
        data = [d for d in (make(b) for make in chosen) if d]
        for name, group in GROUPS.items():
            for d in data if b.wanted(name) else []:
                group(b, d)
    for name, group in ALONE.items():
        if b.wanted(name):
            group(b)


def conclude(b, out):
    print(table(b.lines))
    print(f"\nmachine: {os.cpu_count()} processors, 2 used; load average {os.getloadavg()[0]:.1f}; {b.rounds} alternating pairs a line, warm cache")
    for text in b.left_out:
        print(f"LEFT OUT {text}")
    missed = [line for line in b.lines if line.met is False]
    for line in missed:
        print(f"NOT MET  {line.what} ({line.data}) against {line.peer_name}: {line.ratio:.2f}×, bar {'≤' if line.at_most else '≥'} {line.bar:g}×")
    judged = sum(line.met is not None for line in b.lines)
    print(f"{judged - len(missed)} of {judged} bars met")
    if out:
        out.write_text(json.dumps({"python": platform.python_version(), "rounds": b.rounds, "processors": os.cpu_count(),
                                   "left_out": b.left_out, "lines": [line.as_dict() for line in b.lines]}, indent=1, ensure_ascii=False))


def main():
    p = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    p.add_argument("--build", type=Path, default=Path("build/bench"), help="folder of a Release build")
    p.add_argument("--venv", type=Path, default=Path.home() / ".cache/tome-bench", help="environment with blosc2, SimpleITK, scipy, torch and monai")
    p.add_argument("--data", type=Path, default=Path("build/bench-data"), help="where inputs are made and kept")
    p.add_argument("--quick", action="store_true", help="fewer rounds, the phantom only: to see that it runs, not to quote")
    p.add_argument("--rounds", type=int, default=5, help="alternating pairs a line (5 at least)")
    p.add_argument("--only", metavar="NAME", help=f"groups whose name contains NAME: {', '.join((*GROUPS, *ALONE))}")
    p.add_argument("--input", choices=["phantom", "real"], help="this volume only")
    p.add_argument("--json", type=Path, metavar="FILE", help="also write every measurement there")
    options = p.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # the same two processors for everybody, pigz too
    b = Bench(options)
    try:
        measure(b)
    finally:
        shutil.rmtree(b.work, ignore_errors=True)
    conclude(b, options.json)


main()
