import datetime
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware.crypto import csr, es256
from firmware.crypto import der as der_form
from firmware.crypto.p256 import N
from tests.firmware.crypto_vm import in_vm, run_vm

KEY = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
PUBLIC = es256.public_key(KEY)
DER = serialization.Encoding.DER

private_keys = st.integers(1, N - 1).map(lambda d: d.to_bytes(32, "big"))
names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=16)


def check_request(der, private_key, common_name):
    request = x509.load_der_x509_csr(der)
    assert request.is_signature_valid
    assert isinstance(request.signature_hash_algorithm, hashes.SHA256)
    assert [(part.oid, part.value) for part in request.subject] == [(NameOID.COMMON_NAME, common_name)]
    expected = ec.derive_private_key(int.from_bytes(private_key, "big"), ec.SECP256R1()).public_key()
    assert request.public_key() == expected
    assert len(request.extensions) == 0
    assert request.public_bytes(DER) == der


@settings(max_examples=30, deadline=None)
@given(private_keys, names)
@example(KEY, "a")
@example(KEY, "大" * 21)
@example(KEY, "x" * 64)
def test_openssl_accepts_the_request(private_key, common_name):
    check_request(csr.request(private_key, common_name), private_key, common_name)


def test_every_length_of_name():
    for length in range(1, 65):
        check_request(csr.request(KEY, "x" * length), KEY, "x" * length)


def test_openssl_accepts_the_request_of_micropython():
    cases = [(KEY, "w-001"), (bytes(31) + b"\x01", "x" * 64), ((N - 1).to_bytes(32, "big"), "温州市民中心")]
    (requests,) = in_vm("from firmware.crypto.csr import request", f"[request(d, name) for d, name in {cases!r}]")
    for der, (private_key, common_name) in zip(requests, cases, strict=True):
        check_request(der, private_key, common_name)
        assert der == csr.request(private_key, common_name)


def test_requests_without_blocking_in_micropython():
    (der,) = in_vm(
        "import asyncio\nfrom firmware.crypto.csr import request_async",
        f"asyncio.run(request_async({KEY!r}, 'w-001'))",
    )
    check_request(der, KEY, "w-001")


@pytest.mark.parametrize("name", ["", "x" * 65, "大" * 22])
def test_names_out_of_bounds(name):
    with pytest.raises(ValueError, match="common name: expected 1 to 64"):
        csr.request(KEY, name)


@pytest.mark.parametrize("key", [b"", bytes(32), b"\x11" * 31, b"\xff" * 32])
def test_bad_private_keys(key):
    with pytest.raises(ValueError, match="private key: expected"):
        csr.request(key, "w-001")
    with pytest.raises(ValueError, match="private key: expected"):
        der_form.private_key_der(key, PUBLIC)


@pytest.mark.parametrize("public", [b"", PUBLIC[:64], PUBLIC + b"\0", b"\x02" + PUBLIC[1:]])
def test_bad_public_keys(public):
    with pytest.raises(ValueError, match="public key: expected 65 bytes"):
        der_form.private_key_der(KEY, public)


integers = st.integers(0, 2**256 - 1) | st.sampled_from([0, 1, 127, 128, 255, 256, 2**255 - 1, 2**255, 2**248 - 1])


@given(integers, integers)
def test_signature_der(r, s):
    der = csr.signature_der(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    assert decode_dss_signature(der) == (r, s)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_signatures_of_other_lengths(length):
    with pytest.raises(ValueError, match=f"signature: expected 64 bytes, got {length}"):
        csr.signature_der(bytes(length))


@settings(max_examples=30, deadline=None)
@given(private_keys)
@example(bytes(31) + b"\x01")
def test_openssl_reads_the_private_key(private_key):
    der = der_form.private_key_der(private_key, es256.public_key(private_key))
    loaded = serialization.load_der_private_key(der, None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    assert loaded.private_numbers().private_value == int.from_bytes(private_key, "big")
    # The same bytes as OpenSSL writes.
    form = serialization.PrivateFormat.TraditionalOpenSSL
    assert der == loaded.private_bytes(DER, form, serialization.NoEncryption())


def certificate(subject, public_key, issuer, issuer_key, *, alternative=None):
    """A certificate of today in the way the hall's authority makes one."""
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
    )
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(alternative)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


CLIENT = """
import socket
import tls
from firmware.crypto.der import private_key_der
from firmware.crypto.es256 import public_key

context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.load_verify_locations({authority!r})
context.load_cert_chain({certificate!r}, private_key_der({key!r}, public_key({key!r})))
link = socket.socket()
link.connect(socket.getaddrinfo("127.0.0.1", {port})[0][-1])
link = context.wrap_socket(link, server_hostname="localhost")
link.write(b"hello")
print(link.read(3))
"""


def greet(listener, context, answers):
    """One TLS connection: answers gets the client's name, or the error that stopped it."""
    listener.settimeout(30)
    plain, _ = listener.accept()
    plain.settimeout(30)
    try:
        with context.wrap_socket(plain, server_side=True) as link:
            link.recv(5)
            link.sendall(b"yes")
            answers.append(dict(part[0] for part in link.getpeercert()["subject"])["commonName"])
    except OSError as error:
        answers.append(error)
    finally:
        plain.close()


def connect(tmp_path, client_key):
    """Has the VM connect with a certificate that was issued for the request of KEY, and with client_key."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = certificate("hall", authority_key.public_key(), "hall", authority_key)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = certificate("server", server_key.public_key(), "hall", authority_key, alternative="localhost")
    request = x509.load_der_x509_csr(csr.request(KEY, "w-001"))
    client = certificate("w-001", request.public_key(), "hall", authority_key)

    pem, key_form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "ca.pem").write_bytes(authority.public_bytes(pem))
    (tmp_path / "server.pem").write_bytes(
        server.public_bytes(pem) + server_key.private_bytes(pem, key_form, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.load_verify_locations(tmp_path / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    answers = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet, args=(listener, context, answers))
        thread.start()
        program = CLIENT.format(
            authority=authority.public_bytes(DER),
            certificate=client.public_bytes(DER),
            key=client_key,
            port=listener.getsockname()[1],
        )
        try:
            printed = run_vm(program, heap="1M")
        finally:
            thread.join(60)
    return printed, answers


def test_mutual_tls_from_micropython_with_the_key_and_an_issued_certificate(tmp_path):
    printed, answers = connect(tmp_path, KEY)
    assert printed == "b'yes'\n"
    assert answers == ["w-001"]


def test_mutual_tls_needs_the_key_of_the_request(tmp_path):
    with pytest.raises(AssertionError, match="OSError|ValueError"):
        connect(tmp_path, bytes(31) + b"\x05")


def test_micropython_refuses_a_key_in_another_form():
    authority_key = ec.generate_private_key(ec.SECP256R1())
    der = certificate("hall", authority_key.public_key(), "hall", authority_key).public_bytes(DER)
    with pytest.raises(AssertionError, match="invalid key"):
        run_vm(f"import tls\ntls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_cert_chain({der!r}, {KEY!r})")
