"""The page of clauses: what is asked for and proven by nothing must not pass unseen."""

from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "script" / "list_clauses.py"


@pytest.fixture(scope="module")
def as_it_is() -> ModuleType:
    """The script, which reads all tests once."""
    spec = util.spec_from_file_location("list_clauses", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.proofs()
    module.proofs = lambda: found
    return module


@pytest.fixture
def script(as_it_is: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(as_it_is, "PAGE", tmp_path / "requirements.md")
    monkeypatch.setattr("sys.argv", ["list_clauses.py"])
    return as_it_is


def test_every_clause_that_is_asked_for_has_a_test(script: ModuleType) -> None:
    assert script.main() == 0
    assert "Every one has a test." in script.PAGE.read_text()


@pytest.mark.parametrize("clause", ["5.1", "6.1", "10.5", "11.9"])
def test_a_clause_that_loses_its_tests_is_named(
    script: ModuleType, clause: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = {known: links for known, links in script.proofs().items() if known != clause}
    monkeypatch.setattr(script, "proofs", lambda: left)
    assert script.main() == 1
    assert f"no test proves {clause}" in capsys.readouterr().err
