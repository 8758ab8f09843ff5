"""Look for words in every file of a folder, byte by byte, in whatever way a program may have spelt them."""

from collections.abc import Iterable, Iterator
import json
from pathlib import Path
from urllib.parse import quote

PROGRAMS = "custom_components"
"""A link to the component itself."""


def spellings(word: str) -> frozenset[bytes]:
    """Return a word as UTF-8, as both kinds of UTF-16, as JSON escapes it, and as an address would."""
    cases = {word, word.lower(), word.upper(), word.casefold(), word.title()}
    written = cases | {json.dumps(case)[1:-1] for case in cases} | {quote(case, safe="") for case in cases}
    return frozenset(each.encode(coding) for each in written for coding in ("utf-8", "utf-16-le", "utf-16-be"))


def found_in(folder: Path, words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each word that is in a file, and the file's name: logs, companions of databases and hidden files too."""
    wanted = {word: {spelt.lower() for spelt in spellings(word)} for word in words}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or name.parts[0] == PROGRAMS:
            continue
        held = path.read_bytes().lower()
        yield from ((word, str(name)) for word, spelt in wanted.items() if any(each in held for each in spelt))
