"""A Modbus TCP server as found in charge points, good manners optional.

The frames are handled here and not by a library's server, because that one loses the second of two
requests that arrive together, and offers no place to answer late, cut a frame short or count clients.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
import socket
import struct

from .clock import WorldClock
from .register_maps.device import Device, ExceptionCode, ModbusRefusal

_HEADER = struct.Struct(">HHHB")
_LONGEST_PDU = 253


@dataclass(kw_only=True)
class ModbusManners:
    """How the server misbehaves; every default is good behaviour.

    Attributes:
        answer_after_s: real seconds before each answer.
        refuse_with: answer every request with this exception code.
        refuse_writes_with: answer every write with it, and read as ever.
        drop_on_request: close the connection instead of answering.
        is_silent: take requests and never answer.
        garbage: words that replace every register read, such as (0xFFFF,); repeated to length.
        cut_short: send only the first half of each answer.
        wrong_transaction: answer with another transaction number.
        wrong_unit: answer in the name of another unit.
        only_next: how many requests still misbehave; None for all.
    """

    answer_after_s: float = 0.0
    refuse_with: int | None = None
    refuse_writes_with: int | None = None
    drop_on_request: bool = False
    is_silent: bool = False
    garbage: tuple[int, ...] | None = None
    cut_short: bool = False
    wrong_transaction: bool = False
    wrong_unit: bool = False
    only_next: int | None = None


class ModbusServer:
    """Serves one device to several clients. Port 0 lets the system choose; see :attr:`port`."""

    def __init__(
        self,
        device: Device,
        clock: WorldClock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        idle_timeout_s: float | None = None,
        max_clients: int | None = None,
    ) -> None:
        self.device = device
        self.clock = clock
        self.host = host
        self.port = port
        self.idle_timeout_s = idle_timeout_s
        self.max_clients = max_clients
        self.manners = ModbusManners()
        self.requests = 0
        self.connections = 0
        self.refused_clients = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def clients(self) -> int:
        """Connections open now."""
        return len(self._writers)

    @property
    def is_listening(self) -> bool:
        """Whether clients can connect."""
        return self._server is not None

    async def start(self) -> None:
        """Listen; after a stop on the same port as before. Raises OSError if the port is taken."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, self.host, self.port, family=socket.AF_INET)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.drop_clients()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    def drop_clients(self) -> None:
        """Cut every connection as a lost network would, without a word."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.max_clients is not None and len(self._writers) >= self.max_clients:
            self.refused_clients += 1
            writer.close()
            return
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        header = await self._read_header(reader)
        if header is None:
            return False
        transaction, protocol, length, unit_id = _HEADER.unpack(header)
        if protocol != 0 or not 2 <= length <= _LONGEST_PDU + 1:
            return False
        request = await reader.readexactly(length - 1)
        self.requests += 1
        manners = self._manners_for_this_request()
        if manners.drop_on_request:
            return False
        if manners.is_silent:
            return True
        if manners.answer_after_s:
            await asyncio.sleep(manners.answer_after_s)
        response = self._answer(unit_id, request, manners)
        number = (transaction + 1) & 0xFFFF if manners.wrong_transaction else transaction
        unit = unit_id ^ 1 if manners.wrong_unit else unit_id
        frame = _HEADER.pack(number, 0, len(response) + 1, unit) + response
        writer.write(frame[: len(frame) // 2] if manners.cut_short else frame)
        await writer.drain()
        return True

    async def _read_header(self, reader: asyncio.StreamReader) -> bytes | None:
        """Return the next header, or None when the client has been idle for too long."""
        reading = asyncio.ensure_future(reader.readexactly(_HEADER.size))
        if self.idle_timeout_s is None:
            return await reading
        resting = asyncio.ensure_future(self.clock.sleep(self.idle_timeout_s))
        try:
            await asyncio.wait((reading, resting), return_when=asyncio.FIRST_COMPLETED)
            return await reading if reading.done() else None
        finally:
            resting.cancel()
            reading.cancel()
            await asyncio.gather(resting, reading, return_exceptions=True)

    def _manners_for_this_request(self) -> ModbusManners:
        manners = self.manners
        if manners.only_next is not None:
            manners.only_next -= 1
            if manners.only_next <= 0:
                self.manners = ModbusManners()
        return manners

    def _answer(self, unit_id: int, request: bytes, manners: ModbusManners) -> bytes:
        function = request[0]
        try:
            if manners.refuse_with is not None:
                return bytes((function | 0x80, manners.refuse_with))
            if manners.refuse_writes_with is not None and function in (5, 6, 15, 16):
                return bytes((function | 0x80, manners.refuse_writes_with))
            self.device.touch()
            return self._perform(unit_id, function, request[1:], manners.garbage)
        except ModbusRefusal as refusal:
            return bytes((function | 0x80, refusal.code))

    def _perform(self, unit_id: int, function: int, body: bytes, garbage: tuple[int, ...] | None) -> bytes:
        try:
            match function:
                case 1 | 2 | 3 | 4:
                    address, number = struct.unpack(">HH", body)
                    words = self.device.read(unit_id, function, address, number)
                    return _pack_registers(function, _spoiled(words, garbage))
                case 6:
                    address, value = struct.unpack(">HH", body)
                    self.device.write(unit_id, function, address, (value,))
                    return bytes((function,)) + body
                case 16:
                    address, number, size = struct.unpack_from(">HHB", body)
                    if size != 2 * number or len(body) != 5 + size:
                        raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE)
                    self.device.write(unit_id, function, address, struct.unpack(f">{number}H", body[5:]))
                    return bytes((function,)) + body[:4]
                case _:
                    raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        except struct.error as error:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE) from error


def _pack_registers(function: int, words: Iterable[int]) -> bytes:
    data = b"".join(word.to_bytes(2) for word in words)
    return bytes((function, len(data))) + data


def _spoiled(words: list[int], garbage: tuple[int, ...] | None) -> list[int]:
    if not garbage:
        return words
    return [garbage[position % len(garbage)] for position in range(len(words))]
