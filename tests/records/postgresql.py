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


class Server:
    """A server that can be killed and started again. ``url`` is of an empty database."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"postgresql+psycopg://postgres@/postgres?host={home}"
        self._process: subprocess.Popen[bytes] | None = None
        if not os.geteuid():
            shutil.chown(home, "postgres", "postgres")
        subprocess.run(
            [*as_somebody(), programs() / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"],
            check=True, capture_output=True, timeout=60, cwd=home,
        )  # fmt: skip

    def start(self, port: int | None = None) -> None:
        """Run it, and wait until it lets somebody in: by its socket, and by a port where one is named."""
        listening = [] if port is None else ["-c", "listen_addresses=127.0.0.1", "-p", str(port)]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*as_somebody(), programs() / "postgres", "-D", self.home / "data", "-k", self.home,
                 "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=40",
                 *listening],
                stdout=log, stderr=log, cwd=self.home,
            )  # fmt: skip
        _wait_for(self.home, self._process, port)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, by SIGKILL as a power cut would."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None


@contextmanager
def running() -> Iterator[Server]:
    """Run a server; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = Server(home)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def server() -> Iterator[str]:
    """Run a server; yields the URL of an empty database."""
    with running() as found:
        yield found.url


def _wait_for(home: Path, process: subprocess.Popen[bytes], port: int | None) -> None:
    import psycopg

    for _ in range(300):
        try:
            psycopg.connect(host=str(home), port=port or 5432, user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError((home / "log").read_text())
