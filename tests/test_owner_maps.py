"""The owner's own register maps: used, or refused in words that say what to correct where."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.smart_charge.chargers.modbus.register_map import MAX_BYTES, OURS
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.owner_maps import async_load_maps

GOOD = (OURS / "peblar.yaml").read_text().replace("id: peblar", "id: mine")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of the owner's maps."""
    folder = tmp_path / "maps"
    folder.mkdir()
    with patch("custom_components.smart_charge.owner_maps.FOLDER", str(folder)):
        yield folder


def complaint(hass: HomeAssistant, name: str) -> str:
    """What the repair says of a file."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"map_broken_{name}")
    assert issue is not None, name
    assert issue.translation_key == "map_broken"
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["file"].endswith(name)
    return issue.translation_placeholders["error"]


async def test_a_map_in_the_folder_is_known_beside_ours(hass: HomeAssistant, folder: Path) -> None:
    (folder / "mine.yaml").write_text(GOOD)

    maps = await async_load_maps(hass)

    assert {"mine", "peblar", "alfen_eve"} <= set(maps)
    assert not [issue for domain, issue in ir.async_get(hass).issues if domain == DOMAIN]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("id: mine", "id: mine: too"), "line 2"),
        (GOOD + "- oops", "line "),
        (GOOD.replace("address: 30014", "address: none"), r"registers.power_total.address: expected a whole number"),
        (GOOD.replace("address: 30014", "address: 99999"), "(line 20)"),
        (GOOD.replace("address: 30016", "address: 30015"), "registers.voltage_l1: overlaps power_total"),
        (GOOD.replace("scale: 0.001, quantity: setpoint", "scale: 1.0e+12, quantity: setpoint"), "expected a scale"),
        (GOOD.replace("step_a: 0.1", "step_a: often"), "control.step_a: expected a number"),
        (GOOD.replace("power_w: power_total", "power_w: powr_total"), "there is no register powr_total"),
        ("just words", "the file: "),
        ("", "the file: "),
        ("a: &a [1]\nb: *a", "aliases are not allowed"),
        ("[" * 5000, "not valid YAML"),
        ("x" * (MAX_BYTES + 1), "larger than 256 KiB"),
    ],
)
async def test_what_is_wrong_in_a_file_is_named_while_the_others_load(
    hass: HomeAssistant, folder: Path, text: str, says: str
) -> None:
    (folder / "bad.yaml").write_text(text)
    (folder / "good.yaml").write_text(GOOD)

    maps = await async_load_maps(hass)

    assert says in complaint(hass, "bad.yaml")
    assert "mine" in maps


async def test_the_complaint_goes_when_the_file_is_mended(hass: HomeAssistant, folder: Path) -> None:
    (folder / "mine.yaml").write_text("oops")
    await async_load_maps(hass)
    complaint(hass, "mine.yaml")

    (folder / "mine.yaml").write_text(GOOD)
    await async_load_maps(hass)

    assert ir.async_get(hass).async_get_issue(DOMAIN, "map_broken_mine.yaml") is None


async def test_only_plain_files_in_the_folder_itself_are_read(hass: HomeAssistant, folder: Path) -> None:
    outside = folder.parent / "elsewhere.yaml"
    outside.write_text(GOOD)
    (folder / "link.yaml").symlink_to(outside)
    (folder / "folder.yaml").mkdir()
    (folder / "latin.yaml").write_bytes(b"id: \xe9")

    maps = await async_load_maps(hass)

    assert "mine" not in maps
    assert "a link" in complaint(hass, "link.yaml")
    assert "not a file" in complaint(hass, "folder.yaml")
    assert "not UTF-8" in complaint(hass, "latin.yaml")


async def test_of_two_files_with_one_id_the_first_counts(hass: HomeAssistant, folder: Path) -> None:
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(GOOD.replace("step_a: 0.1", "step_a: 1"))

    maps = await async_load_maps(hass)

    assert maps["mine"].control.step_a == 0.1
    assert "another file has the id mine too" in complaint(hass, "b.yaml")


async def test_a_broken_map_with_the_id_of_ours_leaves_ours(hass: HomeAssistant, folder: Path) -> None:
    (folder / "peblar.yaml").write_text((OURS / "peblar.yaml").read_text() + "\noops: 1\n")

    maps = await async_load_maps(hass)

    assert "peblar" in maps
    assert "oops: not a valid option" in complaint(hass, "peblar.yaml")
