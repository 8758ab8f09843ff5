"""The home around the charge points: its main fuse, its meter, its tariff, set up as an owner does it."""

from .client import Client, Json
from .flows import Answer, change, choose, set_up
from .tariff import typed

HOUSE = "input_number.house_power"
"""How much the rest of the house draws: the viewer moves it."""

GRID_METER = "sensor.grid_meter"
FUSE_A = 80

CONFIGURATION = """\
input_number:
  house_power:
    name: The rest of the house
    icon: mdi:home-lightning-bolt
    min: 200
    max: 15000
    step: 100
    unit_of_measurement: W
template:
  - triggers:
      - trigger: time_pattern
        seconds: "*"
    sensor:
      - name: Grid meter
        unique_id: demo_grid_meter
        device_class: power
        state_class: measurement
        unit_of_measurement: W
        state: >
          {% set charging = integration_entities('smart_charge') | select('match', 'sensor.+_power$')
             | map('states') | map('float', 0) | sum %}
          {{ (states('input_number.house_power') | float(600) + range(-20, 21) | random + charging) | round }}
"""
"""A house whose load is a slider, and never quite still, and the meter at its supply, which sees charging too."""


async def set_up_site(client: Client) -> Json:
    """Add the site, then say what its meter and tariff are."""
    site = await set_up(client, {"user": choose("site")})
    for section, answers in _SECTIONS.items():
        await change(client, site["entry_id"], {"site": choose(section), **answers})
    return site


async def enter_fuse(client: Client, entry_id: str) -> None:
    """Say what the main fuse carries."""
    supply: Answer = {"limit": FUSE_A, "phases": "1", "margin": 2, "without_meter": 64}
    await change(client, entry_id, {"site": choose("supply"), "supply": supply})


_SECTIONS: dict[str, dict[str, Answer]] = {
    "grid_meter": {
        "grid_meter": {"power": {"l1": GRID_METER}, "export": {}, "current": {}, "voltage": {}},
        "grid_meter_sign": {"sign": "import"},
    },
    "tariff": {"tariff_source": {"source": "typed"}, "tariff_typed": typed(), "tariff_preview": {"is_right": True}},
}
