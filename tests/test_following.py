"""Whether a charge point does what it was asked for, judged by what was read long enough after."""

from datetime import UTC, datetime, timedelta

from custom_components.smart_charge.following import Following

NOW = datetime(2027, 3, 23, 23, 0, tzinfo=UTC)


def test_a_clock_that_was_set_back_delays_no_judgement():
    following = Following()
    following.begin(NOW)
    an_hour_ago = NOW - timedelta(hours=1)
    asked_again = [
        second
        for second in range(60)
        if following.judge(
            is_followed=False,
            taken_at=an_hour_ago + timedelta(seconds=second),
            now=an_hour_ago + timedelta(seconds=second),
        )
    ]
    assert asked_again
    assert asked_again[0] <= 20
