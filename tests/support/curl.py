"""curl as the documents use it, with every request written down, also where there is no curl.

A script runs this for each of its requests: what there is to load is as little as can be.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

# Where the requests of a script are written to, a JSON object a line.
LOG = "CURL_LOG"
# The real curl; without it, its stand-in sends what it would have sent.
PROGRAM = "CURL_PROGRAM"


@dataclass(frozen=True)
class Sent:
    """What a command line of curl asks for."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None


def request_of(arguments: list[str]) -> Sent:
    parser = argparse.ArgumentParser("curl")
    parser.add_argument("-s", dest="silent", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data", action="append", default=[])
    parser.add_argument("--data-urlencode", dest="data", action="append", type=_encoded)
    parser.add_argument("url")
    options = parser.parse_args(arguments)
    headers = dict(header.split(": ", maxsplit=1) for header in options.headers)
    body = "&".join(options.data) if options.data else None
    if body is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    return Sent(options.method or ("GET" if body is None else "POST"), options.url, headers, body)


def _encoded(pair: str) -> str:
    name, value = pair.split("=", maxsplit=1)
    return f"{name}={quote_plus(value)}"


def _through_stand_in(arguments: list[str]) -> tuple[int, str]:
    sent = request_of(arguments)
    address = urlsplit(sent.url)
    target = address._replace(scheme="", netloc="").geturl()
    connection = HTTPConnection(address.netloc, timeout=30)
    headers = {"User-Agent": "curl", "Accept": "*/*"} | sent.headers
    connection.request(sent.method, target, body=sent.body, headers=headers)
    answer = connection.getresponse()
    status, body = answer.status, answer.read().decode()
    connection.close()
    return status, body


def _through_curl(program: str, arguments: list[str]) -> tuple[int, str]:
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / "head"
        command = [program, "-sS", "--max-time", "30", "-D", str(head), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        lines = head.read_text(encoding="utf-8").splitlines()
    (*_, status) = (line.split()[1] for line in lines if line.startswith("HTTP/"))
    return int(status), done.stdout


def main() -> None:
    program, arguments = os.environ[PROGRAM], sys.argv[1:]
    answer = _through_curl(program, arguments) if program else _through_stand_in(arguments)
    status, body = answer
    with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"status": status, "body": body}) + "\n")
    sys.stdout.write(body)


if __name__ == "__main__":
    main()
