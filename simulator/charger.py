"""A whole charge point: physics, protocol and accidents in one object."""

import asyncio
from collections.abc import Coroutine, Sequence
import ssl
from types import TracebackType
from typing import Any, Self

from .charge_point import ChargePoint
from .charging_profiles import Abilities
from .clock import WorldClock
from .modbus_server import ModbusServer
from .ocpp_behaviour import Behaviour
from .ocpp_client import OcppClient
from .ocpp_configuration import Configuration
from .ocpp_link import Credentials
from .ocpp_nameplate import Nameplate
from .ocpp_outlet import OutletClient
from .register_maps import make_device
from .vehicle import Vehicle

_BOOT_S = 2.0


class _Charger:
    """What both kinds share: physics that lives with the clock, a cable, and a mains supply."""

    def __init__(self, charge_point: ChargePoint) -> None:
        self.charge_point = charge_point
        self.clock = charge_point.clock
        self.truth = charge_point.truth
        self.has_network = True
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Come to life."""
        self._spawn(self.charge_point.run())

    async def stop(self) -> None:
        """Be taken down, leaving nothing running."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def plug_in(self, vehicle: Vehicle | None = None, cable_a: float | None = 32.0) -> Vehicle:
        """Connect a vehicle and return it."""
        arriving = vehicle or Vehicle()
        self.charge_point.plug_in(arriving, cable_a)
        return arriving

    def unplug(self) -> None:
        """Take the cable out."""
        self.charge_point.unplug()

    async def drop_link(self) -> None:
        """Lose the network until :meth:`restore_link`."""
        raise NotImplementedError

    async def restore_link(self) -> None:
        """Have the network back."""
        raise NotImplementedError

    async def power_cut(self) -> None:
        """Lose the mains until :meth:`power_back`."""
        raise NotImplementedError

    async def power_back(self) -> None:
        """Have the mains back and boot."""
        raise NotImplementedError

    async def reboot(self) -> None:
        """Restart: off, and on again a little later in world time."""
        await self.power_cut()
        await self.clock.sleep(_BOOT_S)
        await self.power_back()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class ModbusCharger(_Charger):
    """A charge point that is a Modbus TCP server. ``options`` go to the device's own class."""

    def __init__(
        self,
        map_id: str,
        *,
        clock: WorldClock | None = None,
        charge_point: ChargePoint | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(charge_point or ChargePoint(clock or WorldClock()))
        own = {key: options.pop(key) for key in ("idle_timeout_s", "max_clients") if key in options}
        self.device = make_device(map_id, self.charge_point, **options)
        idle_timeout_s = own.get("idle_timeout_s", self.device.idle_timeout_s)
        max_clients = own.get("max_clients", self.device.max_clients)
        self.server = ModbusServer(
            self.device, self.clock, host=host, port=port, idle_timeout_s=idle_timeout_s, max_clients=max_clients
        )

    @property
    def port(self) -> int:
        """The TCP port, known once started."""
        return self.server.port

    async def start(self) -> None:
        """Listen."""
        await self.server.start()
        await super().start()

    async def stop(self) -> None:
        """Stop listening."""
        await super().stop()
        await self.server.stop()

    async def drop_link(self) -> None:
        """Lose the network: connections break and none is accepted."""
        self.has_network = False
        await self.server.stop()

    async def restore_link(self) -> None:
        """Have the network back."""
        self.has_network = True
        await self._listen_if_possible()

    async def power_cut(self) -> None:
        """Lose the mains."""
        self.charge_point.lose_power()
        await self.server.stop()

    async def power_back(self) -> None:
        """Have the mains back: the setpoint and the uptime are lost, the energy register is not."""
        self.device.reboot()
        self.charge_point.regain_power()
        await self._listen_if_possible()

    async def _listen_if_possible(self) -> None:
        if self.has_network and self.charge_point.is_powered:
            await self.server.start()


class OcppOutlet(_Charger):
    """Another outlet of an OCPP charge point: a cable and a meter of its own. Mains and network are the first one's."""

    def __init__(self, client: OutletClient) -> None:
        super().__init__(client.charge_point)
        self.client = client

    async def start(self) -> None:
        """Come to life."""
        await super().start()
        self._spawn(self.client.run())


class OcppCharger(_Charger):
    """A charge point that calls an OCPP 1.6J central system at ``url``; its id is added to the path.

    ``outlets`` are its outlets, itself the first; ``more_outlets`` are the physics of the others.
    """

    def __init__(
        self,
        url: str,
        charge_point_id: str,
        *,
        password: str | None = None,
        clock: WorldClock | None = None,
        charge_point: ChargePoint | None = None,
        behaviour: Behaviour | None = None,
        configuration: Configuration | None = None,
        abilities: Abilities | None = None,
        nameplate: Nameplate | None = None,
        ssl_context: ssl.SSLContext | None = None,
        free_vend: bool = False,
        more_outlets: Sequence[ChargePoint] = (),
    ) -> None:
        super().__init__(charge_point or ChargePoint(clock or WorldClock()))
        self.client = OcppClient(
            self.charge_point,
            url,
            Credentials(charge_point_id=charge_point_id, password=password),
            behaviour=behaviour,
            configuration=configuration,
            abilities=abilities,
            nameplate=nameplate,
            ssl_context=ssl_context,
            free_vend=free_vend,
        )
        self.behaviour = self.client.behaviour
        self.configuration = self.client.configuration
        more = [OcppOutlet(OutletClient(self.client, box, number)) for number, box in enumerate(more_outlets, 2)]
        self.outlets: list[_Charger] = [self, *more]
        self._more = more

    @property
    def frames(self) -> list[tuple[str, Any]]:
        """What went over the wire, oldest first: ("sent" or "received", frame)."""
        return list(self.client.link.frames)

    async def start(self) -> None:
        """Dial."""
        await super().start()
        self._spawn(self.client.run())
        for outlet in self._more:
            await outlet.start()

    async def stop(self) -> None:
        """Be taken down with all outlets."""
        for outlet in self._more:
            await outlet.stop()
        await super().stop()

    async def drop_link(self) -> None:
        """Lose the network; charging goes on and messages wait."""
        self.has_network = False
        self.client.link.cut()

    async def restore_link(self) -> None:
        """Have the network back."""
        self.has_network = True
        self.client.link.restore()

    async def power_cut(self) -> None:
        """Lose the mains."""
        self.client.outlets.lose_mains()
        self.client.lose_power()

    async def power_back(self) -> None:
        """Have the mains back and boot."""
        self.client.outlets.regain_mains()
        self.client.regain_power()
