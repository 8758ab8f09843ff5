"""The last day of samples: bounded, compact, oldest first."""

import pytest

from custom_components.smart_charge.records.ring import DAY_S, Ring, Sample


def sample(at, **facts):
    return Sample(
        **{"at": float(at), "power_w": 7000.0, "current_a": (30.5, None, None), "energy_wh": 100 + at} | facts
    )


def filled(count, size):
    ring = Ring(size)
    for at in range(count):
        ring.add(sample(at))
    return ring


@pytest.mark.requirement("9.4")
@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 11, 103])
def test_the_newest_are_kept_oldest_first(count):
    ring = filled(count, 5)
    assert [each.at for each in ring.since(0)] == list(range(max(0, count - 5), count))
    assert len(ring) == min(5, count)
    assert (ring.newest and ring.newest.at) == (count - 1 if count else None)


def test_samples_are_given_back_as_they_were():
    ring = Ring(3)
    said = [
        sample(0),
        sample(1, power_w=None, current_a=(None, -16.25, 0.0), energy_wh=None),
        sample(2, power_w=-3500.0, energy_wh=0),
    ]
    for each in said:
        ring.add(each)
    assert list(ring.since(0)) == said


def test_only_those_from_an_instant_on():
    assert [each.at for each in filled(12, 5).since(10)] == [10, 11]


@pytest.mark.parametrize(("amperes", "kept"), [(1e9, 327.67), (-1e9, -327.67), (float("nan"), None), (0.004, 0.0)])
def test_a_current_that_cannot_be_is_held_within_bounds(amperes, kept):
    ring = Ring(1)
    ring.add(sample(0, current_a=(amperes, None, None)))
    assert ring.newest.current_a == (kept, None, None)


def test_a_whole_day_takes_little_memory():
    ring = filled(DAY_S + 10, DAY_S)
    assert len(ring) == DAY_S
    assert ring.size_bytes < 2_500_000


def test_forgetting_leaves_nothing():
    ring = filled(7, 5)
    ring.clear()
    assert (len(ring), ring.newest, list(ring.since(0))) == (0, None, [])
    ring.add(sample(3))
    assert ring.newest.at == 3
