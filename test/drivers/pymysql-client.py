"""What PyMySQL sees of the server that PGHOST and its kin name: a JSON object, an answer by the name of what was tried."""

import json
import os

import pymysql

CASES = json.loads(os.environ["DRIVER_CASES"])
seen = {}


def show(value):
    return f"{type(value).__name__} {value!r}"


def note(name, run):
    try:
        seen[name] = run()
    except pymysql.Error as error:
        seen[name] = f"{type(error).__name__} {error.args[0]}"


def values(conn):
    cur = conn.cursor()
    columns = ", ".join(f"v{i} {case['type']}" for i, case in enumerate(CASES))
    cur.execute("drop table if exists seen")
    cur.execute(f"create table seen (id int auto_increment primary key, {columns})")
    for i, case in enumerate(CASES):
        kind = case["type"]
        insert = f"insert into seen (v{i}) values (%s)"
        given = [bytes.fromhex(each) if case["bytes"] else each for each in case["texts"]]
        first = None
        for value in given:
            def store():
                nonlocal first
                count = cur.execute(insert, (value,))
                first = first or cur.lastrowid
                return count, cur.lastrowid - first
            note(f"store {kind} {value!r}", store)
        cur.execute(insert, (None,))
        cur.execute(f"select v{i} from seen order by id")
        rows = cur.fetchall()
        seen[f"read {kind}"] = [cur.description[0][0], cur.description[0][1], *[show(v) for (v,) in rows]]
        for native in dict.fromkeys(v for (v,) in rows if v is not None):
            def again():
                cur.execute(insert, (native,))
                cur.execute(f"select count(*) from seen where v{i} = %s", (native,))
                return show(cur.fetchone())
            note(f"native {kind} {native!r}", again)
        conn.rollback()
        cur.execute("select count(*) from seen")
        seen[f"rolled back {kind}"] = show(cur.fetchone())


def statements(conn):
    cur = conn.cursor()
    cur.execute("drop table if exists made")
    cur.execute("create table made (id int auto_increment primary key, name varchar(9) unique, n int not null)")
    note("many", lambda: (cur.executemany("insert into made (name, n) values (%s, %s)", [("a", 1), ("b", 2), ("c", 3)]), cur.lastrowid))
    conn.commit()
    note("doubled", lambda: cur.execute("insert into made (name, n) values ('a', 1)"))
    note("missing", lambda: cur.execute("insert into made (name) values ('d')"))
    note("no table", lambda: cur.execute("select * from nowhere"))
    note("no column", lambda: cur.execute("select nothing from made"))
    note("no syntax", lambda: cur.execute("selec 1"))
    note("changed", lambda: (cur.execute("update made set n = n + 1 where n > 1"), cur.rowcount))
    note("left", lambda: (cur.execute("select name, n from made order by id"), [list(row) for row in cur.fetchall()]))
    note("removed", lambda: cur.execute("delete from made"))
    conn.rollback()
    note("kept", lambda: (cur.execute("select count(*) from made"), list(cur.fetchone())))
    conn.autocommit(True)
    note("by itself", lambda: cur.execute("delete from made where name = 'a'"))
    conn.rollback()
    note("gone", lambda: (cur.execute("select count(*) from made"), list(cur.fetchone())))
    named = conn.cursor(pymysql.cursors.DictCursor)
    note("named", lambda: (named.execute("select name, n from made order by id"), named.fetchall()))
    streamed = conn.cursor(pymysql.cursors.SSCursor)
    note("streamed", lambda: (streamed.execute("select n from made order by id"), [list(row) for row in streamed]))
    streamed.close()
    note("ping", lambda: conn.ping())


tls = {"ssl": {"check_hostname": False, "verify_mode": "none"}} if os.environ["DRIVER_TLS"] == "1" else {"ssl_disabled": True}
connection = pymysql.connect(
    host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]),
    user=os.environ["PGUSER"],
    password=os.environ["PGPASSWORD"],
    database=os.environ["PGDATABASE"],
    **tls,
)
values(connection)
statements(connection)
connection.close()
print(json.dumps(seen))
