"""What psycopg 3 sees of the server that PGHOST and its kin name: a JSON object, an answer by the name of what was tried."""

import json
import os
import sys
import threading
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import psycopg
from psycopg.types.json import Json, Jsonb

CASES = json.loads(os.environ["DRIVER_CASES"])
seen = {}


def show(value):
    """A value with its Python type, exactly."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [show(each) for each in value]
    if isinstance(value, dict):
        return {str(key): show(each) for key, each in value.items()}
    return f"{type(value).__name__} {value!r}"


def error_of(error):
    if not isinstance(error, psycopg.Error) or error.diag.sqlstate is None:
        return f"{type(error).__name__}: {error}"
    diag = error.diag
    names = (
        "severity", "severity_nonlocalized", "sqlstate", "message_primary", "message_detail", "message_hint",
        "statement_position", "schema_name", "table_name", "column_name", "datatype_name", "constraint_name",
    )
    return {"class": type(error).__name__, **{n: getattr(diag, n) for n in names if getattr(diag, n) is not None}}


def note(name, run):
    try:
        seen[name] = show(run())
    except Exception as error:
        seen[name] = error_of(error)


def columns_of(cursor):
    return [
        (c.name, c.type_code, c.display_size, c.internal_size, c.precision, c.scale) for c in cursor.description or ()
    ]


def values(conn):
    for case in CASES:
        kind = case["type"]
        for text in [*case["texts"], None]:
            label = f"{kind} {text}"
            for binary in (False, True):
                def read():
                    cur = conn.execute(f"select %s::text::{kind} as v", [text], binary=binary)
                    return cur.fetchone()[0], columns_of(cur)

                def back():
                    native = conn.execute(f"select %s::text::{kind} as v", [text], binary=binary).fetchone()[0]
                    if kind == "json":
                        native = None if text is None else Json(native)
                    if kind == "jsonb":
                        native = None if text is None else Jsonb(native)
                    form = "%b" if binary else "%t"
                    return conn.execute(f"select {form}::{kind}::text", [native]).fetchone()

                form = "binary" if binary else "text"
                note(f"{label}: read as {form}", read)
                note(f"{label}: sent as {form}", back)


NATIVES = [
    True, 0, 32767, 32768, 2147483648, 2**63 - 1, 2**63, -(2**70), 1.5, float("nan"), Decimal("1.10"), Decimal("NaN"), "text", b"\x00\xff",
    date(2024, 2, 29), time(1, 2, 3, 4), datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=timezone.utc),
    timedelta(days=-1, seconds=5), uuid.UUID(int=7), [1, 2, None], ["a", None], [1.5], [Decimal("1.0")], [[1, 2], [3, 4]], [],
    Json({"a": [1]}), Jsonb({"b": 1, "a": None}),
]


def both(cur):
    return cur.fetchone(), columns_of(cur)


def natives(conn):
    """Values as Python programs pass them: psycopg chooses the parameter's type from the value."""
    for value in NATIVES:
        for form in ("%t", "%b"):
            label = f"native {value!r} {form}" if not isinstance(value, (Json, Jsonb)) else f"native {value.obj} {form}"
            note(label, lambda: both(conn.execute(f"select {form} as v", [value])))


def transactions(conn):
    conn.execute("drop table if exists py_ledger")
    conn.execute("create table py_ledger (id int primary key, amount int)")

    def nested():
        statuses = []
        with conn.transaction():
            conn.execute("insert into py_ledger values (1, 10)")
            statuses.append(conn.info.transaction_status.name)
            try:
                with conn.transaction():
                    conn.execute("insert into py_ledger values (1, 11)")
            except psycopg.errors.UniqueViolation as error:
                statuses.append(error_of(error))
            with conn.transaction(savepoint_name="named"):
                conn.execute("insert into py_ledger values (2, 20)")
            with conn.transaction(force_rollback=True):
                conn.execute("insert into py_ledger values (3, 30)")
        statuses.append(conn.info.transaction_status.name)
        return statuses, conn.execute("select * from py_ledger order by id").fetchall()

    note("nested transactions", nested)

    def failed():
        conn.execute("begin")
        answers = []
        for sql in ("select 1/0", "select 1", "savepoint s", "rollback to nowhere", "commit"):
            try:
                answers.append(conn.execute(sql).statusmessage)
            except psycopg.Error as error:
                answers.append(error_of(error))
            answers.append(conn.info.transaction_status.name)
        return answers

    note("a failed block", failed)
    for level in psycopg.IsolationLevel:
        def begin():
            conn.isolation_level = level
            with conn.transaction():
                return conn.execute("show transaction_isolation").fetchone()

        note(f"isolation {level.name}", begin)
    conn.isolation_level = None
    conn.read_only = True

    def read_only():
        with conn.transaction():
            conn.execute("insert into py_ledger values (9, 9)")

    note("read only", read_only)
    conn.read_only = None

    def executemany():
        with conn.cursor() as cur:
            cur.executemany("insert into py_ledger values (%s, %s) returning id", [(i, i) for i in range(100, 104)], returning=True)
            rows = [cur.fetchone()]
            while cur.nextset():
                rows.append(cur.fetchone())
            return cur.rowcount, rows

    note("executemany", executemany)

    def pipeline():
        with conn.pipeline():
            cursors = [conn.execute("select %s::int + 1", [i]) for i in range(50)]
            return [c.fetchone()[0] for c in cursors]

    note("pipeline", pipeline)

    def broken_pipeline():
        answers = []
        try:
            with conn.pipeline() as pipe:
                conn.execute("insert into py_ledger values (200, 1)")
                pipe.sync()
                conn.execute("insert into py_ledger values (201, 1)")
                conn.execute("insert into py_ledger values (200, 1)")
                conn.execute("insert into py_ledger values (202, 1)")
                pipe.sync()
        except psycopg.Error as error:
            answers.append(error_of(error))
        return answers, conn.execute("select id from py_ledger where id >= 200 order by id").fetchall()

    note("a pipeline that breaks", broken_pipeline)


def cursors(conn):
    def server_side(**options):
        with conn.transaction(), conn.cursor(name="cur", **options) as cur:
            cur.itersize = 7
            cur.execute("select g, g::text from generate_series(1, 20) g")
            got = [cur.fetchone(), cur.fetchmany(3), [row[0] for row in cur]]
            return got, columns_of(cur)

    note("server-side cursor", lambda: server_side())

    def scrolled():
        with conn.transaction(), conn.cursor(name="cur", scrollable=True) as cur:
            cur.execute("select g from generate_series(1, 20) g")
            cur.scroll(5)
            got = [cur.fetchone()]
            cur.scroll(-3)
            got.append(cur.fetchone())
            cur.scroll(0, mode="absolute")
            got.append(cur.fetchone())
            return got

    note("scrolled cursor", scrolled)

    def held():
        with conn.transaction():
            cur = conn.cursor(name="kept", withhold=True)
            cur.execute("select g from generate_series(1, 3) g")
        rows = cur.fetchall()
        cur.close()
        return rows

    note("held cursor", held)
    note("stream", lambda: list(conn.cursor().stream("select g from generate_series(1, 5) g")))

    def prepared():
        for _ in range(8):
            row = conn.execute("select %s::int, count(*) from py_ledger", [1], prepare=True).fetchone()
        conn.execute("alter table py_ledger add column more int")
        again = conn.execute("select %s::int, count(*) from py_ledger", [1], prepare=True).fetchone()
        return row, again

    note("prepared", prepared)
    note("prepared statements", lambda: conn.execute("select statement from pg_prepared_statements where name like '_pg3_%' order by 1 limit 1").fetchall())


def copies(conn):
    conn.execute("drop table if exists py_copy")
    conn.execute("create table py_copy (a int, b text, c numeric, d timestamptz, e int[])")
    rows = [(1, "a\tb\\c\n", Decimal("1.50"), datetime(2024, 1, 1, tzinfo=timezone.utc), [1, None]), (None, None, None, None, None), (-1, "", Decimal("NaN"), None, [])]

    def fill(form):
        with conn.cursor() as cur:
            with cur.copy(f"copy py_copy from stdin {form}") as copy:
                if "binary" in form:
                    copy.set_types(["int4", "text", "numeric", "timestamptz", "int4[]"])
                for row in rows:
                    copy.write_row(row)
            return cur.rowcount, cur.statusmessage

    def drain(form, source="py_copy"):
        with conn.cursor() as cur, cur.copy(f"copy {source} to stdout {form}") as copy:
            return b"".join(bytes(part) for part in copy).hex()

    for form in ("", "(format binary)"):
        note(f"copy from {form}", lambda: fill(form))
    for form in ("", "(format csv, header, force_quote *)", "(format binary)", "(delimiter ';', null 'NIL')"):
        note(f"copy to {form}", lambda: drain(form, "(select * from py_copy order by a, b)"))

    def typed():
        with conn.cursor() as cur, cur.copy("copy (select a, c, e from py_copy order by a, b) to stdout (format binary)") as copy:
            copy.set_types(["int4", "numeric", "int4[]"])
            return list(copy.rows())

    note("copy rows", typed)

    def bad(text, form=""):
        with conn.cursor() as cur, cur.copy(f"copy py_copy from stdin {form}") as copy:
            copy.write(text)

    for text, form in (("x\n", ""), ("1\ta\n", ""), ("1\ta\t1\t\\N\t\\N\tmore\n", ""), ("1,a,b,,\n", "(format csv)"), ("1\tb\tz\t\\N\t\\N\n", ""), ('1,"open', "(format csv)"), ("\\.\njunk\n", "")):
        note(f"copy refuses {text!r} {form}", lambda: bad(text, form))

    def given_up():
        with conn.cursor() as cur, cur.copy("copy py_copy from stdin") as copy:
            copy.write("7\tx\t1\t\\N\t\\N\n")
            raise RuntimeError("stop")

    note("copy given up", given_up)
    note("copied", lambda: conn.execute("select * from py_copy order by a, b").fetchall())
    note("copy nowhere", lambda: bad("", "where false"))


def signals(conn):
    def cancel():
        timer = threading.Timer(0.3, conn.cancel)
        timer.start()
        conn.execute("select pg_sleep(20)")

    note("cancel", cancel)
    note("after cancel", lambda: conn.execute("select 1").fetchone())

    def timeout():
        conn.execute("set statement_timeout = '100ms'")
        try:
            conn.execute("select pg_sleep(20)")
        finally:
            conn.execute("reset statement_timeout")

    note("statement_timeout", timeout)
    notices = []
    conn.add_notice_handler(lambda diag: notices.append((diag.severity, diag.sqlstate, diag.message_primary)))
    for sql in ("drop table if exists py_nothing", "rollback", "begin; begin; commit", "create table if not exists py_ledger (a int)"):
        note(f"notice: {sql}", lambda: conn.execute(sql).statusmessage)
    note("notices", lambda: notices)


def tags(conn):
    """What commands answer."""
    for sql in (
        "create table py_tags (a int primary key, b text)", "insert into py_tags values (1, 'x'), (2, 'y')", "update py_tags set b = 'z'",
        "delete from py_tags where a = 2", "select * from py_tags", "truncate py_tags", "create index py_tags_b on py_tags (b)",
        "alter table py_tags add column c int", "drop index py_tags_b", "create sequence py_seq", "drop sequence py_seq",
        "create view py_view as select 1 as one", "drop view py_view", "comment on table py_tags is 'x'", "set application_name = 'py'",
        "show application_name", "reset application_name", "begin", "savepoint s", "release s", "rollback", "start transaction", "commit", "end",
        "analyze py_tags", "vacuum py_tags", "lock table py_tags", "discard all", "values (1), (2)", "table py_tags",
        "with x as (insert into py_tags values (5) returning a) select * from x", "deallocate all", "prepare p as select 1", "execute p", "deallocate p",
        "create schema py_schema", "drop schema py_schema", "select 1 as a into py_into", "create table py_as as select 1 as a", "drop table py_as, py_into, py_tags",
        "listen channel", "notify channel", "unlisten *", "do $$ begin end $$", "checkpoint", "",
    ):
        def run():
            cur = conn.execute(sql)
            return cur.statusmessage, cur.rowcount, [c.name for c in cur.description or ()]

        note(f"tag: {sql}", run)


def main():
    with psycopg.connect(autocommit=True) as conn:
        note("parameters", lambda: {n: conn.info.parameter_status(n) for n in (
            "client_encoding", "DateStyle", "IntervalStyle", "integer_datetimes", "is_superuser", "standard_conforming_strings",
            "server_encoding", "TimeZone", "default_transaction_read_only", "in_hot_standby", "session_authorization", "application_name")})
        conn.execute("set timezone to 'Europe/Berlin'")
        values(conn)
        natives(conn)
        transactions(conn)
        cursors(conn)
        copies(conn)
        signals(conn)
        tags(conn)
        conn.execute("drop table if exists py_ledger, py_copy")
    json.dump(seen, sys.stdout)


main()
