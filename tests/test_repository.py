"""What must not get into the repository, and what must stay in step."""

from pathlib import Path
import re
import subprocess

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest

REPOSITORY = Path(__file__).parent.parent
REQUIREMENTS = REPOSITORY / "requirements"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)

# Each is written so that it does not find itself.
UNWANTED = {
    "a package index": r"\b((files|registry|deb|security|ftp)\.)(py|npm|debian|yarn)[a-z]*\.(org|com|net|io)\b",
    "the Python package index": r"\bpy[p]i\.org\b",
    "a path of one machine": r"(^|[\s\"'=(:])/(home|root|Users|work|mnt|opt)/\w",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token": r"\b(ghp|gho|github_pat|glpat|xox[bp]|AKIA)[_-]?[A-Za-z0-9_]{16,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "a merge left undone": r"^(<{7}|>{7}) ",
}


def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = REPOSITORY / name
        if not path.is_file() or path.is_symlink():
            continue
        try:
            texts[name] = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture
    return texts


TEXTS = tracked_texts()


@pytest.mark.parametrize("what", UNWANTED)
def test_no_tracked_file_holds(what: str) -> None:
    pattern = re.compile(UNWANTED[what], re.MULTILINE)
    found = {name: match.group() for name, text in TEXTS.items() if (match := pattern.search(text))}
    assert not found


def test_no_lock_file_records_where_things_were_downloaded() -> None:
    assert not [name for name in TEXTS if Path(name).name in {"uv.lock", "poetry.lock", "Pipfile.lock"}]
    assert not [name for name, text in TEXTS.items() if name.startswith("requirements/") and "://" in text]


def pins(name: str) -> dict[str, str]:
    found = PINNED.findall((REQUIREMENTS / f"{name}.txt").read_text())
    return {canonicalize_name(package): version for package, version in found}


@pytest.mark.parametrize("name", [path.stem for path in sorted(REQUIREMENTS.glob("*.in"))])
def test_pinned_requirements_are_in_step_with_what_is_asked(name: str) -> None:
    pinned = pins(name)
    for line in (REQUIREMENTS / f"{name}.in").read_text().splitlines():
        if asked := line.partition("#")[0].strip():
            requirement = Requirement(asked)
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), asked


@pytest.mark.parametrize("name", [path.stem for path in sorted(REQUIREMENTS.glob("*.txt"))])
def test_every_pinned_requirement_has_its_hashes(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", (REQUIREMENTS / f"{name}.txt").read_text().strip())
    assert not [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]


def test_the_demo_runs_what_the_tests_tried() -> None:
    tried, shown = pins("test"), pins("demo")
    assert not {package for package in tried.keys() & shown.keys() if tried[package] != shown[package]}


def test_scripts_can_be_executed() -> None:
    scripts = [REPOSITORY / name for name, text in TEXTS.items() if text.startswith("#!")]
    assert len(scripts) > 5
    assert not [path for path in scripts if not path.stat().st_mode & 0o111]
