"""Plants each fault in a copy of the project, runs the tests that must notice it, and says which one did.

    python -m tests.mutants.run                       all of them, one after another
    python -m tests.mutants.run --only reach,holm     those whose area or name has one of these texts
    python -m tests.mutants.run --json results.json   keep the results there; the same command again goes on from them
    python -m tests.mutants.run --list                name the faults and their tests

The project's own files are never changed. Tests run in one process at low priority, so that the machine stays usable.
Results in the file count only for the sources and tests they came from. Exits with 1 when a fault goes unnoticed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutants.fault import ROOT, Fault, OutdatedError
from tests.mutants.faults import FAULTS

COPIED = (
    "src",
    "tests",
    "benchmarks",
    "docs",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "ARCHITECTURE.md",
    "Makefile",
)
MOST_SECONDS = 300.0  # of the tests of one fault: an endless loop is noticed too
NO_END = 1_000  # in place of an exit code
COMPILED = re.compile(r"^(from ladle\.compiled|from numba)", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """What came of one fault. noticed_by: the test that failed first; "" when none did."""

    name: str
    area: str
    noticed_by: str
    seconds: float
    trouble: str = ""  # why nothing can be said: the tests fail without the fault, or cannot be run with it
    digest: str = ""  # of the fault, the sources and the tests; "" for one to be tried again


NOTHING = Result("", "", "", 0.0)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when every fault was noticed."""
    options = _options().parse_args(arguments)
    wanted = [each for each in FAULTS if _is_wanted(each, options.only)]
    if options.list:
        for fault in wanted:
            print(f"{fault.area:<12} {fault.name:<44} {', '.join(fault.tests)}")
        return 0
    if not wanted:
        print(f"No fault is called anything like {options.only}.")
        return 1
    os.nice(10)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left running
    kept = _kept(options.json)
    with tempfile.TemporaryDirectory(prefix="ladle-mutants-") as folder:
        plot = Plot(Path(folder))
        digests = {fault.name: plot.digest(fault) for fault in wanted}
        untried = [each for each in wanted if kept.get(each.name, NOTHING).digest != digests[each.name]]
        plot.run_without_faults(untried)
        for fault in wanted:
            if fault in untried:
                kept[fault.name] = plot.tried(fault, digests[fault.name])
                _keep(options.json, kept)
            print(_line(kept[fault.name]), flush=True)
    results = [kept[each.name] for each in wanted]
    return _summary(results)


class Plot:
    """A copy of the project, where faults are planted one at a time."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.caches = folder / "caches"
        self._failing: set[str] = set()
        self._clock = int(time.time())
        ignored = shutil.ignore_patterns("__pycache__", ".*", "results")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.root / name, ignore=ignored)
            elif source.exists():
                shutil.copy2(source, self.root / name)
        self._state = _digest_of_tree(self.root)

    def digest(self, fault: Fault) -> str:
        """What a result depends on: the fault, all sources and all tests."""
        return hashlib.sha256(f"{self._state} {asdict(fault)}".encode()).hexdigest()[:16]

    def run_without_faults(self, faults: list[Fault]) -> None:
        """Run the tests of these faults on the sound sources: one that fails there notices nothing."""
        nodes = {node for fault in faults for node in self._nodes(fault)}
        if nodes:
            print(f"{len(faults)} faults to plant; first, their {len(nodes)} tests without any", flush=True)
            _, output = self._pytest([*sorted(nodes), "--maxfail=1000"], self.caches / "sound", len(faults))
            self._failing = {each.partition("[")[0] for each in _failed(output)}

    def tried(self, fault: Fault, digest: str) -> Result:
        """Plant it, run its tests, take it out again."""
        start = time.monotonic()
        try:
            path, nodes = fault.file(self.root), fault.nodes(self.root)
        except OutdatedError as reason:
            return Result(fault.name, fault.area, "", 0.0, str(reason).splitlines()[0])
        failing = sorted(self._failing.intersection(nodes))
        if failing:
            return Result(fault.name, fault.area, "", 0.0, f"{failing[0]} fails without the fault")
        text = path.read_text(encoding="utf-8")
        try:
            self._write(path, text.replace(fault.old, fault.new))
            # A loop with a fault is compiled into a cache of its own, so that no machine code outlives the fault.
            cache = self.caches / fault.name if COMPILED.search(text) else self.caches / "sound"
            code, output = self._pytest(["-x", *nodes], cache)
        finally:
            self._write(path, text)
            shutil.rmtree(self.caches / fault.name, ignore_errors=True)
        noticed, trouble = _read(code, output)
        seconds = round(time.monotonic() - start, 1)
        return Result(fault.name, fault.area, noticed, seconds, trouble, "" if trouble else digest)

    def _nodes(self, fault: Fault) -> list[str]:
        try:
            return fault.nodes(self.root)
        except OutdatedError:
            return []  # which `tried` tells

    def _write(self, path: Path, text: str) -> None:
        """Each version of a file gets a time of its own: Python would take its byte code for that of another."""
        path.write_text(text, encoding="utf-8")
        self._clock += 2
        os.utime(path, (self._clock, self._clock))

    def _pytest(self, arguments: list[str], cache: Path, faults: int = 1) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        environment = {**os.environ, "PYTHONPATH": str(self.root / "src"), "NUMBA_CACHE_DIR": str(cache)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(
            [*command, *arguments], cwd=self.root, env=environment, text=True, start_new_session=True, **pipes
        ) as process:
            try:
                output, _ = process.communicate(timeout=MOST_SECONDS * faults)
            except BaseException as reason:
                os.killpg(process.pid, signal.SIGKILL)  # with the processes that tests have started
                if isinstance(reason, subprocess.TimeoutExpired):
                    return NO_END, f"no end within {MOST_SECONDS:.0f} s"
                raise
            return process.returncode, output


def _read(code: int, output: str) -> tuple[str, str]:
    """Which test noticed, and what is wrong where nothing can be said."""
    if code == 0:
        return "", ""
    if code == NO_END:
        return output, ""
    failed = _failed(output)
    if code == 1 and failed:
        return failed[0], ""
    if code < 0:
        return f"the process died ({code})", ""
    return "", f"pytest ended with {code}: {' '.join(output.split())[-300:]}"


def _failed(output: str) -> list[str]:
    """The tests that failed, as pytest's summary names them."""
    return re.findall(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", output, re.MULTILINE)


def _digest_of_tree(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted([*(root / "src").rglob("*"), *(root / "tests").rglob("*")]):
        if path.is_file() and "mutants" not in path.parts:
            digest.update(f"\n{path.relative_to(root)} ".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_wanted(fault: Fault, only: str) -> bool:
    return not only or any(part in f"{fault.area} {fault.name}" for part in only.split(","))


def _kept(path: Path | None) -> dict[str, Result]:
    if path is None or not path.exists():
        return {}
    return {each["name"]: Result(**each) for each in json.loads(path.read_text(encoding="utf-8"))}


def _keep(path: Path | None, results: dict[str, Result]) -> None:
    if path is None:
        return
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps([asdict(each) for each in results.values()], indent=1), encoding="utf-8")
    new.replace(path)


def _line(result: Result) -> str:
    said = result.trouble or (f"noticed by {result.noticed_by}" if result.noticed_by else "NOT NOTICED")
    return f"{result.area:<12} {result.name:<44} {result.seconds:6.1f} s  {said}"


def _summary(results: list[Result]) -> int:
    unnoticed = [each.name for each in results if not each.noticed_by and not each.trouble]
    troubled = [each.name for each in results if each.trouble]
    noticed = len(results) - len(unnoticed) - len(troubled)
    print(f"\n{len(results)} faults: {noticed} noticed, {len(unnoticed)} not noticed, {len(troubled)} not tried.")
    for title, names in (("Not noticed", unnoticed), ("Not tried", troubled)):
        if names:
            print(f"{title}: {', '.join(names)}")
    return 1 if unnoticed or troubled else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants.run", description="Plant faults, and see who notices."
    )
    parser.add_argument("--only", default="", metavar="TEXT,...", help="faults whose area or name has one of these")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep results here, and go on from those in it")
    parser.add_argument("--list", action="store_true", help="name the faults and their tests, and run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
