"""The ledger's tests run twice: on SQLite, and on a PostgreSQL server of their own where one is installed."""

from collections.abc import Iterator

import pytest

from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.store import Store

from . import postgresql
from .ledger import new_journal


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    try:
        postgresql.programs()
    except postgresql.Missing as err:
        pytest.skip(str(err))
    with postgresql.server() as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An open database. Tests keep apart by site, as installations do."""
    if request.param == "postgresql":
        opened = Store.at_url(request.getfixturevalue("postgresql_url"))
    else:
        opened = Store.at_path(tmp_path_factory.mktemp("ledger") / "records.db")
    yield opened
    opened.close()


@pytest.fixture
def journal(store: Store) -> Journal:
    """The journal of a site that nobody has used."""
    return new_journal(store)
