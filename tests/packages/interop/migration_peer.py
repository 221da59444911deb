"""Google Authenticator exports by Python's protobuf: the schema is given here, the codec is not ours."""

import base64
import importlib.metadata
from urllib.parse import parse_qs, quote, urlparse

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

NAME = f"protobuf-python-{importlib.metadata.version('protobuf')}"
ALGORITHMS = ["", "SHA1", "SHA256", "SHA512"]
DIGITS = [0, 6, 8]
TYPES = ["", "hotp", "totp"]


def _schema():
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="migration.proto", syntax="proto3")
    scalars = {"bytes": field.TYPE_BYTES, "string": field.TYPE_STRING, "int32": field.TYPE_INT32, "int64": field.TYPE_INT64}

    def message(name, fields):
        built = file.message_type.add(name=name)
        for number, (label, kind) in enumerate(fields, 1):
            one = built.field.add(name=label, number=number, label=field.LABEL_OPTIONAL)
            if kind in scalars:
                one.type = scalars[kind]
            else:
                one.type, one.type_name, one.label = field.TYPE_MESSAGE, f".{kind}", field.LABEL_REPEATED

    message(
        "OtpParameters",
        [
            ("secret", "bytes"),
            ("name", "string"),
            ("issuer", "string"),
            ("algorithm", "int32"),
            ("digits", "int32"),
            ("type", "int32"),
            ("counter", "int64"),
            ("unique_id", "string"),
        ],
    )
    message(
        "Payload",
        [
            ("otp_parameters", "OtpParameters"),
            ("version", "int32"),
            ("batch_size", "int32"),
            ("batch_index", "int32"),
            ("batch_id", "int32"),
        ],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Payload"))


Payload = _schema()


def _decode_secret(text):
    return base64.b32decode(text + "=" * (-len(text) % 8))


def encode(keys, size=1, index=0, batch_id=0, version=1, unique_id=""):
    payload = Payload(version=version, batch_size=size, batch_index=index, batch_id=batch_id)
    for key in keys:
        payload.otp_parameters.add(
            secret=_decode_secret(key["secret"]),
            name=key["account"],
            issuer=key["issuer"] or "",
            algorithm=ALGORITHMS.index(key["algorithm"]),
            digits=DIGITS.index(key["digits"]),
            type=TYPES.index(key["type"]),
            counter=key["value"] if key["type"] == "hotp" else 0,
            unique_id=unique_id,
        )
    data = base64.b64encode(payload.SerializeToString()).decode()
    return f"otpauth-migration://offline?data={quote(data, safe='')}"


def decode(uri):
    parsed = urlparse(uri)
    assert (parsed.scheme, parsed.netloc) == ("otpauth-migration", "offline")
    payload = Payload.FromString(base64.b64decode(parse_qs(parsed.query)["data"][0], validate=True))
    keys = [
        {
            "type": TYPES[one.type],
            "issuer": one.issuer or None,
            "account": one.name,
            "secret": base64.b32encode(one.secret).decode().rstrip("="),
            "algorithm": ALGORITHMS[one.algorithm],
            "digits": DIGITS[one.digits],
            "value": one.counter if TYPES[one.type] == "hotp" else 30,
        }
        for one in payload.otp_parameters
    ]
    return {"size": payload.batch_size, "index": payload.batch_index, "id": payload.batch_id, "keys": keys}
