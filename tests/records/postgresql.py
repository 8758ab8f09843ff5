"""A PostgreSQL server of the test run's own: in a temporary folder, by Unix socket, gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
import importlib.util
import os
from pathlib import Path
import shutil
import signal
import subprocess
import tempfile
import time


class Missing(Exception):
    """What is not installed here."""


def programs() -> Path:
    """Return the folder of the server's programs; Debian keeps them out of the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders or not (folders[-1] / "postgres").exists():
        raise Missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    if importlib.util.find_spec("psycopg") is None:
        raise Missing("psycopg is not installed")
    return folders[-1]


def as_somebody() -> list[str]:
    """Return what to put before a command: the server refuses to be run by root."""
    return [] if os.geteuid() else ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextmanager
def server() -> Iterator[str]:
    """Run a server; yields the URL of an empty database."""
    folder = programs()
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if not os.geteuid():
            shutil.chown(home, "postgres", "postgres")
        data = home / "data"
        subprocess.run(
            [*as_somebody(), folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"],
            check=True, capture_output=True, timeout=60, cwd=home,
        )  # fmt: skip
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [*as_somebody(), folder / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=",
                 "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=40"],
                stdout=log, stderr=log, cwd=home,
            )  # fmt: skip
        try:
            _wait_for(home, process)
            yield f"postgresql+psycopg://postgres@/postgres?host={home}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(home: Path, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(300):
        try:
            psycopg.connect(host=str(home), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError((home / "log").read_text())
