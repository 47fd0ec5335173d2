"""What psycopg 3 sees of a server: every type in text and in binary, transactions, errors, pipelines, cursors and COPY."""
import json
import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg.types.json import Json, Jsonb

cases = json.loads(sys.argv[1])
seen = {}
connection = psycopg.connect(autocommit=True)
connection.execute("set timezone to 'Europe/Berlin'")


def note(name, run):
    try:
        seen[name] = run()
    except psycopg.Error as error:
        diagnostic = error.diag
        seen[name] = {
            "error": type(error).__name__,
            "sqlstate": error.sqlstate,
            "message": diagnostic.message_primary,
            "constraint": diagnostic.constraint_name,
            "column": diagnostic.column_name,
        }


def round_trip(kind, text, binary):
    def run():
        cursor = connection.cursor(binary=binary)
        native = cursor.execute(f"select %s::text::{kind}", (text,)).fetchone()[0]
        wrapped = {"json": Json, "jsonb": Jsonb}.get(kind, lambda value: value)(native)
        mark = "%b" if binary and native is not None and kind not in ("json", "jsonb") else "%s"
        back = cursor.execute(f"select ({mark}::{kind})::text", (wrapped,)).fetchone()[0]
        return [repr(native), back]

    return run


for case in cases:
    for text in [*case["texts"], None]:
        for binary in (False, True):
            note(f"{case['type']} {text} {'binary' if binary else 'text'}", round_trip(case["type"], text, binary))

connection.execute("drop table if exists driver_python")
connection.execute(
    "create table driver_python (id int primary key, n numeric(12,2), d date, t time, ts timestamp, tz timestamptz,"
    " i interval, u uuid, b bytea, j jsonb, f double precision, flag boolean, list int[])"
)
row = (
    1, Decimal("12.34"), date(2024, 2, 29), time(12, 34, 56, 789), datetime(2024, 2, 29, 1, 2, 3, 4),
    datetime(2024, 7, 1, 12, tzinfo=timezone.utc), timedelta(days=3, hours=4, microseconds=5),
    UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), b"\x00\xff", Jsonb({"a": [1, None]}), 0.1, True, [1, None, 3],
)


def typed_rows():
    marks = ", ".join(["%s"] * len(row))
    connection.execute(f"insert into driver_python values ({marks})", row)
    stored = connection.cursor(binary=True).execute("select * from driver_python").fetchone()
    return [repr(value) for value in stored]


def prepared():
    results = []
    for i in range(8):  # Statements are prepared on the server from the fifth run on.
        results.append(connection.execute("select id + %s from driver_python where id = %s", (i, 1)).fetchone()[0])
    return results


def pipeline():
    with connection.pipeline():
        cursors = [connection.execute("select %s::int * 2", (i,)) for i in range(10)]
    return [cursor.fetchone()[0] for cursor in cursors]


def failed_pipeline():
    with connection.pipeline():
        first = connection.execute("select 1")
        connection.execute("select 1 / 0")
        connection.execute("select 2")
    return first.fetchone()


def savepoints():
    with connection.transaction():
        connection.execute("insert into driver_python (id) values (2)")
        try:
            with connection.transaction():
                connection.execute("insert into driver_python (id) values (2)")
        except psycopg.errors.UniqueViolation as error:
            caught = error.diag.constraint_name
        connection.execute("insert into driver_python (id) values (3)")
    return [caught, connection.execute("select count(*) from driver_python").fetchone()[0]]


def server_cursor():
    with connection.transaction():
        cursor = connection.cursor(name="walk")
        cursor.execute("select g from generate_series(1, 25) g")
        return [len(cursor.fetchmany(10)), len(cursor.fetchmany(10)), len(cursor.fetchmany(10))]


def copies():
    cursor = connection.cursor()
    with cursor.copy("copy driver_python (id, n, d, flag) from stdin") as copy:
        for i in range(10, 15):
            copy.write_row((i, Decimal(i) / 4, date(2024, 1, i), i % 2 == 0))
    with cursor.copy("copy driver_python (id, f) from stdin (format binary)") as copy:
        copy.set_types(["int4", "float8"])
        copy.write_row((20, 1.5))
    with cursor.copy("copy (select id, n, d, flag from driver_python where id >= 10 order by id) to stdout") as copy:
        text = [list(line) for line in copy.rows()]
    with cursor.copy("copy (select id, f from driver_python where id = 20) to stdout (format binary)") as copy:
        copy.set_types(["int4", "float8"])
        binary = [list(line) for line in copy.rows()]
    return [text, binary]


def executemany():
    cursor = connection.cursor()
    cursor.executemany("insert into driver_python (id, n) values (%s, %s) returning id", [(30, 1), (31, 2)], returning=True)
    ids = [cursor.fetchone()[0]]
    while cursor.nextset():
        ids.append(cursor.fetchone()[0])
    return ids


def description():
    cursor = connection.execute("select id, n, d, 'x'::varchar(7) as v, n * 2 from driver_python limit 0")
    return [[c.name, c.type_code, c.precision, c.scale, c.display_size, c.internal_size] for c in cursor.description]


def copy_error():
    with connection.cursor().copy("copy driver_python (id, d) from stdin") as copy:
        copy.write("1000\tnot a date\n")


for name, run in list(globals().items()):
    if callable(run) and name in (
        "typed_rows", "prepared", "pipeline", "failed_pipeline", "savepoints", "server_cursor", "copies", "executemany",
        "description", "copy_error",
    ):
        note(name, run)

note("after all of it", lambda: connection.execute("select count(*) from driver_python").fetchone()[0])
connection.execute("drop table driver_python")
connection.close()
print(json.dumps(seen, default=str))
