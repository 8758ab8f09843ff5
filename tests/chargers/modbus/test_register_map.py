import pytest

from custom_components.smart_charge.chargers.modbus.register_map import OURS, MapError, load_maps, parse_map
from tests.chargers.modbus.conftest import SMALL, merged, small_map, small_text


def test_both_our_maps_load(maps) -> None:
    assert set(maps) >= {"alfen_eve", "bender_cc612"}
    assert maps.errors == {}


@pytest.mark.parametrize("path", sorted(OURS.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_own_files_are_as_well_formed_as_the_owners_have_to_be(maps, path) -> None:
    register_map = parse_map(path.read_text(encoding="utf-8"))
    assert maps[register_map.id] == register_map


def test_a_map_of_the_owners_is_added(tmp_path) -> None:
    (tmp_path / "mine.yaml").write_text(small_text())
    assert load_maps(tmp_path)["made_up"].manufacturer == "Nobody"


def test_a_map_of_the_owners_may_replace_ours(tmp_path) -> None:
    (tmp_path / "mine.yml").write_text(small_text(id="alfen_eve"))
    assert load_maps(tmp_path)["alfen_eve"].manufacturer == "Nobody"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"format: [", "not valid YAML"),
        (b"format: 1\nformat: 1\n", "given twice"),
        (b"a: &x [1]\nb: *x\n", "aliases"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"hello", "expected a mapping"),
        (b"", "expected a mapping"),
        (b"[" * 5000, "not valid YAML"),
        (b"#" * 300_000, "larger than"),
    ],
    ids=["cut off", "key twice", "alias", "bytes", "text", "empty", "deep", "large"],
)
def test_a_broken_file_is_named_and_the_others_load(tmp_path, content, complaint) -> None:
    (tmp_path / "broken.yaml").write_bytes(content)
    (tmp_path / "mine.yaml").write_text(small_text())
    maps = load_maps(tmp_path)
    assert complaint in maps.errors["broken.yaml"]
    assert "made_up" in maps


def test_a_folder_that_is_not_there_is_no_error(tmp_path) -> None:
    assert load_maps(tmp_path / "none").errors == {}


def test_a_folder_that_is_a_file_is_named(tmp_path) -> None:
    (tmp_path / "maps").write_text("")
    assert "maps" in load_maps(tmp_path / "maps").errors


R = "registers"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": 2}, "format"),
        ({"surprise": 1}, "surprise"),
        ({"unit_ids": []}, "unit_ids"),
        ({"unit_ids": [256]}, "unit_ids"),
        ({"id": "../evil"}, "id"),
        ({R: {"state": {"colour": "red"}}}, "colour"),
        ({R: {"state": {"address": 70000}}}, "address"),
        ({R: {"state": {"address": True}}}, "address"),
        ({R: {"state": {"type": "uint24"}}}, "type"),
        ({R: {"state": {"scale": 0}}}, "scale"),
        ({R: {"state": {"length": 2}}}, "a string has a length"),
        ({R: {"state": {"type": "string"}}}, "a string has a length"),
        ({R: {"state": {"encoding": "utf16"}}}, "only a string has an encoding"),
        ({R: {"state": {"type": "string", "length": 2, "scale": 2}}}, "only a number"),
        ({R: {"state": {"address": 65535, "type": "uint32"}}}, "beyond address 65535"),
        ({R: {"state": {"unit": "station"}}}, "no unit station"),
        ({R: {"state": {"block": "point"}}}, "no block point"),
        ({R: {"state": {"range": [5, 1]}}}, "upside down"),
        ({R: {"state": {"shift": 4}}}, "shift without mask"),
        ({R: {"state": {"mask": 0x1FFFF}}}, "wider than the register"),
        ({R: {"state": {"mask": 0x0F, "shift": 4}}}, "beyond the mask"),
        ({R: {"state": {"type": "float32", "mask": 1}}}, "only an integer"),
        ({R: {"state": {"table": "coil"}}}, "plain bool"),
        ({R: {"state": {"read": "never"}}}, "neither read nor written"),
        ({R: {"state": {"readback": "model"}}}, "readback without write"),
        ({R: {"state": {"table": "input", "write": "any"}}}, "cannot be written"),
        ({R: {"state": {"type": "uint32", "write": "fc6"}}}, "FC6 writes one register"),
        ({R: {"state": {"type": "string", "length": 1, "write": "any"}}}, "cannot be written"),
        ({R: {"lamp": {"address": 1, "table": "coil", "type": "bool", "write": "fc16"}}}, "FC5"),
        ({R: {"state": {"read": "never", "write": "any"}}}, "never read"),
        (
            {R: {"packed": {"address": 1, "type": "uint16", "mask": 1, "read": "never", "write": "any"}}},
            "must be readable",
        ),
        ({"limits": {"max_registers": 1}, R: {"state": {"type": "uint32"}}}, "longer than the device"),
        ({"status": [{"when": {"nothing": 1}, "pilot": "a"}]}, "no register nothing"),
        ({"status": [{"when": {"state": {"max": 1, "mux": 2}}, "pilot": "a"}]}, "when"),
        ({"status": [{"when": {"state": 1}, "pilot": "g"}]}, "pilot"),
        ({"faults": {"state": {64: "too_far"}}}, "faults"),
        ({"reading": {"power_w": "watts"}}, "no register watts"),
        ({"reading": {"current_a": ["state", "state"]}}, "current_a"),
        ({"control": {"max_a": 1000}}, "max_a"),
        ({"control": {"charge": [{"write": "set_current", "value": 6}]}}, "no step writes the setpoint"),
        ({"control": {"pause": [{"write": "set_current", "value": "amps"}]}}, "writes numbers"),
        ({"control": {"pause": [{"write": "state", "value": 0}]}}, "is not written"),
        ({"control": {"min_a": 20, "max_a": 10}}, "min_a is above max_a"),
        ({"keep_alive": {"kind": "write_value"}}, "a register belongs"),
        ({"keep_alive": {"kind": "any_request", "register": "set_current"}}, "a register belongs"),
        ({"keep_alive": {"kind": "write_value", "register": "state"}}, "is not written"),
        ({"keep_alive": {"kind": "any_request", "remaining_from": "state"}}, "remaining_from"),
        ({"keep_alive": {"timeout_from": "state"}}, "needs a kind"),
        ({"keep_alive": {"kind": "rewrite_setpoint"}, "control": {"wears_flash": True}}, "wears flash"),
        ({"identity": {"rules": [{"register": "model", "matches": "("}]}}, "regular expression"),
        ({"identity": {"serial": "state"}}, "is read once"),
    ],
)
def test_a_map_that_does_not_add_up_is_refused_with_the_reason(changes, complaint) -> None:
    text = small_text(**changes)
    with pytest.raises(MapError, match=complaint):
        parse_map(text)


def test_repeated_blocks_are_placed_by_base_and_stride() -> None:
    blocks = {"point": {"base": 1000, "stride": 500, "connectors": 3}}
    register_map = small_map(blocks=blocks, registers={"state": {"block": "point"}})
    assert register_map.for_connector(3).registers["state"].address == 2010
    assert register_map.for_connector(3).registers["model"].address == 0


@pytest.mark.parametrize("number", [0, 4])
def test_a_connector_that_is_not_there_is_refused(number) -> None:
    blocks = {"point": {"base": 1000, "stride": 500, "connectors": 3}}
    with pytest.raises(ValueError, match="no connector"):
        small_map(blocks=blocks, registers={"state": {"block": "point"}}).for_connector(number)


def test_merging_leaves_the_small_map_as_it_was() -> None:
    merged(SMALL, {"registers": {"state": {"address": 5}}})
    assert SMALL["registers"]["state"]["address"] == 10
