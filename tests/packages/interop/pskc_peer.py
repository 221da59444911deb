"""PSKC files by python-pskc: written with every cipher, read from vendors; and by pskctool, which reads plain ones."""

import base64
import hashlib
import importlib.metadata
import io
import os
import re
import subprocess

# The same keys and initialization vectors in every run, so that the vectors are the same too.
_count = 0


def _bytes(length):
    global _count
    _count += 1
    return hashlib.shake_256(b"pskc %d" % _count).digest(length)


os.urandom = _bytes

from pskc import PSKC  # noqa: E402

NAME = f"python-pskc-{importlib.metadata.version('python-pskc')}"
URN = "urn:ietf:params:xml:ns:keyprov:pskc:"
XMLENC = "http://www.w3.org/2001/04/xmlenc#"
SECRETS = {"SHA1": b"12345678901234567890", "SHA256": bytes(range(32)), "SHA512": bytes(range(64))}


def _token(number, kind, algorithm, digits, value, drift):
    return {
        "serial": f"10000{number}",
        "type": kind,
        "algorithm": algorithm,
        "digits": digits,
        "value": value,
        "drift": drift,
        "manufacturer": "Acme & Söhne",
        "secret": base64.b32encode(SECRETS[algorithm]).decode().rstrip("="),
    }


TOKENS = [
    _token(1, "totp", "SHA1", 6, 30, 0),
    _token(2, "totp", "SHA256", 8, 60, -4),
    _token(3, "totp", "SHA512", 7, 30, 12),
    _token(4, "hotp", "SHA1", 6, 0, 0),
    _token(5, "hotp", "SHA1", 8, 123456789, 0),
]


def _container():
    pskc = PSKC()
    for token in TOKENS:
        is_totp = token["type"] == "totp"
        moving = {"time_interval": token["value"], "time_drift": token["drift"]} if is_totp else {"counter": token["value"]}
        pskc.add_key(
            id=f"key {token['serial']}",
            serial=token["serial"],
            manufacturer=token["manufacturer"],
            algorithm=URN + token["type"],
            algorithm_suite=f"HMAC-{token['algorithm']}",
            response_length=token["digits"],
            response_encoding="DECIMAL",
            secret=SECRETS[token["algorithm"]],
            **moving,
        )
    return pskc


def _text(pskc):
    file = io.BytesIO()
    pskc.write(file)
    return file.getvalue().decode()


def files():
    """Each with what opens it. All hold the same tokens."""
    yield {"what": "plain", "file": _text(_container())}
    for bits in (128, 192, 256):
        for mac in ("hmac-sha1", "hmac-sha256", "hmac-sha512"):
            pskc = _container()
            key = _bytes(bits // 8)
            pskc.encryption.setup_preshared_key(algorithm=f"{XMLENC}aes{bits}-cbc", key=key)
            pskc.mac.setup(algorithm=mac)
            yield {"what": f"aes{bits}-cbc, {mac}", "key": key.hex(), "file": _text(pskc)}
        pskc = _container()
        pskc.encryption.setup_pbkdf2("pässword", algorithm=f"{XMLENC}aes{bits}-cbc", iterations=1000)
        yield {"what": f"aes{bits}-cbc, PBKDF2", "password": "pässword", "file": _text(pskc)}


def keys(path, key=None, password=None):
    """What python-pskc reads from a file: serial number and secret, or `None` for what it can't read."""
    pskc = PSKC(path)
    if key:
        pskc.encryption.key = bytes.fromhex(key)
    if password:
        pskc.encryption.derive_key(password)
    read = []
    for one in pskc.keys:
        try:
            secret = one.secret
        except Exception:
            secret = None
        secret = secret.encode() if isinstance(secret, str) else secret
        read.append((one.serial or one.id, secret and base64.b32encode(secret).decode().rstrip("=")))
    return read


def pskctool(path):
    """What pskctool reads from a plain file."""
    done = subprocess.run(["pskctool", "--info", "--verbose", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    packages = re.split(r"KeyPackage \d+:\n", done.stdout)[1:]
    field = lambda text, name: (re.findall(rf"^\s*{re.escape(name)}: (.*)$", text, re.M) or [None])[0]
    read = []
    for package in packages:
        secret = base64.b64decode(field(package, "Key Secret (base64)") or "")
        serial = field(package, "SerialNo") or field(package, "Id")
        read.append((serial, base64.b32encode(secret).decode().rstrip("=")))
    return read
