"""Write docs/requirements.md: the clauses of the Regulations, and the tests that prove them.

Read from the tests' own source (``@pytest.mark.requirement("11.2")``, also inside a ``pytest.param``) and from
the days in tests/scenarios/days. With ``--check``, nothing is written; it fails when the page is out of date.
Either way it fails when a clause that is asked for has no test.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
import sys
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "requirements.md"
CLAUSES = REPOSITORY / "script" / "clauses.yaml"
DAYS = REPOSITORY / "tests" / "scenarios" / "days"

HEAD = """\
# Clauses and their tests

Written by `script/clauses` from the `requirement` marks of the tests and the days in
[`tests/scenarios/days`](../tests/scenarios/days); do not edit. Numbers up to 14 are those of the Electric Vehicles
(Smart Charge Points) Regulations 2021 (SI 2021/1467), *S* those of their Schedule 1 (security), *O* those of the
On-Street Residential Chargepoint Scheme, *U* are wishes of its users. A day is a file that an electrician can review.
"""

_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

type Proofs = Mapping[str, list[str]]
"""By clause, the tests and days as links, in the order of the files."""


class UnknownClause(Exception):
    """A test proves a clause that nobody asked for: a misprint, or a new one."""


def marks_in(node: ast.AST) -> Iterator[str]:
    """Yield the ids of every ``….mark.requirement("id")`` below a node."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.requirement":
            yield from (argument.value for argument in call.args if isinstance(argument, ast.Constant))


def marked_tests(source: str) -> Iterator[tuple[str, int, str]]:
    """Yield clause, line and name of each marked test of one file."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            clauses = {clause for decorator in node.decorator_list for clause in marks_in(decorator)}
            yield from ((clause, node.lineno, node.name) for clause in clauses)


def proofs() -> Proofs:
    """Return what proves each clause."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        link = path.relative_to(REPOSITORY).as_posix()
        for clause, _, name in sorted(marked_tests(path.read_text()), key=lambda marked: marked[1]):
            found[clause].append(f"[{_as_words(name)}](../{link})")
    for path in sorted(DAYS.glob("*.yaml")):
        link = path.relative_to(REPOSITORY).as_posix()
        day = yaml.load(path.read_text(), Loader=_QUICK)  # noqa: S506  it is a SafeLoader
        for clause in day["requirements"]:
            found[clause].append(f"[day: {_as_words(path.stem)}](../{link})")
    return found


def _as_words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def page(clauses: Mapping[str, Mapping[str, Any]], proven: Proofs) -> str:
    """Return the page.

    Raises:
        UnknownClause: naming it.
    """
    asked, others = clauses["asked"], clauses["others"]
    if unknown := sorted(set(proven) - set(asked) - set(others)):
        raise UnknownClause(f"not in {CLAUSES.relative_to(REPOSITORY)}: {', '.join(unknown)}")
    without = without_a_test(asked, proven)
    rest = {clause: text for clause, text in others.items() if clause in proven}
    state = f"Not yet: {', '.join(without)}." if without else "Every one has a test."
    lines = [HEAD, "## Charging", "", state, "", *_table(asked, proven), "", "## Further clauses proven already", ""]
    return "\n".join([*lines, *_table(rest, proven), ""])


def without_a_test(asked: Mapping[str, str], proven: Proofs) -> list[str]:
    """Return the clauses that are asked for and that nothing proves."""
    return [clause for clause in asked if clause not in proven]


def _table(clauses: Mapping[str, str], proven: Proofs) -> Iterator[str]:
    yield from ("| Clause | Asks | Proven by |", "|---|---|---|")
    for clause, text in clauses.items():
        yield f"| {clause} | {text} | {'<br>'.join(proven.get(clause, ['not yet']))} |"


def main() -> int:
    """Write the page, or with ``--check`` compare it; return the exit code."""
    clauses = yaml.safe_load(CLAUSES.read_text())
    proven = proofs()
    try:
        wanted = page(clauses, proven)
    except UnknownClause as err:
        print(f"script/clauses: {err}", file=sys.stderr)
        return 1
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted)
    elif not PAGE.is_file() or PAGE.read_text() != wanted:
        print("docs/requirements.md is not what the tests say: run script/clauses", file=sys.stderr)
        return 1
    if lacking := without_a_test(clauses["asked"], proven):
        print(f"script/clauses: no test proves {', '.join(lacking)}", file=sys.stderr)
        return 1
    print(f"each of the {len(clauses['asked'])} charging clauses has a test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
