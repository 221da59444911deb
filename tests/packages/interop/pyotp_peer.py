"""pyotp: builds a URI from a key, reads a key from a URI."""

import hashlib

import pyotp

NAME = f"pyotp-{__import__('importlib.metadata').metadata.version('pyotp')}"


def build(key):
    digest = getattr(hashlib, key["algorithm"].lower())
    if key["type"] == "totp":
        otp = pyotp.TOTP(key["secret"], digits=key["digits"], digest=digest, interval=key["value"])
        return otp.provisioning_uri(name=key["account"], issuer_name=key["issuer"])
    otp = pyotp.HOTP(key["secret"], digits=key["digits"], digest=digest)
    return otp.provisioning_uri(name=key["account"], initial_count=key["value"], issuer_name=key["issuer"])


def read(uri):
    try:
        otp = pyotp.parse_uri(uri)
        otp.at(0)
    except Exception as error:
        return {"error": type(error).__name__}
    is_totp = isinstance(otp, pyotp.TOTP)
    return {
        "type": "steam" if isinstance(otp, pyotp.contrib.Steam) else "totp" if is_totp else "hotp",
        "issuer": otp.issuer,
        "account": otp.name,
        "secret": otp.secret,
        "algorithm": otp.digest().name.upper(),
        "digits": otp.digits,
        "value": otp.interval if is_totp else otp.initial_count,
    }
