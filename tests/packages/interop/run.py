"""Round trips between this crate's `authenticator` and other implementations; see `scripts/interop`.

usage: run.py AUTHENTICATOR PEERS-FOLDER [--write]
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import cases
import migration_peer
import pskc_peer
import pyotp_peer

AUTHENTICATOR, PEERS = sys.argv[1:3]
WRITE = "--write" in sys.argv
HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, stdin="", **options):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, **options)


def authenticator(*arguments, stdin=""):
    done = run([AUTHENTICATOR, *arguments], stdin)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.removesuffix("\n")


def described(text):
    """What `inspect` and `import` say about a key."""
    lines = [line.split(": ", 1) for line in text.split("\n")]
    said = dict(lines)
    repairs = [value for name, value in lines if name == "repair"]
    key = {
        "type": said["type"],
        "issuer": said.get("issuer"),
        "account": said["account"],
        "secret": said["secret"],
        "algorithm": said["algorithm"],
        "digits": int(said["digits"]),
        "value": int(said.get("period") or said.get("counter")),
    }
    return key, said["uri"], repairs


def inspect(uri):
    """The key as the strict reader has it, else as the lenient one has it."""
    done = run([AUTHENTICATOR, "inspect", "-", "--show-secret"], uri)
    if done.returncode == 0:
        key, built, repairs = described(done.stdout.removesuffix("\n"))
        assert not repairs
        return key, built, repairs
    return described(authenticator("inspect", "-", "--show-secret", "--lenient", stdin=uri))


class Otplib:
    def __init__(self):
        with open(os.path.join(PEERS, "node_modules/otplib/package.json")) as file:
            self.NAME = f"otplib-{json.load(file)['version']}"

    def ask(self, request):
        script = os.path.join(HERE, "otplib_peer.cjs")
        environment = {**os.environ, "NODE_PATH": os.path.join(PEERS, "node_modules")}
        done = run(["node", script], json.dumps([request]), env=environment)
        assert done.returncode == 0, done.stderr
        [result] = json.loads(done.stdout)
        return result

    def build(self, key):
        return self.ask({"build": key})

    def read(self, uri):
        return self.ask({"read": uri})


def committed(path, text):
    """The committed file is what this run has made; `--write` makes it so."""
    path = os.path.normpath(os.path.join(HERE, "../../..", path))
    if WRITE:
        with open(path, "w") as file:
            file.write(text)
    with open(path) as file:
        assert file.read() == text, f"{path} is not what this run has made"


def committed_vectors(name, vectors):
    committed(f"tests/vectors/{name}.json", json.dumps(vectors, indent=1, ensure_ascii=False) + "\n")


def key_uris(peer):
    built = []
    for key in cases.KEYS:
        uri = peer.build(key)
        read, ours, repairs = inspect(uri)
        assert read == key, (peer.NAME, uri, read)
        # And back: ours, read there.
        back = peer.read(ours)
        assert back == key, (peer.NAME, ours, back)
        built.append({**key, "uri": uri, "repairs": repairs})
    odd = [{"what": what, "uri": uri, "result": peer.read(uri)} for what, uri in cases.ODD.items()]
    committed_vectors(peer.NAME, {"origin": f"{peer.NAME}, by scripts/interop", "built": built, "odd": odd})
    print(f"{peer.NAME}: {len(built)} keys both ways, {len(odd)} odd URIs")
    return odd


def verdict(what, result):
    """What was made of an odd URI, as the table of the documentation has it."""
    if "error" in result:
        return "refused"
    plain = cases.key("Example", "alice")
    words = []
    for field in ("type", "issuer", "account", "algorithm", "digits", "value"):
        value = result[field]
        if value == plain[field] or (field, value) == ("type", "hotp"):
            continue
        value = "none" if value is None else json.dumps(value) if field in ("issuer", "account") else value
        field = field if field != "value" else "counter" if result["type"] == "hotp" else "period"
        words.append(f"{field} {value}")
    settings = ("digits", "period", "counter", "encoder", "epoch", "fragment")
    return ", ".join(words) or ("ignored" if any(word in what.lower() for word in settings) else "read")


def our_verdict(what, uri):
    if run([AUTHENTICATOR, "inspect", "-", "--show-secret"], uri).returncode == 0:
        return verdict(what, inspect(uri)[0])
    done = run([AUTHENTICATOR, "inspect", "-", "--show-secret", "--lenient"], uri)
    if done.returncode != 0:
        return "refused"
    return "repair: " + verdict(what, described(done.stdout.removesuffix("\n"))[0])


def table(peers):
    """The table in the documentation of `KeyUri`."""
    lines = ["| URI | this crate | " + " | ".join(peers) + " |", "|" + " --- |" * (len(peers) + 2)]
    for row in zip(*peers.values()):
        what, uri = row[0]["what"], row[0]["uri"]
        cells = [what, our_verdict(what, uri), *(verdict(what, odd["result"]) for odd in row)]
        lines.append("| " + " | ".join(cells) + " |")
    [place] = glob.glob("src/**/peers.md", root_dir=os.path.join(HERE, "../../.."), recursive=True)
    committed(place, "\n".join(lines) + "\n")


def migration():
    peer = migration_peer
    keys = [key for key in cases.KEYS if key["digits"] != 7 and (key["type"] == "hotp" or key["value"] == 30)]
    keys = [key for key in keys if ":" not in key["account"]]
    half = len(keys) // 2
    exports = [
        ([peer.encode(keys)], keys),
        ([peer.encode(keys[half:], 2, 1, -5, 2, "an id"), peer.encode(keys[:half], 2, 0, -5, 2, "an id")], keys),
        ([peer.encode(keys[:1], batch_id=2**31 - 1)], keys[:1]),
    ]
    for uris, expected in exports:
        said = authenticator("import", "-", "--show-secret", stdin="\n".join(uris))
        read = [described(one)[0] for one in said.split("\n\n")]
        assert read == expected, (uris, read)

    many = [inspect(pyotp_peer.build(key))[1] for key in keys] * 4
    said = authenticator("export", "-", "--lenient", "--batch-id", "77", stdin="\n".join(many)).split("\n")
    parts = [peer.decode(uri) for uri in said]
    assert [(part["size"], part["index"], part["id"]) for part in parts] == [(len(parts), n, 77) for n in range(len(parts))]
    assert len(parts) > 1 and [key for part in parts for key in part["keys"]] == keys * 4
    vectors = [{"uris": uris, "keys": expected} for uris, expected in exports]
    committed_vectors(peer.NAME, {"origin": f"{peer.NAME}, by scripts/interop", "exports": vectors})
    print(f"{peer.NAME}: {len(exports)} exports read, {len(parts)} parts of {len(many)} keys written")
    return said


def scan(picture):
    done = run(["zbarimg", "--quiet", "--raw", picture])
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


def terminal_picture(text, background, path):
    """The terminal's text as a picture, 4 pixels a module, in a terminal with this background."""
    halves = {" ": (255, 255), "▀": (0, 255), "▄": (255, 0), "█": (0, 0)}
    rows = []
    for line in text.split("\n"):
        cells = line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m")
        assert len(cells) == len(line) - 13, "the escapes around a line"
        for half in (0, 1):
            rows.append([halves[cell][half] for cell in cells])
    around = [background] * 12
    wide = [around + row + around for row in rows]
    edge = [[background] * len(wide[0])] * 12
    pixels = [[value for value in row for _ in range(4)] for row in edge + wide + edge for _ in range(4)]
    with open(path, "wb") as file:
        file.write(f"P5 {len(pixels[0])} {len(pixels)} 255\n".encode())
        file.write(bytes(value for row in pixels for value in row))


def pictures():
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        svg, png, pgm = (os.path.join(folder, f"qr.{kind}") for kind in ("svg", "png", "pgm"))
        for key in cases.KEYS + [cases.key("I" * 128, "ü" * 64, secret="GEZDGNBV" * 25)]:
            uri = inspect(pyotp_peer.build(key))[1]
            with open(svg, "w") as file:
                file.write(authenticator("qr", "-", "--svg", "--lenient", stdin=uri))
            # Drawn by librsvg, read by zbar; neither is used by the crate or its tests.
            done = run(["rsvg-convert", "--width", "900", "--output", png, svg])
            assert done.returncode == 0, done.stderr
            assert scan(png) == uri
            for background in (0, 255):
                terminal_picture(authenticator("qr", "-", "--lenient", stdin=uri), background, pgm)
                assert scan(pgm) == uri
            count += 1
    print(f"zbar: {count} QR codes, as SVG and in terminals, dark and light")


def listed(path, *arguments):
    """What `tokens` says about each key of a file: a token, or the reason."""
    done = run([AUTHENTICATOR, "tokens", path, "--show-secret", *arguments])
    if done.returncode != 0:
        return done.stderr.strip()
    header, *rows = [re.split("  +", line) for line in done.stdout.removesuffix("\n").split("\n")]
    tokens = []
    for row in rows:
        if len(row) < len(header):
            tokens.append({"serial": row[0], "reason": row[1]})
            continue
        said = dict(zip(header, row))
        tokens.append(
            {
                "serial": said["serial"],
                "type": said["type"],
                "algorithm": said["hash"],
                "digits": int(said["digits"]),
                "value": int(said["period/counter"]),
                "drift": int(said["drift"]),
                "manufacturer": said["manufacturer"],
                "secret": said["secret"],
            }
        )
    return tokens


def pskc():
    files = list(pskc_peer.files())
    with tempfile.TemporaryDirectory() as folder:
        path, password = os.path.join(folder, "file"), os.path.join(folder, "password")
        for file in files:
            with open(path, "w") as out:
                out.write(file["file"])
            arguments = ["--key", file["key"]] if "key" in file else []
            if "password" in file:
                with open(password, "w") as out:
                    out.write(file["password"] + "\n")
                arguments = ["--password-file", password]
            assert listed(path, *arguments) == pskc_peer.TOKENS, file["what"]
            back = pskc_peer.keys(path, file.get("key"), file.get("password"))
            assert back == [(token["serial"], token["secret"]) for token in pskc_peer.TOKENS]
            if not arguments:
                assert pskc_peer.pskctool(path) == back
    vectors = {"origin": f"{pskc_peer.NAME}, by scripts/interop", "tokens": pskc_peer.TOKENS, "files": files}
    committed_vectors(pskc_peer.NAME, vectors)
    print(f"{pskc_peer.NAME}: {len(files)} files of {len(pskc_peer.TOKENS)} tokens read")


# What opens the files of vendors, and how many keys of each can be used. The others: OCRA, YubiKey, 3DES, a PIN.
VENDORS = [
    ("feitian/20120919-test001-4282.xml", {}, 2),
    ("feitian/file1.pskcxml", {}, 6),
    ("nagraid/file1.pskcxml", {"key": "4A057F6AB6FCB57AB5408E46A9835E68"}, 0),
    ("misc/SampleFullyQualifiedNS.xml", {"password": "3FCA3158035072D6"}, 0),
    ("rfc6030/figure2.pskcxml", {}, 0),
    ("rfc6030/figure3.pskcxml", {}, 1),
    ("rfc6030/figure4.pskcxml", {}, 0),
    ("rfc6030/figure5.pskcxml", {}, 1),
    ("rfc6030/figure6.pskcxml", {"key": "12345678901234567890123456789012"}, 1),
    ("rfc6030/figure7.pskcxml", {"password": "qwerty"}, 1),
    ("rfc6030/figure10.pskcxml", {}, 4),
    ("yubico/example1.pskcxml", {}, 0),
]


def vendors():
    used = 0
    for name, opens, count in VENDORS:
        path = os.path.join(PEERS, "pskc-files", name)
        arguments = ["--key", opens["key"]] if "key" in opens else []
        with tempfile.NamedTemporaryFile("w") as password:
            if "password" in opens:
                password.write(opens["password"])
                password.flush()
                arguments = ["--password-file", password.name]
            tokens = listed(path, *arguments)
        peer = pskc_peer.keys(path, **opens)
        if count == 0:
            assert isinstance(tokens, str), (name, tokens)
            print(f"   {name}: {tokens}")
            continue
        assert len(tokens) == len(peer), (name, tokens, peer)
        usable = [(token["serial"], token["secret"]) for token in tokens if "secret" in token]
        assert len(usable) == count and set(usable) <= set(peer), (name, usable, peer)
        if not arguments:
            assert set(usable) <= set(pskc_peer.pskctool(path)), name
        used += count
    print(f"{pskc_peer.NAME}: {len(VENDORS)} files of vendors and of RFC 6030, {used} tokens, as it and pskctool read them")


table({"pyotp": key_uris(pyotp_peer), "otplib": key_uris(Otplib())})
migration()
pskc()
vendors()
pictures()
