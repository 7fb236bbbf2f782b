"""Prints random requests signed by botocore, one JSON object a line: sign_with_botocore.py SEED COUNT."""

import datetime
import json
import random
import sys
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TEXT = "abcXYZ019 -_.~/+*'()!$&,;=:@%#?[]{}|\\\"<>^`éß漢😀"
NAMES = ["content-type", "content-md5", "range", "if-match", "cache-control", "user-agent", "expect", "x-amzn-trace-id"]


def text(rng, longest, letters=TEXT):
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, longest)))


def segment(rng):
    return rng.choice(["", ".", "..", text(rng, 12), text(rng, 12), text(rng, 12)])


def path(rng, service):
    raw = "/" + "/".join(segment(rng) for _ in range(rng.randint(0, 5)))
    return quote(raw, safe="/-_.~")


def header(rng):
    name = rng.choice(NAMES) if rng.random() < 0.4 else "x-amz-meta-" + text(rng, 6, "abcd-01")
    blanks = rng.choice(["", " ", "  ", "\t "])
    value = blanks.join(text(rng, 8, "abcXYZ 09-=/+,;\"é") for _ in range(rng.randint(1, 3)))
    return rng.choice([name, name.title(), name.upper()]), value.strip()


def query(rng):
    names = ["list-type", "prefix", "Param", "Param-3", "acl", "uploads", "é", text(rng, 4)]
    return [(rng.choice(names), text(rng, 10)) for _ in range(rng.randint(0, 5))]


def request(rng):
    service = rng.choice(["s3", "s3", "s3", "sts", "service"])
    presigned = rng.random() < 0.3
    scheme = rng.choice(["http", "https"])
    host = rng.choice(["bucket.s3.amazonaws.com", "127.0.0.1:9000", "localhost", "example.com:8443"])
    url = f"{scheme}://{host}{path(rng, service)}"
    pairs = query(rng)
    params = {}
    if rng.random() < 0.5 and not presigned:
        # botocore encodes these with + for a space when it sends them, and signs them with %20.
        params = dict(pairs)
    elif pairs:
        if presigned:
            pairs = list(dict(pairs).items())
        url += "?" + "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
    method = rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    # A body would be moved into the query when presigning.
    body = b"" if presigned else text(rng, 40).encode()
    aws = AWSRequest(method=method, url=url, data=body, params=params)
    for _ in range(rng.randint(0, 4)):
        name, value = header(rng)
        aws.headers[name] = value
    if rng.random() < 0.2:
        aws.headers["Host"] = host
    if not presigned and rng.random() < 0.1:
        aws.headers["Date"] = "replaced when signing"
    mode = rng.random()
    if not presigned and service == "s3":
        if mode < 0.2:
            aws.context["payload_signing_enabled"] = False
            aws.context["has_streaming_input"] = True
            aws.headers["Content-MD5"] = "abc=="
        elif mode < 0.3:
            aws.context["checksum"] = {"request_algorithm": {"in": "trailer", "algorithm": "crc32", "name": "x-amz-checksum-crc32"}}
    return aws, service, presigned, host, body


def signer(service, presigned):
    if presigned:
        return botocore.auth.S3SigV4QueryAuth if service == "s3" else botocore.auth.SigV4QueryAuth
    return botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth


def main(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        moment = datetime.datetime(1971, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(
            seconds=rng.randrange(100 * 365 * 86400)
        )
        botocore.auth.get_current_datetime = lambda *args, **kwargs: moment
        region = rng.choice(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
        secret = text(rng, 40, "abcXYZ019/+") or "s"
        token = text(rng, 60, "abcXYZ019/+=") if rng.random() < 0.3 else None
        aws, service, presigned, host, body = request(rng)
        auth = signer(service, presigned)(Credentials("AKIDEXAMPLE", secret, token or None), service, region)
        auth.add_auth(aws)
        sent = aws.prepare()
        # What was signed: when sending, botocore keeps the last of several fields of one name only.
        headers = [[name, value] for name, value in aws.headers.items()]
        target = sent.url.split("//", 1)[1][len(host):] or "/"
        print(
            json.dumps(
                {
                    "method": sent.method,
                    "host": host,
                    "target": target,
                    "headers": headers,
                    "body": body.decode(),
                    "secret": secret,
                    "region": region,
                    "service": service,
                    "now": int(moment.timestamp()),
                }
            )
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
