"""A real nginx in front of a service, set up by the file in deploy/."""

import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.store.schema_version import ROOT
from tools import processes
from tools.postgres import free_port

SITE = ROOT / "deploy" / "nginx.conf"
NAME = "shop.example"
# Where Debian has it, which is not on everybody's path.
_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
# It would be killed for what it writes to the system's folders.
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NginxUnavailableError(Exception):
    """There is no nginx on this machine."""


@dataclass(frozen=True)
class Nginx:
    tls_port: int
    plain_port: int
    # Knows the certificate.
    context: ssl.SSLContext


@contextmanager
def nginx_before(service_port: int, *, seconds: int = 1) -> Iterator[Nginx]:
    """Pass on to a service; who is slow has ``seconds`` in place of ten."""
    program = _program()
    with tempfile.TemporaryDirectory(prefix="nxt-nginx-") as name:
        folder = Path(name)
        _make_certificate(folder)
        made = Nginx(
            free_port(), free_port(), ssl.create_default_context(cafile=folder / "certificate.pem")
        )
        (folder / "site.conf").write_text(_site(folder, made, service_port, seconds))
        (folder / "nginx.conf").write_text(_surroundings(folder))
        command = [program, "-p", name, "-c", str(folder / "nginx.conf"), "-e", f"{name}/error.log"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            processes.await_listening(process, made.tls_port, folder / "error.log")
            yield made
        finally:
            process.terminate()
            process.wait(processes.START_SECONDS)


def _program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path=_FOLDERS)
    if found is None:
        raise NginxUnavailableError("no nginx: install it (nginx-light on Debian)")
    return found


def _site(folder: Path, made: Nginx, service_port: int, seconds: int) -> str:
    text = SITE.read_text("utf-8")
    for pattern, instead in (
        (r"listen \[::\].*\n", ""),
        (r"listen 80\b", f"listen 127.0.0.1:{made.plain_port}"),
        (r"listen 443\b", f"listen 127.0.0.1:{made.tls_port}"),
        (r"server 127\.0\.0\.1:8000", f"server 127.0.0.1:{service_port}"),
        (r"/etc/ssl/certs/\S+\.pem", str(folder / "certificate.pem")),
        (r"/etc/ssl/private/\S+\.key", str(folder / "key.pem")),
        (r"((?:client|send)_\w*timeout) 10s", rf"\1 {seconds}s"),
    ):
        text, changes = re.subn(pattern, instead, text)
        assert changes, f"{SITE.name} has no {pattern}"
    return text


def _surroundings(folder: Path) -> str:
    paths = "\n".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY)
    return (
        "daemon off;\nmaster_process off;\n"
        f"pid {folder}/pid;\nerror_log {folder}/error.log warn;\n"
        "events { worker_connections 512; }\n"
        f"http {{\naccess_log off;\n{paths}\ninclude {folder}/site.conf;\n}}\n"
    )


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
