"""The charge point's own list of tags, so that it starts what it should without us (OCPP notes A7, A8)."""

from collections.abc import Callable, Mapping

from ..charger import ChargerMisunderstood, ChargerRefused, ChargerTimedOut
from .calls import Priority
from .configuration import Configuration
from .connection import Connection
from .fields import boolean, whole
from .frames import is_accepted
from .memory import Memory
from .tags import TagStatus, digest, local_list
from .v16 import id_tag_info


class LocalList:
    """Sends the list when it differs from what was last taken, and empties it and the cache beside it."""

    def __init__(
        self,
        memory: Memory,
        configuration: Configuration,
        own_tags: Callable[[], frozenset[str]],
        count: Callable[[str], None],
    ) -> None:
        self.known: Mapping[str, TagStatus] = {}
        self._memory = memory
        self._configuration = configuration
        self._own_tags = own_tags
        self._count = count

    async def clear(self, connection: Connection) -> bool:
        """Empty the list, then put back what it shall hold still; true when nothing of before is left in it.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        self._memory.section("tags").clear()
        try:
            held = await self._version(connection)
            if held is None or held <= 0:
                return True
            payload = {"listVersion": held + 1, "updateType": "Full", "localAuthorizationList": []}
            answer = await connection.call("SendLocalList", payload, priority=Priority.OWNER)
        except ChargerTimedOut, ChargerMisunderstood:
            return False
        except ChargerRefused:
            return self._configuration.value("LocalAuthListEnabled") is None
        await self._memory.keep()
        if is_accepted(answer):
            await self.send(connection)
        return is_accepted(answer)

    async def clear_cache(self, connection: Connection) -> bool:
        """Empty the cache of tags; true when nothing is in it. One that has none rejects this.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        has_cache = boolean(self._configuration.value("AuthorizationCacheEnabled")) is True
        try:
            return is_accepted(await connection.call("ClearCache", {}, priority=Priority.OWNER)) or not has_cache
        except ChargerRefused, ChargerMisunderstood:
            return not has_cache
        except ChargerTimedOut:
            return False

    async def _version(self, connection: Connection) -> int | None:
        answer = await connection.call("GetLocalListVersion", {}, priority=Priority.PROBING)
        return whole(answer.get("listVersion"))

    async def send(self, connection: Connection) -> None:
        """Bring the charge point's list up to date. What it cannot do is counted and let be.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        entries = local_list(self._own_tags(), self.known, self._configuration.whole("SendLocalListMaxLength"))
        wanted = digest(entries.items())
        stored = self._memory.section("tags")
        try:
            held = await self._version(connection)
            if held is None or held < 0:
                self._count("no_local_list")
                return
            if held > 0 and stored.get("digest") == wanted and stored.get("version") == held:
                return
            version = max(held, 0) + 1
            payload = {
                "listVersion": version,
                "updateType": "Full",
                "localAuthorizationList": [
                    {"idTag": tag, "idTagInfo": id_tag_info(status)} for tag, status in entries.items()
                ],
            }
            answer = await connection.call("SendLocalList", payload, priority=Priority.SETTINGS)
        except ChargerRefused, ChargerTimedOut, ChargerMisunderstood:
            self._count("no_local_list")
            return
        if not is_accepted(answer):
            self._count("local_list_refused")
            return
        stored.update(digest=wanted, version=version)
        await self._memory.keep()
