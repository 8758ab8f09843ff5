import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
import json
import ssl
import sys

from aiohttp import ClientSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
import pytest

from simulator import ModbusCharger, OcppCharger, Vehicle
from simulator.control import Control
from simulator.faults import UnknownAction, names, perform

from .central_system import running_central_system


async def test_every_named_action_can_be_performed(central, clock):
    async with ModbusCharger("alfen_eve", clock=clock, idle_timeout_s=None) as charger:
        charger.plug_in()
        for action in ("power_cut", "power_back", "drop_link", "restore_link", "flap_link", "fault_rcd", "mend"):
            await perform(charger, action)
        for action in ("pause_vehicle", "resume_vehicle", "put_vehicle_to_sleep", "wake_vehicle", "unplug", "plug_in"):
            await perform(charger, action)
        await clock.advance(10)
        charger.charge_point.catch_up()
        assert charger.charge_point.drawn_a == 6
        await perform(charger, "set:garbage", [0xFFFF])
        assert charger.server.manners.garbage == (0xFFFF,)
        await perform(charger, "behave")
        assert charger.server.manners.garbage is None


async def test_ocpp_switches_are_set_by_name(central):
    async with OcppCharger(central.url, "CP1") as charger:
        await central.until(central.statuses)
        await perform(charger, "set:steps_a", [6, 16])
        await perform(charger, "set:answer_after_s", 1)
        await perform(charger, "set:error_code", "Error")
        await perform(charger, "send_garbage")
        await central.until(lambda: central.raw)
        behaviour = charger.behaviour
        assert (behaviour.steps_a, behaviour.answer_after_s, behaviour.error_code) == ((6, 16), 1.0, "Error")
        await perform(charger, "behave")
        assert (behaviour.steps_a, behaviour.answer_after_s, behaviour.error_code) == ((), 0.0, None)


@pytest.mark.parametrize("action", ["nonsense", "fault_nonsense", "set:nonsense", "half_open_link"])
async def test_an_unknown_action_is_refused(clock, action):
    async with ModbusCharger("bender_cc612", clock=clock) as charger:
        with pytest.raises(UnknownAction):
            await perform(charger, action)


async def test_a_switch_refuses_a_value_of_another_type(clock):
    async with ModbusCharger("bender_cc612", clock=clock) as charger:
        with pytest.raises(UnknownAction, match="is_silent is a bool"):
            await perform(charger, "set:is_silent", "very")


async def test_a_vehicle_that_is_not_there_cannot_be_woken(clock):
    async with ModbusCharger("bender_cc612", clock=clock) as charger:
        with pytest.raises(ValueError, match="no vehicle"):
            await perform(charger, "wake_vehicle")


async def test_lines_steer_one_or_all(clock):
    async with ModbusCharger("alfen_eve", clock=clock) as one, ModbusCharger("bender_cc612", clock=clock) as other:
        control = Control({"one": one, "other": other}, clock)
        await control.order("all plug_in")
        await control.order("one fault_rcd")
        status = {entry["name"]: entry for entry in (await control.order("status"))["chargers"]}
        assert (status["one"]["pilot"], status["other"]["is_plugged_in"]) == ("F", True)
        assert set(names()) <= set((await control.order("help"))["actions"])
        for wrong in ("plug_in", "third plug_in", "one", "one set:is_silent maybe", "speed fast", "speed -1"):
            with pytest.raises(ValueError, match=r".+"):
                await control.order(wrong)


async def test_the_control_port_steers_and_tells(clock):
    async with ModbusCharger("alfen_eve", clock=clock) as charger:
        control = Control({"garage": charger}, clock)
        runner = await control.serve(0)
        url = "http://{}:{}".format(*runner.addresses[0][:2])
        async with ClientSession() as session:
            async with session.post(f"{url}/garage/plug_in") as answer:
                assert answer.status == 200
            async with session.post(f"{url}/garage/set:is_silent", json={"value": True}) as answer:
                assert answer.status == 200
            for path, body in (("/garage/plug_in", {}), ("/garage/nonsense", {}), ("/speed", {}), ("/speed", [1])):
                async with session.post(url + path, json=body) as answer:
                    assert (answer.status, list(await answer.json())) == (400, ["error"])
            async with session.get(f"{url}/status") as answer:
                assert (await answer.json())["chargers"][0]["is_plugged_in"] is True
            async with session.get(f"{url}/actions") as answer:
                assert "power_cut" in (await answer.json())["actions"]
        await runner.cleanup()
        assert isinstance(charger.charge_point.vehicle, Vehicle)
        assert charger.server.manners.is_silent


async def test_the_command_line_runs_several_and_obeys(central, tmp_path):
    plan = tmp_path / "plan.json"
    entries = [
        {"protocol": "modbus", "map": "alfen_eve", "name": "garage", "plug_in": 0},
        {"protocol": "ocpp", "url": central.url, "id": "CP1", "free_vend": True, "set": ["MeterValueSampleInterval=1"]},
    ]
    await asyncio.to_thread(plan.write_text, json.dumps(entries))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "several", str(plan), "--speed", "20", "--control-port", "0",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await central.until(central.statuses, within_s=20)
        process.stdin.write(b"CP1 plug_in\n")
        await central.until(lambda: central.of("MeterValues"))
        async with asyncio.timeout(60):
            while json.loads(await process.stdout.readline()).get("status") != "Charging":
                pass
    finally:
        process.terminate()
        output, _ = await process.communicate()
    assert process.returncode == 0
    assert all(json.loads(line)["name"] in {"garage", "CP1"} for line in output.splitlines())


@pytest.fixture
def server_certificate(tmp_path):
    """A self-signed certificate for loopback, as a path to certificate and key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    return path


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_a_charge_point_speaks_over_wss_to_a_server_it_trusts_only(server_certificate, is_trusted):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(server_certificate)
    client = ssl.create_default_context(cafile=server_certificate if is_trusted else None)
    async with running_central_system(server) as central:
        url = central.url.replace("ws:", "wss:")
        async with OcppCharger(url, "CP1", password="0" * 32, ssl_context=client) as charger:
            await central.until(lambda: central.statuses() or charger.client.link.last_refusal)
            await charger.drop_link()
        assert bool(central.calls) is is_trusted
