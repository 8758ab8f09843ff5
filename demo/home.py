"""The configuration directory of the demo's Home Assistant: made once, then reused."""

import asyncio
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import secrets
import shutil
import socket
from typing import Any

from .site import CONFIGURATION as SITE

REPOSITORY = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
DASHBOARD = "ev-charging"

CONFIGURATION = """\
# Written by script/demo. Loopback only: whoever reaches this Home Assistant is let in as the owner.
homeassistant:
  name: Demo home
  time_zone: {time_zone}
  country: GB
  currency: GBP
  unit_system: metric
  latitude: 51.48
  longitude: 0.0
  elevation: 10
  auth_providers:
    - type: trusted_networks
      trusted_networks: [127.0.0.1, "::1"]
      allow_bypass_login: true
    - type: homeassistant
recorder:
  commit_interval: 1
logger:
  default: warning
frontend:
config:
history:
logbook:
energy:
my:
sun:
system_health:
{site}lovelace:
  dashboards:
    {dashboard}:
      mode: yaml
      title: EV charging
      icon: mdi:ev-station
      show_in_sidebar: true
      filename: {dashboard}.yaml
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A configuration directory that Home Assistant can start from, and how to reach what runs in it.

    Attributes:
        ocpp_password: what the simulated charge point was told when it was set up, as a real one remembers it.
        entries: by the ids of the config entries that were made, the protocol of each.
    """

    directory: Path
    token: str
    http_port: int
    modbus_port: int
    ocpp_port: int
    ocpp_password: str = ""
    entries: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where Home Assistant answers."""
        return f"http://{LOOPBACK}:{self.http_port}"

    @property
    def dashboard_url(self) -> str:
        """Where the viewer should look."""
        return f"{self.url}/{DASHBOARD}"

    def keep(self) -> None:
        """Remember the ports and the owner's token for the next run, readable by this user only."""
        self.write_private("demo.json", {key: value for key, value in asdict(self).items() if key != "directory"})

    def write_private(self, name: str, content: Any) -> Path:
        """Write a JSON file that this user alone can read, and return its path."""
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=2))
        return path

    def write_dashboard(self, dashboard: str) -> None:
        """Show this dashboard from now on; Home Assistant reads it again when it is next opened."""
        (self.directory / f"{DASHBOARD}.yaml").write_text(dashboard)


def configuration() -> str:
    """Return the configuration file of the home."""
    return CONFIGURATION.format(time_zone=_time_zone(), dashboard=DASHBOARD, site=SITE)


def open_home(directory: Path, *, http_port: int, fresh: bool) -> tuple[Home, bool]:
    """Return the home in ``directory`` and whether it was made just now.

    Raises:
        OSError: a port that the existing home needs is taken.
    """
    if fresh and directory.exists():
        shutil.rmtree(directory)
    if (directory / "demo.json").is_file():
        known = json.loads((directory / "demo.json").read_text())
        home = Home(directory=directory, **known)
        for port in (home.http_port, home.modbus_port, home.ocpp_port):
            _claim([port])
        (directory / ".ha_run.lock").unlink(missing_ok=True)
        (directory / "configuration.yaml").write_text(configuration())
        return home, False
    if directory.exists():  # an earlier first run did not get to its end
        shutil.rmtree(directory)
    return _make_home(directory, http_port), True


def _make_home(directory: Path, http_port: int) -> Home:
    storage = directory / ".storage"
    storage.mkdir(parents=True)
    home = Home(
        directory=directory,
        token=asyncio.run(_create_owner(directory)),
        http_port=_claim(range(http_port, http_port + 50)),
        modbus_port=_claim(range(15020, 15070)),
        ocpp_port=_claim(range(19000, 19050)),
    )
    (directory / "custom_components").symlink_to(REPOSITORY / "custom_components")
    (directory / "configuration.yaml").write_text(configuration())
    home.write_dashboard("views: []\n")
    for key, version, minor_version, data in _storage(home.http_port):
        document = {"version": version, "minor_version": minor_version, "key": key, "data": data}
        (storage / key).write_text(json.dumps(document))
    return home


def _storage(http_port: int) -> Iterable[tuple[str, int, int, dict[str, Any]]]:
    """Yield what a person would have clicked through at the first start, as Home Assistant stores it."""
    listen_on = {
        "server_port": http_port,
        "server_host": [LOOPBACK],
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    yield "http", 2, 2, {"stable": listen_on, "pending": None, "yaml_migration_done": True}
    yield "onboarding", 4, 1, {"done": ["user", "core_config", "analytics", "integration"]}
    yield "frontend.system_data", 1, 1, {"core": {"default_panel": DASHBOARD}}


async def _create_owner(directory: Path) -> str:
    """Create the owner account and return an access token that lasts."""
    from homeassistant.auth import auth_manager_from_config  # noqa: PLC0415  takes seconds; only a first run needs it
    from homeassistant.auth.const import GROUP_ID_ADMIN  # noqa: PLC0415
    from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN  # noqa: PLC0415
    from homeassistant.config_entries import ConfigEntries  # noqa: PLC0415
    from homeassistant.core import HomeAssistant  # noqa: PLC0415
    from homeassistant.helpers import device_registry as dr, entity_registry as er  # noqa: PLC0415

    hass = HomeAssistant(str(directory))
    hass.config_entries = ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    dr.async_setup(hass)
    await dr.async_load(hass)
    await er.async_load(hass)
    hass.auth = await auth_manager_from_config(hass, [{"type": "homeassistant"}], [])
    provider: Any = hass.auth.auth_providers[0]
    await provider.async_initialize()
    # Nobody needs to type it: on loopback the trusted network lets the owner in.
    await provider.async_add_auth("owner", secrets.token_urlsafe(24))
    credentials = await provider.async_get_or_create_credentials({"username": "owner"})
    owner = await hass.auth.async_create_user("Owner", group_ids=[GROUP_ID_ADMIN])
    await hass.auth.async_link_user(owner, credentials)
    refresh_token = await hass.auth.async_create_refresh_token(
        owner,
        client_name="script/demo",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=3650),
    )
    token = hass.auth.async_create_access_token(refresh_token)
    await hass.async_stop(force=True)
    return token


def _claim(ports: Iterable[int]) -> int:
    """Return the first of these ports that is free on loopback."""
    taken = OSError("no port is free")
    for port in ports:
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as err:
                taken = OSError(f"port {port} is in use ({err.strerror})")
            else:
                return port
    raise taken


def _time_zone() -> str:
    """Return this machine's time zone, so that the times on the dashboard are the viewer's own."""
    name = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    is_known = name and (Path("/usr/share/zoneinfo") / name).is_file()
    return name if is_known and "/" in name and not name.startswith("Etc/") else "Europe/London"
