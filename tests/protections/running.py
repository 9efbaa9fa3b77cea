"""The protections of what runs: settings as they were written, one key, the file it opened."""

from tests.protections.removing import Edit, Protection

ENV_FILE = "core/env_file.py"
EXCHANGE = "core/store/sqlite_exchange.py"
OPEN_FILE = "core/store/open_file.py"
FIRST_FILE = "core/store/first_file.py"
ENGINES = "core/store/engines.py"
TOGETHER = "core/store/together.py"
SCHEMA = "core/store/schema_version.py"
COPIES = "core/store/backup.py"
SETTING_TESTS = "tests/core/test_settings.py"
KEY_TESTS = "tests/core/test_signing_keys.py"
FILE_TESTS = "tests/core/store/test_open_file.py"
TOGETHER_TESTS = "tests/core/store/test_together.py"
FIRST_TESTS = "tests/core/store/test_first_file.py"
MARK_TESTS = "tests/core/store/test_first_mark.py"
COPY_TESTS = "tests/test_cli_backups.py"

RUNNING = (
    Protection(
        "a line of .env that can't be read stops the start",
        [Edit(ENV_FILE, "    if problems:\n", "    if 0:\n")],
        f"{SETTING_TESTS}::TestEnvFile::test_a_line_that_would_be_passed_over_is_named",
    ),
    Protection(
        "a setting that is misspelt in the environment stops the start",
        [
            Edit(
                "core/settings.py",
                "if mistaken := list(slips(Settings.model_fields, said)):",
                "if mistaken := []:",
            )
        ],
        f"{SETTING_TESTS}::TestSlips",
    ),
    Protection(
        "the workers of a start share a key that nobody set",
        [
            Edit(
                "core/signing_keys.py",
                "bytes(multiprocessing.current_process().authkey)",
                '__import__("secrets").token_bytes(32)',
            )
        ],
        f"{KEY_TESTS}::TestWithoutSecretKey",
    ),
    Protection(
        "processes that can't share a key are not served without one",
        [Edit("main.py", "        require_shared_key(settings)\n")],
        f"{KEY_TESTS}::TestForked",
    ),
    Protection(
        "nothing is acknowledged that went into a file that is gone",
        [
            Edit(EXCHANGE, f"{before}        self.file.require_database()\n", before)
            for before in (
                "        # What can be told by now is told before it is done.\n",
                "        # It may have gone into a file that nobody will ever open again.\n",
            )
        ],
        f"{FILE_TESTS}::test_what_is_written_while_it_goes_is_neither_acknowledged_nor_kept",
    ),
    Protection(
        "nothing begins in a file that is gone",
        [Edit(EXCHANGE, "        self.file.glance()\n")],
        f"{FILE_TESTS}::TestWhileServing",
    ),
    Protection(
        "nothing connects to another file in place of the one that was opened",
        [Edit(ENGINES, "        _require_file(file, driver_connection)\n")],
        f"{FILE_TESTS}::TestWhileServing",
    ),
    Protection(
        "a failed COMMIT leaves no connection with an open transaction",
        [
            Edit(
                EXCHANGE,
                "            self._connection.invalidate()\n            raise\n",
                "            raise\n",
            ),
            # What would end it all the same.
            Edit(EXCHANGE, "            if not self.is_lost:", "            if 0:"),
            Edit(
                ENGINES,
                'connect_args={"timeout": settings.work_seconds',
                'pool_reset_on_return=None, connect_args={"timeout": settings.work_seconds',
            ),
        ],
        "tests/test_database.py",
    ),
    Protection(
        "a log goes with its database, wherever that is",
        [
            Edit(
                OPEN_FILE,
                'self._keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()',
                "pass",
            )
        ],
        f"{FILE_TESTS}::TestLog",
    ),
    Protection(
        "no database is made beside the log of another",
        [
            Edit(
                SCHEMA,
                "        _require_no_log_alone(database_file(settings).resolve())\n",
                "        pass\n",
            )
        ],
        f"{FILE_TESTS}::TestStart",
    ),
    Protection(
        "a worker that starts anew makes no database",
        [
            Edit(SCHEMA, "if first is None and may_make_file:", "if may_make_file:"),
        ],
        f"{FIRST_TESTS}::test_a_worker_that_starts_anew_sells_from_no_other_file",
    ),
    Protection(
        "a worker that starts anew opens no other database",
        [
            Edit(SCHEMA, "    if not is_right:\n", "    if 0:\n"),
            Edit(OPEN_FILE, "    if first not in {None, opened}:\n", "    if 0:\n"),
        ],
        f"{FIRST_TESTS}::test_a_worker_that_starts_anew_sells_from_no_other_file",
    ),
    Protection(
        "which file a start sells from is known before anybody asks",
        [
            Edit(
                SCHEMA,
                "mark.leave(identity_of(str(database_file(settings).absolute())))",
                "pass",
            )
        ],
        f"{FIRST_TESTS}::test_nor_does_one_whose_start_has_served_nobody_yet",
    ),
    Protection(
        "which file it is that came back is known to those who start after it",
        [
            Edit(OPEN_FILE, "        mark.leave(opened)\n", "        pass\n"),
            # The walls behind it.
            Edit(OPEN_FILE, "        self._mark.keep(self._known[0][1])\n", "        pass\n"),
        ],
        f"{FIRST_TESTS}::test_nor_one_of_a_start_that_began_while_the_file_was_away",
    ),
    Protection(
        "a mark that is cleared away is left anew by who looks at the file",
        [Edit(OPEN_FILE, "_GLANCE_SECONDS\n        self._keep_mark()\n", "_GLANCE_SECONDS\n")],
        f"{FIRST_TESTS}::TestMarkThatIsClearedAway",
    ),
    Protection(
        "a mark that is cleared away is left anew by who finds the file gone",
        [
            Edit(
                OPEN_FILE,
                "_lose(self) -> None:\n        self._keep_mark()\n",
                "_lose(self) -> None:\n",
            )
        ],
        f"{FIRST_TESTS}::TestMarkThatIsClearedAway",
    ),
    Protection(
        "a mark that can't be read is not taken for none",
        [
            Edit(
                FIRST_FILE,
                "        except FileNotFoundError:",
                "        except (OSError, ValueError):",
            ),
        ],
        f"{FIRST_TESTS}::test_a_mark_that_can_not_be_read_is_not_taken_for_none",
    ),
    Protection(
        "the mark of a server in another container is left alone",
        [
            Edit(
                FIRST_FILE,
                'mark.name.removeprefix(prefix).partition("-")[0]',
                'mark.name.removeprefix(_PREFIX).split("-")[1]',
            ),
            Edit(FIRST_FILE, 'folder.glob(f"{prefix}*")', 'folder.glob(f"{_PREFIX}*")'),
        ],
        f"{MARK_TESTS}::test_it_goes_once_its_server_has_ended",
    ),
    Protection(
        "a process that a manager forked makes no database",
        [Edit("main.py", "may_make_file=not is_forked()", "may_make_file=True")],
        f"{FIRST_TESTS}::test_a_process_that_a_manager_forked_makes_none",
    ),
    Protection(
        "serving makes no file",
        [Edit(OPEN_FILE, 'mode: str = "rw"', 'mode: str = "rwc"')],
        f"{FILE_TESTS}::TestStart",
    ),
    Protection(
        "a copy has what stands in the log",
        [Edit(COPIES, "read.backup(written)", "copy.write_bytes(source.read_bytes())")],
        f"{COPY_TESTS}::TestBackup",
    ),
    Protection(
        "no database is replaced while somebody has it open",
        [
            Edit(COPIES, "            return True\n", "            pass\n"),
            Edit(COPIES, "if primary_code(error) == sqlite3.SQLITE_BUSY:", "if 0:"),
        ],
        f"{COPY_TESTS}::TestRestore::test_leaves_alone_what_is_in_use",
    ),
    Protection(
        "nothing is restored that is no sound copy",
        [
            Edit(COPIES, '    if found != "ok":\n', "    if 0:\n"),
            Edit("commands/backups.py", "            require_own_schema(restored)\n"),
        ],
        f"{COPY_TESTS}::TestRestore",
    ),
    Protection(
        "a database that was restored has no log of the one before",
        [
            Edit(
                COPIES,
                "        for file in _beside(target):\n            file.unlink(missing_ok=True)\n",
            )
        ],
        f"{COPY_TESTS}::TestRestore",
    ),
    Protection(
        "the parent of workers hears at once that one ended",
        [Edit("core/http/serving.py", "        self.child_conn.close()\n")],
        "tests/test_serving.py"
        "::test_the_parent_of_a_worker_that_is_killed_as_it_begins_does_not_wait_for_it",
    ),
    Protection(
        "nobody is told of success before the commit",
        [
            Edit(
                TOGETHER,
                "            if failure is None or outcome.failure is not None:",
                "            if 1:",
            )
        ],
        f"{TOGETHER_TESTS}::test_nobody_is_told_of_success_before_the_commit",
    ),
    Protection(
        "those who are lost with another are carried out again",
        [Edit(TOGETHER, "again.append(given)", "given.tell(outcome)")],
        f"{TOGETHER_TESTS}::test_those_who_are_lost_with_another_are_carried_out_again",
    ),
    Protection(
        "no part of a lost transaction begins another one",
        [Edit(TOGETHER, "        if self._whole.is_lost:", "        if 0:")],
        f"{TOGETHER_TESTS}::test_who_was_interrupted_goes_on_with_nothing",
    ),
    Protection(
        "what one part is refused is taken back",
        [Edit(TOGETHER, '        self._driver.execute("ROLLBACK TO part")\n')],
        f"{TOGETHER_TESTS}::test_what_one_is_refused_is_taken_back_alone",
    ),
    Protection(
        "a session that ends does not end the transaction of others",
        [Edit(TOGETHER, "            self._connection.begin()\n")],
        f"{TOGETHER_TESTS}::test_those_who_wait_are_one_commit",
    ),
    Protection(
        "who waits for the writer too long is sent away, and it is not done",
        [Edit(TOGETHER, "left == math.inf", "True")],
        f"{TOGETHER_TESTS}::test_who_waits_too_long_is_sent_away_and_nothing_of_it_is_done",
    ),
)
