from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hypothesis import given, strategies as st
import pytest
from sqlalchemy import delete, func, insert, select, update

from custom_components.smart_charge.records.chain import Head, read_export, verify_chain
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.pseudonyms import Pseudonyms
from custom_components.smart_charge.records.security_log import SecurityEvent
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.tables import security_heads, security_log

from .ledger import KEY, NOON, new_journal
from .test_journal import FEW


def an_event(number: int, **detail: object) -> SecurityEvent:
    return SecurityEvent(at=NOON + timedelta(seconds=number), kind="wrong_password", detail={"n": number} | detail)


@pytest.fixture
def filled(journal: Journal) -> Journal:
    journal.write(*(an_event(number) for number in range(5)))
    return journal


@pytest.mark.requirement("S10.1")
@pytest.mark.requirement("S10.2")
def test_events_are_chained_in_utc(filled: Journal) -> None:
    entries = filled.security.entries()
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in entries] == ["0" * 64, *(entry.digest for entry in entries[:-1])]
    assert {entry.at.utcoffset() for entry in entries} == {timedelta()}
    assert filled.security.verify().is_whole
    assert filled.security.verify().count == 5


def test_an_event_is_written_once(journal: Journal) -> None:
    event = an_event(1)
    assert journal.write(event, event) == 1
    assert journal.write(event) == 0


def test_a_period_of_the_log(filled: Journal) -> None:
    found = filled.security.entries(NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
    assert [entry.number for entry in found] == [2, 3]


CHANGES = ["at", "kind", "detail", "event_id", "previous", "digest", "number", "deleted", "added", "swapped"]


@FEW
@given(change=st.sampled_from(CHANGES), number=st.integers(1, 5), letter=st.sampled_from("0123456789abcdef"))
@pytest.mark.requirement("S10.1")
def test_any_single_change_is_found(store: Store, change: str, number: int, letter: str) -> None:
    journal = new_journal(store)
    journal.write(*(an_event(each) for each in range(5)))
    entry = journal.security.entries()[number - 1]
    mine = security_log.c.site == journal.site
    this = (mine, security_log.c.number == number)
    with store.write() as connection:
        match change:
            case "at":
                connection.execute(update(security_log).where(*this).values(at=entry.at + timedelta(microseconds=1)))
            case "kind" | "detail" | "event_id":
                connection.execute(update(security_log).where(*this).values({change: getattr(entry, change)[:-1]}))
            case "previous" | "digest":
                changed = ("0" if letter == getattr(entry, change)[7] == "1" else letter).join(
                    [getattr(entry, change)[:7], getattr(entry, change)[8:]]
                )
                if changed == getattr(entry, change):
                    changed = "g" * 64
                connection.execute(update(security_log).where(*this).values({change: changed}))
            case "number":
                connection.execute(update(security_log).where(*this).values(number=99))
            case "deleted":
                connection.execute(delete(security_log).where(*this))
            case "added":
                facts = {name: getattr(entry, name) for name in ("at", "kind", "detail", "previous", "digest")}
                connection.execute(insert(security_log).values(site=journal.site, number=6, event_id="x", **facts))
            case "swapped":
                connection.execute(update(security_log).where(*this).values(number=50))
                other = number % 5 + 1
                connection.execute(
                    update(security_log).where(mine, security_log.c.number == other).values(number=number)
                )
                connection.execute(update(security_log).where(mine, security_log.c.number == 50).values(number=other))
    verdict = journal.security.verify()
    assert not verdict.is_whole
    if change in {"at", "kind", "detail", "event_id", "previous", "digest", "deleted"}:
        assert verdict.broken_at == number


@pytest.mark.parametrize("column", ["first_number", "number", "digest"])
def test_a_change_to_the_record_of_the_last_entry_is_found(filled: Journal, column: str) -> None:
    with filled.store.write() as connection:
        value = "0" * 64 if column == "digest" else 3
        mine = security_heads.c.site == filled.site
        connection.execute(update(security_heads).where(mine).values({column: value}))
    assert not filled.security.verify().is_whole


def test_a_log_emptied_with_its_record_is_found_by_an_anchor(filled: Journal) -> None:
    anchor = filled.security.head()
    with filled.store.write() as connection:
        connection.execute(delete(security_log).where(security_log.c.site == filled.site))
    assert filled.security.verify().reason == "the last entries are missing"
    with filled.store.write() as connection:
        connection.execute(delete(security_heads).where(security_heads.c.site == filled.site))
    assert filled.security.verify().is_whole
    assert not filled.security.verify(anchor).is_whole


def test_a_chain_forged_anew_is_found_by_an_anchor(store: Store, filled: Journal) -> None:
    anchor = filled.security.head()
    with store.write() as connection:
        connection.execute(delete(security_log).where(security_log.c.site == filled.site))
        connection.execute(delete(security_heads).where(security_heads.c.site == filled.site))
    filled.write(*(an_event(number) for number in range(10, 13)))
    assert filled.security.verify().is_whole
    assert filled.security.verify(anchor).broken_at == 4  # shorter than what was anchored
    filled.write(*(an_event(number) for number in range(13, 20)))
    assert filled.security.verify(anchor).broken_at == 5
    assert filled.security.verify(filled.security.head()).is_whole


def test_a_full_log_drops_its_older_half_with_a_note(store: Store) -> None:
    journal = new_journal(store, most_bytes=2_000)
    for number in range(200):
        journal.write(an_event(number, words="a hostile peer talks a lot " * 3))
    entries = journal.security.entries()
    assert sum(len(entry.detail) for entry in entries) < 2_500
    assert entries[0].number > 100
    assert "log_rotated" in {entry.kind for entry in entries}
    assert journal.security.verify().is_whole
    assert journal.security.verify(Head(number=entries[0].number - 1, digest=entries[0].previous)).is_whole
    assert not journal.security.verify(Head(number=1, digest="long gone")).is_whole
    with store.read() as connection:
        size = func.sum(func.length(security_log.c.detail))
        held = connection.execute(select(size).where(security_log.c.site == journal.site)).scalar_one()
        noted = connection.execute(
            select(security_heads.c.size).where(security_heads.c.site == journal.site)
        ).scalar_one()
    assert held == noted


def test_an_export_can_be_checked_without_the_database(filled: Journal) -> None:
    filled.write(an_event(6, words="Ä \u2028 line", depth=[1, {"x": None, "y": 2.5}]))
    exported = filled.security.export()
    entries = list(read_export(exported))
    assert entries == filled.security.entries()
    assert verify_chain(filled.site, entries, first=1).is_whole
    tampered = list(read_export(exported.replace("wrong_password", "right_password", 1)))
    assert verify_chain(filled.site, tampered, first=1).broken_at == 1


@pytest.mark.requirement("S7.2")
@pytest.mark.parametrize(
    ("detail", "secret"),
    [
        ({"address": "192.168.1.20"}, "192.168"),
        ({"id_tag": "04A2B3C4"}, "04A2B3C4"),
        ({"deep": [{"Tag": "04A2B3C4"}]}, "04A2B3C4"),
        ({"tag": ["04A2B3C4"]}, "04A2B3C4"),
        ({"words": "refused 192.168.1.20:8887 at the door"}, "192.168"),
        ({"words": "refused [fe80::1ff:fe23:4567:890a]"}, "fe80"),
        ({"words": "from 2001:db8::1."}, "2001:db8"),
        ({"192.168.1.20": 3}, "192.168"),
    ],
)
def test_no_address_or_tag_is_written(journal: Journal, detail: dict[str, object], secret: str) -> None:
    journal.write(SecurityEvent(at=NOON, kind="refused", detail=detail))
    (entry,) = journal.security.entries()
    assert secret.casefold() not in entry.detail.casefold()
    assert "~" in entry.detail


def test_a_pseudonym_is_the_same_for_the_same_person_under_one_key_only() -> None:
    mine, other = Pseudonyms(KEY), Pseudonyms(b"the key of another house")
    assert mine.of("04a2b3c4 ") == mine.of("04A2B3C4") != mine.of("04A2B3C5")
    assert mine.of("04A2B3C4") != other.of("04A2B3C4")
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")


def test_times_of_day_stay_readable() -> None:
    assert Pseudonyms(KEY).in_text("at 12:30:05, version 1.2.3") == "at 12:30:05, version 1.2.3"


def nested(depth: int) -> object:
    return {"deeper": nested(depth - 1)} if depth else "bottom"


@pytest.mark.parametrize(
    "hostile",
    [nested(50), "x" * 100_000, ["y"] * 20_000, float("nan"), float("inf"), "\0\ud800", b"bytes", {1: 2}, 10**400],
)
@pytest.mark.requirement("S6.2")
def test_whatever_a_hostile_peer_sends_is_logged_small(journal: Journal, hostile: object) -> None:
    journal.write(SecurityEvent(at=NOON, kind="hostile" * 50, detail={"said": hostile}))
    (entry,) = journal.security.entries()
    assert len(entry.detail) < 10_000
    assert len(entry.kind) <= 64
    assert journal.security.verify().is_whole


def test_an_empty_log_is_whole(journal: Journal) -> None:
    assert journal.security.verify().is_whole
    assert journal.security.head() is None
    assert journal.security.export() == ""


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Store]:
    store = Store.at_path(tmp_path / "lone.db")
    yield store
    store.close()


def test_a_log_whose_record_alone_is_missing_is_broken(lone: Store) -> None:
    journal = new_journal(lone)
    journal.write(an_event(1))
    with lone.write() as connection:
        connection.execute(delete(security_heads))
    assert journal.security.verify().broken_at == 1
