"""Keys to build URIs from, and URIs that are not as they should be."""

STRONG = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
LONG = "GEZDGNBVGY3TQOJQ" * 4


def key(issuer, account, kind="totp", secret=STRONG, algorithm="SHA1", digits=6, value=None):
    """A key: `value` is the period of a TOTP key, the counter of a HOTP key."""
    if value is None:
        value = 30 if kind == "totp" else 0
    return {
        "type": kind,
        "issuer": issuer,
        "account": account,
        "secret": secret,
        "algorithm": algorithm,
        "digits": digits,
        "value": value,
    }


KEYS = [
    key("Example", "alice@example.com"),
    key(None, "alice@example.com"),
    key("ACME Co", "john doe"),
    key("Größe & Söhne", "måns@exämple.se"),
    key("A+B=C?", "50% off#1&secret=x"),
    key("日本", "🔑-key_~.!*'()"),
    key("Example", "alice", algorithm="SHA256", digits=8, secret=LONG),
    key("Example", "alice", algorithm="SHA512", digits=7, value=60, secret=LONG),
    key("Example", "alice", value=120),
    key("Example", "alice", kind="hotp"),
    key("Example", "alice", kind="hotp", value=9007199254740991, digits=8, algorithm="SHA256"),
    key("Example", "alice", kind="hotp", value=1, secret="GEZDGNBVGY3TQOJQGEZDGNBVGY"),
    key("Example", "path/to/alice"),
    key("Example", "host:8080"),
]

_P = "otpauth://totp/Example:alice?secret=" + STRONG
_H = "otpauth://hotp/Example:alice?secret=" + STRONG

ODD = {
    "`algorithm=MD5`": _P + "&algorithm=MD5",
    "`algorithm=SHA-256`": _P + "&algorithm=SHA-256",
    "`algorithm=sha256`": _P + "&algorithm=sha256",
    "`digits=10`": _P + "&digits=10",
    "`digits=+8` (`%2B8`)": _P + "&digits=%2B8",
    "`digits=08`": _P + "&digits=08",
    "`digits=８` (full-width)": _P + "&digits=%EF%BC%98",
    "`digits=` (empty)": _P + "&digits=",
    "`digits` twice, 6 and 8": _P + "&digits=6&digits=8",
    "`Digits=8`": _P + "&Digits=8",
    "`&amp;digits=8`": _P + "&amp;digits=8",
    "`period=0`": _P + "&period=0",
    "`period=-30`": _P + "&period=-30",
    "HOTP without `counter`": _H,
    "`counter=-1`": _H + "&counter=-1",
    "`encoder=steam`": _P + "&encoder=steam",
    "`epoch=1000`": _P + "&epoch=1000",
    "other issuer in the label": _P + "&issuer=Other",
    "no `secret`": "otpauth://totp/Example:alice?issuer=Example",
    "a secret that is not Base32": "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQ018",
    "blanks in the secret": "otpauth://totp/Example:alice?secret=GEZD%20GNBV%20GY3T%20QOJQ%20GEZD%20GNBV%20GY3T%20QOJQ",
    "a secret of 40 bits": "otpauth://totp/Example:alice?secret=GEZDGNBV",
    "`OTPAUTH://TOTP/`": _P.replace("otpauth://totp", "OTPAUTH://TOTP"),
    "`user@totp`": _P.replace("//totp", "//user@totp"),
    "`totp:80`": _P.replace("//totp", "//totp:80"),
    "a `#fragment`": _P + "#fragment",
    "`A+B` as issuer, in both places": "otpauth://totp/A+B:alice?secret=" + STRONG + "&issuer=A+B",
    "`%3A` as the separator": _P.replace("Example:alice", "Example%3Aalice"),
    "a second colon in the label": _P.replace("Example:alice", "Example:alice:x"),
    "a second path segment": _P.replace("Example:alice", "Example:alice/x"),
    "`%FF` in the label": _P.replace("alice", "%FF"),
    "`%00` in the label": _P.replace("alice", "al%00ice"),
    "U+202E in the label": _P.replace("alice", "%E2%80%AEalice"),
    "`%4` in the label": _P.replace("alice", "%4"),
    "no label": "otpauth://totp/?secret=" + STRONG,
}
