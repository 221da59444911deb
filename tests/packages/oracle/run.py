"""Random codes, by this crate, by oathtool and by pyotp; see `scripts/oracle`.

usage: run.py PROGRAM SEED CASES
"""

import base64
import hashlib
import random
import subprocess
import sys

import pyotp

PROGRAM = sys.argv[1]
SEED, CASES = (int(word) for word in sys.argv[2:])
END = 2**64 - 1
# The end of oathtool's times, which are signed; beyond it those of its window wrap.
SIGNED_END = 2**63 - 1
dice = random.Random(SEED)

# Shorter keys than it makes itself: what is computed from them is the same.
pyotp.OTP.min_secret_length_bits = 8


def number():
    """Of any magnitude, near the ends as often as not."""
    if dice.random() < 0.2:
        near = dice.choice([0, 2**31, 2**32, 2**53, 2**63, END])
        return min(max(near + dice.randint(-40, 40), 0), END)
    return dice.getrandbits(dice.randint(1, 64))


def key():
    # Around the blocks of the hashes, 64 and 128 bytes, and around their outputs.
    edges = [1, 16, 20, 32, 63, 64, 65, 127, 128]
    length = dice.choice(edges) if dice.random() < 0.3 else dice.randint(1, 128)
    return {
        "key": dice.randbytes(length),
        "algorithm": dice.choice(["sha1", "sha256", "sha512"]),
        "digits": dice.choice([6, 7, 8]),
    }


def totp():
    """Half of them now, give or take twenty years, from the epoch on."""
    case = {"kind": "totp", **key(), "period": dice.choice([5, 30, 60, 120, 3600, dice.randint(5, 3600)])}
    if dice.random() < 0.5:
        return {**case, "t0": 0, "time": dice.randint(1_150_000_000, 2_400_000_000)}
    t0 = dice.choice([0, number()])
    time = number()
    if time < t0 and dice.random() < 0.9:
        t0, time = time, t0
    return {**case, "t0": t0, "time": time}


def hotp():
    return {"kind": "hotp", **key(), "counter": dice.choice([number(), dice.randint(0, 10**6)])}


def counter_of(case):
    """RFC 6238 section 4.2; `None` before T0, where Python would count on below zero."""
    if case["kind"] == "hotp":
        return case["counter"]
    return (case["time"] - case["t0"]) // case["period"] if case["time"] >= case["t0"] else None


def words(case, *more):
    kind = case["kind"] if not more else case["kind"] + "-verify"
    about = [case["counter"]] if case["kind"] == "hotp" else [case["period"], case["t0"], case["time"]]
    return " ".join(str(word) for word in [kind, case["key"].hex(), case["algorithm"], case["digits"], *about, *more])


def ours(questions):
    done = subprocess.run([PROGRAM], input="\n".join(questions), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split()
    assert len(answers) == len(questions)
    return answers


def by_pyotp(case, counter):
    """Through its counter: its times end with the year 9999, its periods with 120 seconds, and it has no T0."""
    secret = base64.b32encode(case["key"]).decode().rstrip("=")
    return pyotp.OTP(secret, digits=case["digits"], digest=getattr(hashlib, case["algorithm"])).generate_otp(counter)


def by_pyotp_time(case):
    """Through its times, if it takes these: `None` if not."""
    if case["t0"] != 0 or case["time"] >= 253402300800 or case["period"] > 120:
        return None
    secret = base64.b32encode(case["key"]).decode()
    digest = getattr(hashlib, case["algorithm"])
    return pyotp.TOTP(secret, digits=case["digits"], digest=digest, interval=case["period"]).at(case["time"])


def by_oathtool(case, more):
    """This code and those of the next counters, `more` of them; `None` if it can't be asked."""
    common = ["-d", str(case["digits"]), "-w", str(more), case["key"].hex()]
    if case["kind"] == "totp":
        if case["time"] + more * case["period"] > SIGNED_END:
            return None
        times = ["-s", f"{case['period']}s", "-S", f"@{case['t0']}", "-N", f"@{case['time']}"]
        command = ["oathtool", f"--totp={case['algorithm']}", *times, *common]
    elif case["algorithm"] == "sha1":
        command = ["oathtool", "--hotp", "-c", str(case["counter"]), *common]
    elif case["counter"] + more <= SIGNED_END:
        # It has HOTP by SHA-1 alone; with steps of a second a time is a counter.
        command = ["oathtool", f"--totp={case['algorithm']}", "-s", "1s", "-N", f"@{case['counter']}", *common]
    else:
        return None
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout.split()


def check(what, case, expected, got):
    assert expected == got, f"seed {SEED}: {what} says {expected}, this crate {got}: {case}"


def generated():
    """Codes: each by both oracles."""
    counts = {"pyotp": 0, "pyotp's times": 0, "oathtool": 0, "before T0": 0}
    cases = [dice.choice([totp, totp, hotp])() for _ in range(CASES)]
    for case, code in zip(cases, ours([words(case) for case in cases])):
        counter = counter_of(case)
        if counter is None:
            check("RFC 6238", case, "none", code)
            counts["before T0"] += 1
            continue
        check("pyotp", case, by_pyotp(case, counter), code)
        counts["pyotp"] += 1
        if case["kind"] == "totp" and (at := by_pyotp_time(case)) is not None:
            check("pyotp", case, at, code)
            counts["pyotp's times"] += 1
        # The counters wrap there at the end, and end here.
        more = min(dice.choice([0, 0, 1, 9, 99]), END - counter)
        codes = by_oathtool(case, more)
        if codes is None:
            continue
        following = [{**case, "kind": "hotp", "counter": counter + n} for n in range(more + 1)]
        for one, expected, got in zip(following, codes, ours([words(one) for one in following]), strict=True):
            check("oathtool", one, expected, got)
        check("oathtool", case, codes[0], code)
        counts["oathtool"] += len(codes)
    return counts


def submission(case, counter, before, after):
    """A code of the neighbourhood, and the counters that have it, by pyotp."""
    near = range(max(counter - before, 0), min(counter + after, END) + 1)
    codes = {at: by_pyotp(case, at) for at in near}
    chosen = min(max(counter + dice.randint(-before - 1, after + 1), 0), END)
    code = by_pyotp(case, chosen)
    return code, [at for at in near if codes[at] == code]


def verified():
    """What `verify` says of a code in its window or beside it: the last counter that has it and is not used."""
    questions, expected = [], []
    while len(questions) < CASES:
        case = dice.choice([totp, totp, hotp])()
        counter = counter_of(case)
        if counter is None:
            continue
        if case["kind"] == "hotp":
            ahead = dice.choice([0, 10, dice.randint(0, 100)])
            code, found = submission(case, counter, 0, ahead)
            questions.append(words(case, ahead, code))
        else:
            past, future = dice.choice([(0, 0), (1, 1), (dice.randint(0, 10), dice.randint(0, 10))])
            code, found = submission(case, counter, past, future)
            last = dice.choice(["-", min(max(counter + dice.randint(-3, 2), 0), END)])
            questions.append(words(case, past, future, last, code))
            found = [at for at in found if last == "-" or at > last]
        expected.append(str(found[-1]) if found else "none")
    for question, wanted, got in zip(questions, expected, ours(questions)):
        check("pyotp", question, wanted, got)
    return {"accepted": sum(one != "none" for one in expected), "refused": expected.count("none")}


for name, counts in (("codes", generated()), ("verdicts", verified())):
    print(f"{name}: " + ", ".join(f"{what} {count}" for what, count in counts.items()))
    assert all(counts.values()), "a kind of case is missing"
