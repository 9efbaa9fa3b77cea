"""Settings come from the environment or ``.env``; a bad one stops the start with one line."""

import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli
import main
from core.settings import ConfigurationError, Settings, load_settings
from core.store.schema_version import ROOT
from tools.server import default_environment

# A bad value of every setting that has bad values, and what the line says about it.
BAD = [
    ("DATABASE_URL", "nonsense", "not a database URL such as sqlite:///./nexticket.db"),
    ("DATABASE_URL", "", "not a database URL"),
    ("DATABASE_URL", "postgresql://user:secret@host:port/db", "not a database URL"),
    ("DATABASE_URL", "mysql://host/db", "'mysql' is not supported: use sqlite:// or postgresql://"),
    ("DATABASE_URL", "sqlite+aiosqlite:///a.db", "'sqlite+aiosqlite' is not supported"),
    ("DATABASE_URL", "sqlite://", "SQLite needs a file"),
    ("DATABASE_URL", "sqlite:///:memory:", "SQLite needs a file"),
    ("DATABASE_URL", "sqlite:///file::memory:?uri=true", "SQLite needs a file"),
    ("DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true", "SQLite needs a file"),
    ("DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
    ("DATABASE_POOL_SIZE", "many", "valid integer"),
    ("APP_NAME", "", "at least 1 character"),
    ("APP_VERSION", "", "at least 1 character"),
    ("ENVIRONMENT", "prod", "'development', 'test', 'staging' or 'production'"),
    ("DEBUG", "maybe", "valid boolean"),
    ("ALGORITHM", "none", "'HS256'"),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "0", "greater than 0"),
    ("LOGIN_MAX_DAYS", "0", "greater than 0"),
    ("REFRESH_GRACE_SECONDS", "301", "less than or equal to 300"),
    ("SECOND_FACTOR", "maybe", "'required' or 'optional'"),
    ("MAX_API_KEYS_PER_USER", "0", "greater than or equal to 1"),
    ("API_KEY_MAX_DAYS", "nan", "finite number"),
    ("CORS_ORIGINS", "shop.example", "'shop.example' is no origin such as https://shop.example"),
    ("CORS_ORIGINS", "https://a.example,https://b.example/app", "'https://b.example/app' is no"),
    ("CORS_ORIGINS", "https://a.example\nhttps://b.example", "is no origin"),
    ("AUTH_REQUIRED", "perhaps", "valid boolean"),
    ("PASSWORD_HASH_MEMORY_KIB", "7", "greater than or equal to 8"),
    ("PASSWORD_HASH_ITERATIONS", "0", "greater than or equal to 1"),
    ("BEHIND_PROXY", "nginx", "valid boolean"),
    ("TRUSTED_PROXIES", "proxy.example", "'proxy.example' does not appear to be an IPv4 or IPv6"),
    ("TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.256", "'10.0.0.256' does not appear to be"),
    ("TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.1/8 has host bits set"),
    ("TRUSTED_PROXIES", "10.0.0.0/33", "'10.0.0.0/33' does not appear to be"),
    ("DOCS_ENABLED", "never", "valid boolean"),
    ("PAGES_ENABLED", "seldom", "valid boolean"),
    ("ALLOW_UNSAFE", "limits,everything", "'limits', 'hashing', 'tls' or 'files'"),
    ("CURRENCY", "usd", "'usd' is no currency of ISO 4217 such as USD"),
    ("CURRENCY", "ABC", "'ABC' is no currency of ISO 4217 such as USD"),
    ("CURRENCY", "XXX", "'XXX' is no currency of ISO 4217 such as USD"),
    ("TIMEZONE", "Ceylon", "'Ceylon' is no time zone such as Asia/Colombo (IANA)"),
    ("TIMEZONE", "", "'' is no time zone"),
    ("HOLD_MINUTES", "0", "greater than 0"),
    ("HOLD_MINUTES", "nan", "finite number"),
    ("HOLD_MINUTES", "525601", "less than or equal to 525600"),
    ("LATE_PAYMENT_HOURS", "-1", "greater than or equal to 0"),
    ("LATE_PAYMENT_HOURS", "inf", "finite number"),
    ("REFUND_LIMIT", "-1", "greater than or equal to 0"),
    ("REFUND_LIMIT", "0.001", "no more than 2 decimal places, as USD has"),
    ("REFUND_LIMIT", "NaN", "finite number"),
    ("OWN_ORDERS_BY_STAFF", "sometimes", "valid boolean"),
    ("PAYMENT_PROVIDERS", "test,cash", "'test', 'test_confirm', 'stripe' or 'stripe_checkout'"),
    ("PAYMENT_MINUTES", "1441", "less than or equal to 1440"),
    ("PAYMENT_TIMEOUT_SECONDS", "0", "greater than or equal to 0.1"),
    ("PAYMENT_RETURN_URL", "shop.example", "'shop.example' is no address such as https://shop"),
    ("WEBHOOK_TOLERANCE_SECONDS", "9", "greater than or equal to 10"),
    ("STRIPE_API_URL", "stripe", "'stripe' is no address such as https://shop.example/thanks"),
    ("TEST_PAYMENTS_URL", "localhost:8900", "'localhost:8900' is no address"),
    ("TEST_PAYMENTS_FILE", "", "at least 1 character"),
    ("SWEEP_SECONDS", "-1", "greater than 0"),
    ("MAX_UNITS_PER_TICKET", "1.5", "valid integer"),
    ("MAX_OPEN_ORDERS_PER_USER", "-1", "greater than or equal to 0"),
    ("MAX_UNITS_PER_USER_AND_TICKET", "few", "valid integer"),
    ("HOLD_AGAIN_MINUTES", "1441", "less than or equal to 1440"),
    ("MAX_UNPAID_ORDERS_PER_DAY", "0.5", "valid integer"),
    ("KEEP_ENDED_LOGINS_DAYS", "-1", "greater than or equal to 0"),
    ("KEEP_UNSOLD_NOTES_DAYS", "36501", "less than or equal to 36500"),
    ("KEEP_AUDIT_DAYS", "364", "the database keeps 365 days at least; 0 keeps all"),
    ("MAX_BODY_BYTES", "1", "greater than or equal to 1024"),
    ("MAX_CONNECTIONS", "9", "greater than or equal to 10"),
    ("MAX_LISTENERS", "-1", "greater than or equal to 0"),
    ("MAX_LISTENERS_PER_ADDRESS", "0", "greater than or equal to 1"),
    ("LIVE_STOCK_SECONDS", "0", "greater than or equal to 0.1"),
    ("REQUEST_TIMEOUT_SECONDS", "0", "greater than or equal to 0.1"),
    ("EXPORT_TIMEOUT_SECONDS", "0", "greater than or equal to 1"),
    ("RATE_LIMIT_STORAGE", "redis", "not a storage URL such as memory://"),
    ("LOGIN_RATE_LIMIT", "often", "'often' is not one limit such as 10/minute"),
    ("REGISTRATION_RATE_LIMIT", "1/minute;2/hour", "is not one limit such as 10/minute"),
    ("WRITE_RATE_LIMIT", "0/minute", "at least one request must be possible"),
    ("LOGIN_DAY_RATE_LIMIT", "0/day", "at least one request must be possible"),
    ("STORED_ANSWERS_RATE_LIMIT", "2/day;3/day", "is not one limit such as 10/minute"),
    ("STORED_BYTES_RATE_LIMIT", "10MB/day", "'10MB/day' is not one limit such as 10/minute"),
    ("READ_RATE_LIMIT", "all", "'all' is not one limit such as 10/minute"),
    ("ACCOUNT_RATE_LIMIT", "10", "is not one limit such as 10/minute"),
    ("SHARE_RATE_LIMIT", "seldom", "is not one limit such as 10/minute"),
    ("LOG_LEVEL", "loud", "'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'"),
]
WRITTEN_IN_A_LINE = [case for case in BAD if case[1].strip() and "\n" not in case[1]]
# Every text is a name and a key.
WITHOUT_BAD_VALUES = {
    "SECRET_KEY",
    "SECRET_KEY_PREVIOUS",
    "STRIPE_SECRET_KEY",
    "STRIPE_PUBLISHABLE_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "TEST_PAYMENTS_SECRETS",
}

# What the reader of such files goes on without, or reads as something else.
UNREADABLE = [
    ("AUTH_REQUIRED: true", "line 1 is not NAME=value: AUTH_REQUIRED"),
    ("\r\n# Closed.\r\nset AUTH_REQUIRED=true", "line 3 is not NAME=value: AUTH_REQUIRED"),
    ("DEBUG=false\n\nAUTH_REQUIRED\n", "line 3 is not NAME=value: AUTH_REQUIRED"),
    ("AUTH_REQUIRED true", "line 1 is not NAME=value: AUTH_REQUIRED"),
    ('APP_NAME="Shop\nAUTH_REQUIRED=true\n', "line 1 is not NAME=value: APP_NAME"),
    (
        'APP_NAME="Shop\nAUTH_REQUIRED=true\nAPP_VERSION=1"\n',
        "line 1 begins a value that ends in a later line: APP_NAME",
    ),
    (
        "AUTH_REQUIRED=true\nCURRENCY=CHF\nauth_required=false\n",
        "line 3 says AUTH_REQUIRED again, after line 1",
    ),
    ("SECRET_KEY=a${NO_SUCH}b", "line 1 asks for ${NO_SUCH}, which is not set: SECRET_KEY"),
    ("[settings]", "line 1 is not NAME=value"),
]
UNREAD = "bad settings: .env can't be read: line 1 is not NAME=value: AUTH_REQUIRED"


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ``.env`` that is read; it does not exist until the test writes it."""
    path = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", path)
    return path


def refusal() -> str:
    """The one line with which the settings as they are now are refused."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    message = str(refused.value)
    assert len(message.splitlines()) == 1
    return message


class TestBadValues:
    @pytest.mark.parametrize(("name", "value", "said"), BAD)
    def test_of_the_environment_are_told_in_one_line(
        self, name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, value)
        message = refusal()
        assert message.startswith(f"bad settings: {name}: ")
        assert said in message

    @pytest.mark.parametrize(("name", "value", "said"), WRITTEN_IN_A_LINE)
    def test_of_the_env_file_are_told_in_the_same_line(
        self, name: str, value: str, said: str, env_file: Path
    ) -> None:
        env_file.write_text(f'{name}="{value}"\n')
        message = refusal()
        assert message.startswith(f"bad settings: {name}: ")
        assert said in message

    def test_are_known_for_every_setting(self) -> None:
        settings = {name.upper() for name in Settings.model_fields}
        assert {name for name, _, _ in BAD} == settings - WITHOUT_BAD_VALUES

    def test_are_all_told_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CURRENCY", "dollars")
        monkeypatch.setenv("LOG_LEVEL", "loud")
        message = refusal()
        assert "; " in message
        assert "CURRENCY: " in message
        assert "LOG_LEVEL: " in message

    def test_never_show_a_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@host:hunter2/db")
        assert "hunter2" not in refusal()


class TestEnvFile:
    def test_a_typo_suggests_the_right_name(self, env_file: Path) -> None:
        env_file.write_text("DATABASE_ULR=sqlite:///a.db\n")
        message = "bad settings: DATABASE_ULR: there is no such setting"
        assert refusal() == f"{message}, did you mean DATABASE_URL?"

    def test_a_name_like_no_other_is_refused_without_a_guess(self, env_file: Path) -> None:
        env_file.write_text("ZZZ=1\n")
        assert refusal() == "bad settings: ZZZ: there is no such setting"

    def test_the_environment_wins(self, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        env_file.write_text("CURRENCY=EUR\nHOLD_MINUTES=5\n")
        monkeypatch.setenv("CURRENCY", "CHF")
        settings = load_settings()
        assert (settings.currency, settings.hold_minutes) == ("CHF", 5)

    def test_a_byte_order_mark_is_read_over(self, env_file: Path) -> None:
        env_file.write_bytes(b"\xef\xbb\xbfCURRENCY=EUR\r\n")
        assert load_settings().currency == "EUR"

    def test_another_encoding_is_told_in_one_line(self, env_file: Path) -> None:
        env_file.write_bytes("APP_NAME=Café\n".encode("latin-1"))
        assert refusal() == "bad settings: .env can't be read: line 1 is not UTF-8"

    @pytest.mark.parametrize(("text", "said"), UNREADABLE)
    def test_a_line_that_would_be_passed_over_is_named(
        self, text: str, said: str, env_file: Path
    ) -> None:
        env_file.write_text(text, "utf-8", newline="")
        assert refusal() == f"bad settings: .env can't be read: {said}"

    def test_all_of_these_lines_are_told_at_once_and_no_value(self, env_file: Path) -> None:
        env_file.write_text("SECRET_KEY: hunter2\nCURRENCY=hunter2\nset SECRET_KEY=hunter2\n")
        message = refusal()
        assert message.count("is not NAME=value: SECRET_KEY") == 2
        assert "hunter2" not in message

    @pytest.mark.parametrize(
        "line",
        ["CURRENCY=CHF", "export CURRENCY=CHF", " CURRENCY = 'CHF'  # of here", 'currency="CHF"'],
    )
    def test_what_is_commonly_written_is_read(self, line: str, env_file: Path) -> None:
        env_file.write_text(f"\n# AUTH_REQUIRED: true\n{line}\r\n")
        assert load_settings().currency == "CHF"

    def test_a_value_of_the_surroundings_is_put_in(
        self, env_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SHOP", "Fair & Square")
        env_file.write_text("APP_NAME=${SHOP}\nAPP_VERSION=${RELEASE:-7}\n")
        settings = load_settings()
        assert (settings.app_name, settings.app_version) == ("Fair & Square", "7")

    def test_a_folder_of_that_name_is_refused(self, env_file: Path) -> None:
        env_file.mkdir()
        assert refusal() == f"bad settings: .env can't be read: Is a directory: {env_file}"

    def test_a_link_that_leads_nowhere_is_refused(self, env_file: Path) -> None:
        env_file.symlink_to("secrets.env")
        assert "No such file" in refusal()

    def test_nothing_is_read_of_what_holds_nothing(self, env_file: Path) -> None:
        """Some put this there so that nothing is read."""
        env_file.symlink_to("/dev/null")
        assert load_settings() == Settings.model_construct()

    @pytest.mark.parametrize("words", [("serve",), ("list-users",)])
    def test_the_command_line_tells_it_in_one_line(
        self, words: tuple[str, ...], env_file: Path
    ) -> None:
        env_file.write_text("AUTH_REQUIRED: true\n")
        result = CliRunner().invoke(cli.app, words)
        assert result.exit_code == 1
        assert result.output == f"Not started: {UNREAD}\n"

    def test_any_server_is_told_so_in_place_of_the_application(
        self, env_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As ``uvicorn main:app`` asks for it, in each of its workers."""
        monkeypatch.setattr(main, "keep_files_private", lambda: None)
        env_file.write_text("AUTH_REQUIRED: true\n")
        with pytest.raises(SystemExit, match=f"^Not started: {UNREAD}$"):
            main._from_environment()

    def test_none_at_all_means_the_defaults(self, env_file: Path) -> None:
        assert not env_file.exists()
        assert load_settings() == Settings.model_construct()


class TestSlips:
    """In the environment stand many names that are not ours; these were meant for us."""

    @pytest.mark.parametrize(
        "name",
        ["AUTH_REQUIERD", "AUTH_REQUIRE", "AUTH_REQUIREDD", "AUTHREQUIRED", "auth-required"],
    )
    def test_of_one_letter_stop_the_start(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "true")
        said = f"{name.upper()}: there is no such setting, did you mean AUTH_REQUIRED?"
        assert refusal() == f"bad settings: {said}"

    @pytest.mark.parametrize("name", ["AUTH", "NDEBUG", "REQUIRE_AUTH", "MY_AUTH_REQUIRED"])
    def test_are_no_names_of_others(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "true")
        assert load_settings().auth_required is None

    def test_are_none_where_the_setting_itself_is_there(
        self, env_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URI", "of another program")
        monkeypatch.setenv("LOGLEVEL", "of another program")
        monkeypatch.setenv("LOG_LEVEL", "ERROR")
        env_file.write_text("DATABASE_URL=sqlite:///x.db\n")
        assert load_settings().log_level == "ERROR"


class TestDatabaseUrl:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
    def test_every_name_of_postgresql_means_psycopg2(
        self, scheme: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", f"{scheme}://user:p%40ss@host:5433/db?sslmode=require")
        settings = load_settings()
        url = settings.database
        assert url.drivername == "postgresql+psycopg2"
        assert (url.username, url.password, url.host, url.port) == ("user", "p@ss", "host", 5433)
        assert (url.database, url.query) == ("db", {"sslmode": "require"})
        assert not settings.is_sqlite

    def test_sqlite_is_a_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "sqlite:///./shop.db")
        settings = load_settings()
        assert settings.database.database == "./shop.db"
        assert settings.is_sqlite


class TestLists:
    @pytest.mark.parametrize(
        ("value", "origins"),
        [
            ("", ()),
            ("*", ("*",)),
            ("https://a.example", ("https://a.example",)),
            (
                " https://a.example/ , http://localhost:3000,",
                ("https://a.example", "http://localhost:3000"),
            ),
        ],
    )
    def test_origins_are_separated_by_commas(
        self, value: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CORS_ORIGINS", value)
        assert load_settings().cors_origins == origins

    @pytest.mark.parametrize(
        ("value", "networks"),
        [
            ("", ()),
            ("10.0.0.1", (ip_network("10.0.0.1/32"),)),
            (
                " 10.0.0.0/8 , 2001:db8::/32, ::1,",
                (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"), ip_network("::1/128")),
            ),
        ],
    )
    def test_proxies_are_addresses_and_networks(
        self, value: str, networks: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRUSTED_PROXIES", value)
        assert load_settings().trusted_proxies == networks

    def test_the_log_level_may_be_written_in_any_case(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOG_LEVEL", "warning")
        assert load_settings().log_level == "WARNING"

    def test_secrets_are_not_printed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", "hunter2")
        settings = load_settings()
        assert settings.secret_key.get_secret_value() == "hunter2"
        assert "hunter2" not in repr(settings)


class TestStart:
    def test_a_bad_value_ends_the_server_with_one_line(self) -> None:
        self.check("Not started: ", "uvicorn", "main:app", "--port", "0")

    def test_a_bad_value_ends_the_migration_with_one_line(self) -> None:
        self.check("FAILED: ", "alembic", "upgrade", "head")

    @staticmethod
    def check(beginning: str, *program: str) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", *program],
            cwd=ROOT,
            env=default_environment() | {"HOLD_MINUTES": "soon"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode != 0
        told = f"{beginning}bad settings: HOLD_MINUTES: "
        lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
        assert len(lines) == 1, lines
        assert lines[0].strip().startswith(told)
