"""Energy that nobody has claimed yet, in the register's own values."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from custom_components.smart_charge.charging.unclaimed import PATIENCE, Span, Unclaimed, joined, left_of

AT = datetime(2026, 11, 21, 14, tzinfo=UTC)
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


def held(pieces: list[Span]) -> set[int]:
    """Every watt-hour of them by its number."""
    return {wh for low, high in pieces for wh in range(low, high)}


@given(spans, spans)
def test_spans_are_sets_of_watt_hours(some: list[Span], others: list[Span]) -> None:
    assert held(list(joined(some))) == held(some)
    assert held(list(left_of(some, others))) == held(some) - held(others)


@given(st.permutations([(10, 40), (40, 45), (60, 90), (10, 40)]), st.integers(0, 4))
def test_it_does_not_matter_in_which_order_it_is_told_nor_how_often(told: list[Span], seen_behind: int) -> None:
    unclaimed = Unclaimed()
    for index, span in enumerate((*told, None)):
        if index == seen_behind:
            unclaimed = unclaimed.gaining((0, 100), AT, AT)
        if span is not None:
            unclaimed = unclaimed.telling(span, 0, AT, is_late=True)
    assert unclaimed.energy_wh == 10 + 15 + 10


def test_what_nobody_tells_of_is_a_stay_in_the_end() -> None:
    unclaimed = Unclaimed().gaining((1_000, 8_000), AT - timedelta(hours=2), AT)
    assert not unclaimed.is_due(AT)
    assert unclaimed.is_due(AT + PATIENCE)
    stay = unclaimed.stay
    assert stay is not None
    assert (stay.energy_wh, stay.may_be_several) == (7_000, True)
    assert not unclaimed.settled.is_due(AT + timedelta(days=9))
