from datetime import timedelta

import pytest

from custom_components.smart_charge.records.equipment import EquipmentClass, classed
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.outlets import IdIsSet, IdTaken, IdUnfit, Outlets
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import Outlet, OutletKey

from .ledger import NOON, new_journal, new_outlet


@pytest.fixture
def outlets(journal: Journal) -> Outlets:
    return Outlets(journal.store, journal.site)


@pytest.mark.requirement("O8")
def test_each_outlet_of_a_unit_is_its_own(outlets: Outlets, journal: Journal) -> None:
    left = new_outlet()
    right = OutletKey(charge_point=left.charge_point, connector=2)
    outlets.describe(left, rated_w=7_400, operational_at=NOON)
    outlets.describe(right, rated_w=22_000, is_dc=True)
    outlets.set_public_id(left, f"L{journal.site}")
    assert outlets.all() == (
        Outlet(key=left, site=journal.site, public_id=f"L{journal.site}", rated_w=7_400, operational_at=NOON),
        Outlet(key=right, site=journal.site, rated_w=22_000, is_dc=True),
    )
    assert set(outlets.all()) <= set(outlets.all(every_site=True))


def test_since_when_an_outlet_serves_is_set_once(outlets: Outlets) -> None:
    key = new_outlet()
    outlets.describe(key, rated_w=None, operational_at=NOON)
    outlets.describe(key, rated_w=7_000, operational_at=NOON + timedelta(days=1))
    assert outlets.all()[0].operational_at == NOON


@pytest.mark.requirement("O6")
def test_an_id_stays_unless_its_change_is_confirmed(outlets: Outlets, journal: Journal) -> None:
    key, public_id = new_outlet(), f"A{journal.site}"
    outlets.set_public_id(key, f" {public_id} ")
    outlets.set_public_id(key, public_id)
    with pytest.raises(IdIsSet):
        outlets.set_public_id(key, f"B{journal.site}")
    outlets.set_public_id(key, f"B{journal.site}", is_confirmed=True)
    assert outlets.all()[0].public_id == f"B{journal.site}"


@pytest.mark.requirement("O6")
def test_an_id_belongs_to_one_charge_point_of_all_sites(store: Store, outlets: Outlets, journal: Journal) -> None:
    key, public_id = new_outlet(), f"A{journal.site}"
    outlets.set_public_id(key, public_id)
    outlets.set_public_id(OutletKey(charge_point=key.charge_point, connector=2), public_id)
    with pytest.raises(IdTaken):
        outlets.set_public_id(new_outlet(), public_id)
    with pytest.raises(IdTaken):
        Outlets(store, new_journal(store).site).set_public_id(key, public_id)


@pytest.mark.parametrize("public_id", ["", "  ", "a\nb", "=1+1", "-5", "x" * 300, "a\0b"])
def test_what_cannot_be_an_id_is_refused(outlets: Outlets, public_id: str) -> None:
    with pytest.raises(IdUnfit):
        outlets.set_public_id(new_outlet(), public_id)


@pytest.mark.requirement("O7")
@pytest.mark.parametrize(
    ("rated_w", "is_dc", "is_residents_only", "expected", "is_permitted"),
    [
        (3_500, False, False, EquipmentClass.SLOW_AC, True),
        (3_501, False, False, EquipmentClass.STANDARD_AC, True),
        (7_000, False, False, EquipmentClass.STANDARD_AC, True),
        (7_360, False, True, EquipmentClass.FAST_AC, True),
        (23_000, False, False, EquipmentClass.FAST_AC, True),
        (23_001, False, False, EquipmentClass.SEMI_RAPID_AC, False),
        (43_500, False, False, EquipmentClass.RAPID_AC, False),
        (50_000, False, False, EquipmentClass.UNCLASSED, False),
        (0, False, False, EquipmentClass.UNCLASSED, False),
        (10_000, True, False, EquipmentClass.UNCLASSED, False),
        (10_001, True, False, EquipmentClass.FAST_DC, True),
        (22_000, True, True, EquipmentClass.FAST_DC, False),
        (22_001, True, False, EquipmentClass.SEMI_RAPID_DC, False),
        (62_500, True, False, EquipmentClass.RAPID_DC, False),
        (150_000, True, False, EquipmentClass.ULTRA_RAPID_DC, False),
    ],
)
def test_the_class_follows_from_the_output(
    rated_w: int, is_dc: bool, is_residents_only: bool, expected: EquipmentClass, is_permitted: bool
) -> None:
    found = classed(rated_w, is_dc=is_dc, is_residents_only=is_residents_only)
    assert (found.equipment_class, found.is_permitted) == (expected, is_permitted)
