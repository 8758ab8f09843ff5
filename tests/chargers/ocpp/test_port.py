"""The port: encrypted or not, and never left open by half a start."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import ipaddress
from pathlib import Path
import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
import pytest

from simulator import OcppCharger as Simulated, Vehicle
from tests.flow_words import free_port as unused_port
from tests.waiting import until

from .peer import Site, now


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate of its own making, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    public, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, private)
    return server, ssl.create_default_context(cafile=str(public))


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def free_port(socket_enabled: None) -> Iterator[int]:
    port = unused_port()
    yield port
    assert not is_taken(port)


async def test_a_charge_point_charges_over_an_encrypted_link(
    socket_enabled: None, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server, client = contexts
    site = Site(ssl_context=server)
    await site.central.start()
    charger = site.charger(password=b"a" * 40, start_without_tag=True)
    site.run(charger)
    try:
        simulated = Simulated(f"wss://127.0.0.1:{site.central.port}", "CP1", password="a" * 40, ssl_context=client)
        async with simulated:
            simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
            await until(lambda: charger.is_online)
            await charger.apply(10)
            await until(lambda: simulated.charge_point.offered_a == 10)
    finally:
        await site.close()


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02", b"GET / HTTP/1.1\r\n\r\n"])
async def test_a_dawdling_encrypted_handshake_is_hung_up_on(
    socket_enabled: None, contexts: tuple[ssl.SSLContext, ssl.SSLContext], said: bytes
) -> None:
    site = Site(ssl_context=contexts[0])
    await site.central.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.central.port)
        writer.write(said)
        async with asyncio.timeout(60):
            await reader.read()
        writer.close()
    finally:
        await site.close()


async def test_half_a_start_leaves_no_port_open(free_port: int) -> None:
    outcomes: list[object] = []
    for turns in range(12):
        site = Site()
        site.central._wanted_port = free_port
        starting = asyncio.create_task(site.central.start())
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        outcomes += await asyncio.gather(starting, return_exceptions=True)
        await site.close()
        assert not is_taken(free_port), turns
    assert any(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)


async def test_the_port_is_free_again_behind_a_stop_with_peers(free_port: int) -> None:
    site = Site()
    site.central._wanted_port = free_port
    await site.central.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
    await site.close()
    assert await reader.read() == b""
    writer.close()
    assert not is_taken(free_port)
