"""The programs that the demo starts, and ends."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
import os
from pathlib import Path
import sys

STOP_WITHIN_S = 20


class ProgramEnded(Exception):
    """A program that should have kept running has ended."""


class Programs:
    """Starts programs with their output in a file each, and ends them in reverse order."""

    def __init__(self, logs: Path, stack: AsyncExitStack) -> None:
        self._logs = logs
        self._stack = stack
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._running: dict[str, Process] = {}

    @classmethod
    @asynccontextmanager
    async def logging_to(cls, logs: Path) -> AsyncIterator[Programs]:
        """Provide programs that have all ended when the block is left."""
        logs.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            yield cls(logs, stack)

    async def start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run ``python -m`` with these arguments under this name; it takes its orders by `tell`."""
        log = self._stack.enter_context(self._log_of(name).open("wb"))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=os.environ | dict(environment or {}),
            start_new_session=True,  # Ctrl-C reaches us alone; we end the others in order
        )
        self._running[name] = process
        watcher = asyncio.create_task(self._watch_one(name, process))
        self._stack.push_async_callback(self._end, process)
        self._stack.callback(watcher.cancel)

    def __contains__(self, name: str) -> bool:
        """Whether a program of this name was started."""
        return name in self._running

    async def tell(self, name: str, order: str) -> None:
        """Send one line to what a program reads."""
        orders = self._running[name].stdin
        if orders is not None:
            orders.write(f"{order}\n".encode())
            await orders.drain()

    async def hear(self, name: str, beginning: str, within_s: float = 120) -> str:
        """Wait for a line that a program prints with this beginning, and return the rest of it."""
        async with asyncio.timeout(within_s):
            while True:
                said = await asyncio.to_thread(self._log_of(name).read_text, errors="replace")
                for line in said.splitlines(keepends=True):
                    if line.startswith(beginning) and line.endswith("\n"):
                        return line.removeprefix(beginning).strip()
                await asyncio.sleep(0.2)

    async def watch(self) -> None:
        """Wait until one of the programs ends by itself.

        Raises:
            ProgramEnded: always; it says which, and the end of what it printed.
        """
        name = await asyncio.shield(self._ended)
        tail = self._log_of(name).read_text(errors="replace").splitlines()[-15:]
        raise ProgramEnded("\n".join([f"{name} has ended. Its last words:", *tail]))

    async def _watch_one(self, name: str, process: Process) -> None:
        await process.wait()
        if not self._ended.done():
            self._ended.set_result(name)

    async def _end(self, process: Process) -> None:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"
