import pytest

from custom_components.smart_charge.charging.model import Settings
from custom_components.smart_charge.errors import not_safe


@pytest.mark.requirement("8.1")
def test_the_safety_lock_refuses_with_its_reason() -> None:
    error = not_safe(None, Settings(rated_a=32, is_locked=True))
    assert error is not None
    assert error.translation_key == "safety_lock"


def test_before_the_charge_point_has_spoken_nothing_is_known_to_be_unsafe() -> None:
    assert not_safe(None, Settings(rated_a=32)) is None
