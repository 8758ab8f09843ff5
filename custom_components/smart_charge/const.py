"""Names that Home Assistant stores, and the few numbers that several files share."""

from datetime import timedelta
import logging
from typing import Final

DOMAIN: Final = "smart_charge"
LOGGER = logging.getLogger(__package__)

# Entry data: how to reach the charge point. A change reloads the entry.
CONF_PROTOCOL: Final = "protocol"
PROTOCOL_MODBUS: Final = "modbus"
PROTOCOL_OCPP: Final = "ocpp"
CONF_UNIT_ID: Final = "unit_id"
CONF_MAP: Final = "map"  # id of the register map that the probe recognised
CONF_CHARGE_POINT_ID: Final = "charge_point_id"
CONF_PASSWORD_HASHES: Final = "password_hashes"  # never the password itself
CONF_LISTEN_PORT: Final = "listen_port"
CONF_CONNECTOR_ID: Final = "connector_id"
CONF_ENTRY: Final = "entry"  # in a discovery: the entry of the first outlet of a charge point that has more

# The site's entry: what charge points share. It has a kind, a charge point's entry has none.
CONF_KIND: Final = "kind"
KIND_SITE: Final = "site"  # its unique id too: there is one at most
CONF_SUPPLY: Final = "supply"  # its options hold one mapping for each section
CONF_GRID_METER: Final = "grid_meter"
CONF_SOLAR: Final = "solar"
CONF_BATTERY: Final = "battery"
CONF_TARIFF: Final = "tariff"
CONF_AGREEMENT: Final = "agreement"
CONF_RECORDS: Final = "records"
CONF_KEEP_MONTHS: Final = "keep_months"
CONF_ORCS: Final = "orcs"
CONF_SALES: Final = "sales"

# Entry options: what the owner may change at any time. Applied live, the link stays up.
CONF_MODE: Final = "mode"
CONF_DEFAULT_HOURS: Final = "default_hours"  # list of {"days": ["mon", …], "start": "22:00:00", "end": "08:00:00"}
CONF_DEFAULT_HOURS_ENABLED: Final = "default_hours_enabled"
CONF_READY_BY: Final = "ready_by"  # local time, "07:00:00": mode "cheapest" has the vehicle charged by then
CONF_ENERGY_NEEDED: Final = "energy_needed"  # kWh by then; 0 where the owner does not know
CONF_RANDOM_DELAY_MAX: Final = "random_delay_max"  # whole seconds
CONF_CHARGER_DELAYS: Final = "charger_delays_itself"  # by a random delay that it does not tell of (11.6)
CONF_RATED_CURRENT: Final = "rated_current"  # ampere per phase; the lower of this and the charger's own holds
CONF_SAFETY_LOCK: Final = "safety_lock"  # the owner's: nothing charges while it is on
CONF_DSR_OPT_OUT: Final = "dsr_opt_out"  # no part in any demand response event
CONF_START_WITHOUT_TAG: Final = "start_without_tag"  # OCPP: start a transaction when a vehicle is plugged in
CONF_METER_INTERVAL: Final = "meter_interval"  # OCPP: seconds between meter values, at least

CONF_REGISTER: Final = "register"  # in the section "sales": the register of sales is kept

DEFAULT_MODBUS_PORT: Final = 502
DEFAULT_LISTEN_PORT: Final = 9000

NOT_FOLLOWED_AFTER: Final = timedelta(seconds=15)
"""A setpoint that the charge point has not taken up by then is asked for again, then reported (DESIGN §4)."""
