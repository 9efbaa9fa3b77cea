"""The protections of how the service is installed, configured and kept on a disk."""

from tests.protections.removing import Edit, Protection

FILES = "core/private_files.py"
PRODUCTION = "core/production.py"
FILE_TESTS = "tests/core/test_private_files.py"
PRODUCTION_TESTS = "tests/core/test_production.py"

OPERATING = (
    Protection(
        "what the service makes is nobody else's to read",
        [Edit(FILES, "os.umask(stat.S_IRWXG | stat.S_IRWXO)", "os.umask(0o022)")],
        f"{FILE_TESTS}::TestMade",
    ),
    Protection(
        "production has no files that others can read or write",
        [Edit(PRODUCTION, '    "files": file_reasons,\n')],
        f"{FILE_TESTS}::TestFound",
    ),
    *(
        Protection(f"production refuses {what}", [edit], f"{PRODUCTION_TESTS}::TestProduction")
        for what, edit in {
            "limits that are none": Edit(PRODUCTION, '    "limits": _limit_reasons,\n'),
            "cheap hashes": Edit(PRODUCTION, '    "hashing": _hashing_reasons,\n'),
            "databases reached in clear": Edit(PRODUCTION, '    "tls": transport_reasons,\n'),
            "proxies all over the world": Edit(
                PRODUCTION, "network.prefixlen < _PROXY_BITS[network.version]", "False"
            ),
            "pages that come in clear": Edit(
                PRODUCTION, "in clear_origins(settings.cors_origins)", "in ()"
            ),
            "the provider for tests": Edit(PRODUCTION, ": settings.takes_test_payments", ": False"),
            "tokens that hardly end": Edit(
                PRODUCTION, "_TOKEN_MINUTES = 24", "_TOKEN_MINUTES = 9**9"
            ),
        }.items()
    ),
    Protection(
        "what production was allowed to do is in the log",
        [Edit("main.py", "    announce_allowances(settings)\n")],
        f"{PRODUCTION_TESTS}::TestStart",
    ),
    Protection(
        "only files with a hash of the lock are installed",
        [Edit("Makefile", " --require-hashes")],
        "tests/test_locks.py::TestInstalling::test_make_does_not_install_what_has_no_hash",
    ),
    Protection(
        "who could not tell of vulnerabilities has not told of none",
        [
            Edit(
                "tools/audit.py",
                '    unknown = [package["name"] for package in told if "skip_reason" in package]',
                "    unknown: list[str] = []",
            )
        ],
        "tests/test_components.py::TestAudit",
    ),
)
