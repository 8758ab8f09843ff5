"""What hassfest would say of the words on screen, without the network; and every key that the code uses is there."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

COMPONENT = Path(__file__).parent.parent / "custom_components" / "smart_charge"
SOURCES = [path for path in sorted(COMPONENT.rglob("*.py")) if "__pycache__" not in path.parts]
LANGUAGES = sorted(path.stem for path in (COMPONENT / "translations").glob("*.json"))
TOP_LEVEL = {
    "title", "config", "options", "config_subentries", "selector", "entity", "device", "exceptions", "issues",
    "services", "triggers", "conditions", "system_health",
}  # fmt: skip
PLACEHOLDER = re.compile(r"\{(\w+)\}")


class DoubledKeyError(ValueError):
    """A JSON object names a key twice: the first text would be lost without a word."""


def read_strictly(path: Path) -> dict[str, Any]:
    def refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            raise DoubledKeyError(f"{path.name}: {sorted(key for key in keys if keys.count(key) > 1)}")
        return dict(pairs)

    parsed: dict[str, Any] = json.loads(path.read_text(), object_pairs_hook=refuse_doubles)
    return parsed


def texts(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from texts(value, (*path, key))
    else:
        yield path, tree


ENGLISH = read_strictly(COMPONENT / "translations" / "en.json")
ICONS = read_strictly(COMPONENT / "icons.json") if (COMPONENT / "icons.json").is_file() else {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_follow_the_rules_of_hassfest(language: str) -> None:
    tree = read_strictly(COMPONENT / "translations" / f"{language}.json")
    assert set(tree) <= TOP_LEVEL
    for path, text in texts(tree):
        place = ".".join(path)
        assert isinstance(text, str), place
        assert text, place
        assert text == text.strip(), f"{place}: spaces at the edge"
        assert not re.search(r"</?[a-zA-Z][^>]*>", text), f"{place}: HTML"
        assert not re.search(r"\w+://", text), f"{place}: an address belongs in a placeholder"
        assert not re.search(r"['\"]\{\w+\}['\"]", text), f"{place}: a quoted placeholder"
        assert not re.search(r"\[%key:", text), f"{place}: a reference would be shown as it is"
        assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in path), place
        assert all(key == key.strip("-_") for key in path), place


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_language_says_the_same(language: str) -> None:
    other = dict(texts(read_strictly(COMPONENT / "translations" / f"{language}.json")))
    english = dict(texts(ENGLISH))
    assert other.keys() == english.keys()
    for path, text in english.items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(other[path])), path


def test_no_two_options_of_one_list_read_the_same() -> None:
    lists = [
        entity["state"] for platform in ENGLISH["entity"].values() for entity in platform.values() if "state" in entity
    ]
    lists += [selector["options"] for selector in ENGLISH["selector"].values() if "options" in selector]
    for options in lists:
        assert len(set(options.values())) == len(options), options


def test_no_two_entities_of_a_platform_share_a_name() -> None:
    for platform, entities in ENGLISH["entity"].items():
        names = [entity["name"] for entity in entities.values() if "name" in entity]
        assert len(set(names)) == len(names), platform


@pytest.mark.parametrize("flow", ["config", "options"])
def test_every_explained_field_is_a_field(flow: str) -> None:
    for step, words in ENGLISH[flow].get("step", {}).items():
        fields = set(words.get("data", {}))
        explained = set(words.get("data_description", {}))
        assert explained == fields, f"{flow}.{step}: each field is explained, no other is"
        for name, section in words.get("sections", {}).items():
            assert set(section.get("data_description", {})) == set(section.get("data", {})), f"{flow}.{step}.{name}"


def calls(function_names: set[str]) -> Iterator[tuple[Path, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in function_names:
                    yield path, node


def constant(call: ast.Call, keyword: str) -> str | None:
    for given in call.keywords:
        if given.arg == keyword and isinstance(given.value, ast.Constant) and isinstance(given.value.value, str):
            return given.value.value
    return None


def test_every_exception_key_in_the_code_has_words() -> None:
    raised = {"HomeAssistantError", "ServiceValidationError", "ConfigEntryNotReady", "ConfigEntryError"}
    raised |= {"ConfigEntryAuthFailed", "UpdateFailed"}
    for path, call in calls(raised):
        key = constant(call, "translation_key")
        if key is not None:
            assert key in ENGLISH["exceptions"], f"{path.name} line {call.lineno}: {key}"


def test_every_exception_carries_a_key() -> None:
    for path, call in calls({"HomeAssistantError", "ServiceValidationError", "UpdateFailed"}):
        assert any(given.arg in {"translation_key", None} for given in call.keywords), f"{path.name} line {call.lineno}"


def test_every_issue_key_in_the_code_has_words() -> None:
    for path, call in calls({"async_create_issue", "create_issue"}):
        key = constant(call, "translation_key")
        if key is not None:
            assert key in ENGLISH["issues"], f"{path.name} line {call.lineno}: {key}"


def test_every_entity_key_in_the_code_has_words_with_an_icon() -> None:
    platforms = {path.stem: path for path in COMPONENT.glob("*.py") if path.stem in ENGLISH["entity"]}
    for platform, path in platforms.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (key := constant(node, "translation_key")) is not None:
                if any(given.arg == "translation_domain" for given in node.keywords):
                    continue  # an exception's
                assert key in ENGLISH["entity"][platform], f"{path.name} line {node.lineno}: {key}"


def keys_with_a_device_class() -> set[str]:
    """Those get their icon from Home Assistant, by class and state."""
    described = [
        call for _, call in calls_ending_in("Description") if any(k.arg == "device_class" for k in call.keywords)
    ]
    return {key for call in described if (key := constant(call, "translation_key"))}


def calls_ending_in(ending: str) -> Iterator[tuple[Path, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith(ending):
                yield path, node


def test_every_entity_with_words_has_an_icon() -> None:
    has_class = keys_with_a_device_class()
    for platform, entities in ENGLISH["entity"].items():
        for key in entities:
            assert key in has_class or key in ICONS["entity"].get(platform, {}), f"{platform}.{key}"


def test_every_icon_belongs_to_something_with_words() -> None:
    for platform, entities in ICONS["entity"].items():
        assert set(entities) <= set(ENGLISH["entity"].get(platform, {})), platform
    for _, icon in texts(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon) or not icon.startswith("mdi"), icon


def steps_and_reasons(path: Path) -> Iterator[tuple[str, str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in {"async_show_form", "async_show_menu"} and (step := constant(node, "step_id")):
            yield "step", step, node.lineno
        if node.func.attr == "async_abort" and (reason := constant(node, "reason")):
            yield "abort", reason, node.lineno


def test_every_step_of_the_flows_has_words() -> None:
    flows = list(COMPONENT.glob("*flow*.py"))
    assert flows
    for path in flows:
        for kind, key, line in steps_and_reasons(path):
            found = key in ENGLISH["config"].get(kind, {}) or key in ENGLISH["options"].get(kind, {})
            assert found, f"{path.name} line {line}: {kind} {key}"
