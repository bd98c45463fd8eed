"""Set servio up in this checkout's .venv and run it there.

    python3 dev.py demo [ARGUMENT ...]    the main job on the model world (servio demo)
    python3 dev.py test [ARGUMENT ...]    the tests (pytest)
    python3 dev.py check                  lint, format, strict types, import floors
    python3 dev.py lock [ARGUMENT ...]    write requirements/*.txt anew (needs uv)

Needs Python 3.11 or newer with venv and pip; uses uv where it is installed. The first run
installs the pinned packages of requirements/*.txt, later ones only if those have changed.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "servio needs Python 3.11 or newer, and this is {}.{}: run dev.py with a newer one, "
        "for example python3.12 dev.py".format(*sys.version_info)
    )

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
HOST = getattr(sys, "_base_executable", sys.executable)

CONTENTS = {
    "test": [
        "--extra=report",
        "--extra=econ",
        "--extra=rdata",
        "--extra=cluster",
        "--extra=web",
        "--group=build",
        "--group=dev",
    ],
    "demo": ["--extra=report", "--group=build"],
    "core": ["--group=build"],
}
SERVED_BY = {"demo": ["demo", "test"], "test": ["test"]}
UNFINISHED = ["unfinished"]

CHECKS = [
    ["ruff", "check", "."],
    ["ruff", "format", "--check", "."],
    ["mypy"],
    ["lint-imports", "--no-logo"],
]


def main(arguments: list[str]) -> int:
    """Run one command; the exit code is the command's own."""
    commands = {"demo": demo, "test": test, "check": check, "lock": lock}
    if not arguments or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    name, *rest = arguments
    return commands[name](rest)


def demo(rest: list[str]) -> int:
    """Run the main job on the model world."""
    set_up("demo")
    return become([str(PYTHON), "-m", "servio", "demo", *rest])


def test(rest: list[str]) -> int:
    """Run the tests in two processes with one BLAS thread each."""
    set_up("test")
    os.chdir(ROOT)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return become([str(PYTHON), "-m", "pytest", "-n", "2", "--dist", "loadfile", *rest])


def check(rest: list[str]) -> int:
    """Run every check, also after one has failed."""
    if rest:
        fail("check takes no arguments")
    set_up("test")
    failed = []
    for name, *options in CHECKS:
        title = " ".join([name, *options])
        say(title)
        if subprocess.call([PYTHON.with_name(name), *options], cwd=ROOT):
            failed.append(title)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return int(bool(failed))


def lock(rest: list[str]) -> int:
    """Write the locks anew; the smaller ones hold versions of the largest."""
    uv = shutil.which("uv")
    if uv is None:
        fail("lock needs uv on the PATH: pip install uv")
    fixed = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-emit-index-url"]
    fixed += ["--no-annotate", "--quiet", "--custom-compile-command=python3 dev.py lock"]
    for name, contents in CONTENTS.items():
        agree = [] if name == "test" else ["--constraints=requirements/test.txt"]
        goal = f"--output-file=requirements/{name}.txt"
        command = [uv, "pip", "compile", *fixed, *contents, *agree, goal, *rest, "pyproject.toml"]
        subprocess.run(command, cwd=ROOT, check=True)
    return 0


def set_up(name: str) -> None:
    """Bring .venv to the pins of a lock, or of a lock that contains it."""
    isolate()
    with alone():
        stamp = read_stamp(VENV)
        found = probe()
        if found and is_current(stamp, [digest(n, found[0]) for n in SERVED_BY[name]], found[1]):
            return
        say("setting up .venv (once; a minute or two with pip, seconds with uv)")
        if found and is_usable(stamp, [digest(n, found[0]) for n in SERVED_BY["demo"]]):
            write_stamp(VENV, UNFINISHED)
        else:
            create()
        install(name)
        version, packages = probe() or fail("the new .venv does not run")
        write_stamp(VENV, [digest(name, version), *installed(packages)])


def isolate() -> None:
    """Keep packages from outside .venv out, now and in every child process."""
    for variable in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX"):
        os.environ.pop(variable, None)
    os.environ |= {"PYTHONNOUSERSITE": "1", "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait for any other set-up of this checkout, also for one whose parent was killed."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = os.open(ROOT, os.O_RDONLY)
    os.set_inheritable(folder, True)
    try:
        with contextlib.suppress(OSError):  # some network file systems know no locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def probe() -> tuple[str, Path] | None:
    """Version of .venv's Python and its package folder, or None where it does not run."""
    if not (VENV / "pyvenv.cfg").is_file():
        return None
    ask = "import sys, sysconfig; print(sys.version); print(sysconfig.get_path('purelib'))"
    try:
        answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    lines = answer.stdout.splitlines()
    version = lines[0].split()[0]
    usable = tuple(map(int, version.split(".")[:2])) >= (3, 11)
    return (version, Path(lines[-1])) if usable else None


def digest(name: str, python: str, root: Path = ROOT) -> str:
    """Fingerprint of all that decides what .venv should hold."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    pins = (root / "requirements" / f"{name}.txt").read_text("utf-8")
    return hashlib.sha256(json.dumps([pins, project, python, str(root)]).encode()).hexdigest()


def installed(packages: Path) -> list[str]:
    """Names of the records of what is installed."""
    return sorted(entry.name for entry in packages.glob("*.dist-info"))


def is_current(stamp: list[str], digests: list[str], packages: Path) -> bool:
    """Whether a finished set-up of one of these locks is still all there."""
    return bool(stamp) and stamp[0] in digests and set(stamp[1:]) <= set(installed(packages))


def is_usable(stamp: list[str], digests: list[str]) -> bool:
    """Whether .venv can be installed into as it is: the user's own, or ours of these locks."""
    return not stamp or stamp[0] in digests


def read_stamp(venv: Path) -> list[str]:
    """Digest and package records of the last set-up; `UNFINISHED`; or nothing."""
    try:
        return (venv / "servio-stamp.txt").read_text("utf-8").split("\n")
    except FileNotFoundError:
        return []


def write_stamp(venv: Path, lines: list[str]) -> None:
    """Replace the stamp in one step."""
    partial = venv / "servio-stamp.part"
    partial.write_text("\n".join(lines), "utf-8")
    os.replace(partial, venv / "servio-stamp.txt")


def create() -> None:
    """Make .venv from nothing; a kill at any point leaves one that is made anew next time."""
    (VENV / "pyvenv.cfg").unlink(missing_ok=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    write_stamp(VENV, UNFINISHED)
    if call([HOST, "-m", "venv", "--without-pip", str(VENV)]):
        fail("python -m venv failed; on Debian and Ubuntu: apt install python3-venv")


def install(name: str) -> None:
    """Install a lock and then servio itself, with uv or else with pip."""
    pins = ["--require-hashes", "--only-binary=:all:", "-r", str(ROOT / f"requirements/{name}.txt")]
    project = ["--no-build-isolation", "-e", str(ROOT)]

    def succeeds(installer: list[str]) -> bool:
        steps = [[*installer, "--no-deps", *what] for what in (pins, project)]
        return not any(call(step) for step in steps)

    uv = shutil.which("uv")
    if uv and succeeds([uv, "pip", "install", "--quiet", "--python", str(PYTHON)]):
        return
    if not succeeds([*find_pip(), "-qq", "--no-compile", "--no-input"]):
        fail(f"could not install requirements/{name}.txt; pip says why above")


def find_pip() -> list[str]:
    """Pip for .venv: its own, else the one Python carries, else the host's."""

    def works(*command: str) -> bool:
        return not subprocess.run(command, capture_output=True, close_fds=False).returncode

    own = [str(PYTHON), "-m", "pip"]
    if works(*own, "--version") or works(str(PYTHON), "-m", "ensurepip"):
        return [*own, "install"]
    if works(HOST, "-m", "pip", "--version"):
        return [HOST, "-m", "pip", "--python", str(PYTHON), "install"]
    fail("this Python has no pip; on Debian and Ubuntu: apt install python3-venv")


def call(command: list[str]) -> int:
    """Run a step of the set-up; it holds the lock of `alone` even if this process is killed."""
    return subprocess.call(command, close_fds=False)


def become(command: list[str]) -> int:
    """Go on as the command, so that signals and the exit code are its own."""
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


def say(text: str) -> None:
    """Tell the user what happens, off standard output."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    """Stop with one line."""
    sys.exit(f"dev.py: {text}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
