import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What pgjdbc sees of a server: a line of text for each thing that is tried. Arguments: URL, user, password, file of cases (type TAB text). */
public class PgJdbcClient {
  interface Attempt {
    Object run() throws Exception;
  }

  static Connection connection;

  static void note(String name, Attempt attempt) {
    String seen;
    try {
      seen = show(attempt.run());
    } catch (SQLException error) {
      seen = show(error);
      try {
        if (!connection.getAutoCommit()) connection.rollback();
      } catch (SQLException lost) {
        seen += " and the connection is lost";
      }
    } catch (Exception error) {
      seen = error.toString();
    }
    System.out.println((name + " => " + seen).replace("\n", "\\n"));
  }

  static String show(Object value) throws SQLException {
    if (value == null) return "null";
    if (value instanceof byte[] bytes) return Arrays.toString(bytes);
    if (value instanceof Array array) return array.getBaseTypeName() + Arrays.deepToString((Object[]) array.getArray());
    if (value instanceof Object[] list) {
      List<String> shown = new ArrayList<>();
      for (Object item : list) shown.add(show(item));
      return shown.toString();
    }
    if (value instanceof int[] counts) return Arrays.toString(counts);
    return value.getClass().getSimpleName() + " " + value;
  }

  static String show(SQLException error) {
    ServerErrorMessage message = error instanceof PSQLException own ? own.getServerErrorMessage() : null;
    if (message == null) return error.getClass().getSimpleName() + " " + error.getSQLState();
    return "error " + error.getSQLState() + " " + message.getMessage() + " | " + message.getDetail() + " | " + message.getTable()
        + " | " + message.getColumn() + " | " + message.getConstraint() + " | " + message.getPosition();
  }

  static List<String> rows(ResultSet result) throws SQLException {
    List<String> rows = new ArrayList<>();
    ResultSetMetaData shape = result.getMetaData();
    while (result.next()) {
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= shape.getColumnCount(); i++) row.add(shape.getColumnLabel(i) + "=" + result.getString(i));
      rows.add(row.toString());
    }
    result.close();
    return rows;
  }

  static List<String> query(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return rows(statement.executeQuery(sql));
    }
  }

  static void execute(String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) statement.execute(sql);
    }
  }

  public static void main(String[] arguments) throws Exception {
    for (int threshold : new int[] {5, -1}) {
      Properties properties = new Properties();
      properties.setProperty("user", arguments[1]);
      properties.setProperty("password", arguments[2]);
      properties.setProperty("ApplicationName", "driver test");
      // -1: every statement is prepared on the server and every type that can be goes in binary.
      properties.setProperty("prepareThreshold", String.valueOf(threshold));
      connection = DriverManager.getConnection(arguments[0], properties);
      execute("set timezone to 'Europe/Berlin'");
      String prefix = threshold == -1 ? "binary: " : "text: ";
      for (String line : Files.readAllLines(Path.of(arguments[3]))) {
        String[] parts = line.split("\t", 2);
        roundTrip(prefix, parts[0], parts[1].replace("\\t", "\t").replace("\\n", "\n").replace("\\b", "\\"));
      }
      connection.close();
    }
    Properties properties = new Properties();
    properties.setProperty("user", arguments[1]);
    properties.setProperty("password", arguments[2]);
    connection = DriverManager.getConnection(arguments[0], properties);
    typedParameters();
    transactions();
    batches();
    copies();
    cursors();
    metadata();
    connection.close();
  }

  static void roundTrip(String prefix, String type, String text) {
    note(prefix + type + " " + text, () -> {
      Object value;
      String kind;
      try (PreparedStatement statement = connection.prepareStatement("select ?::text::" + type)) {
        statement.setString(1, text);
        ResultSet result = statement.executeQuery();
        result.next();
        value = result.getObject(1);
        kind = result.getMetaData().getColumnTypeName(1) + " " + result.getMetaData().getColumnClassName(1);
      }
      try (PreparedStatement statement = connection.prepareStatement("select (?::" + type + ")::text")) {
        if (value instanceof Array array) statement.setArray(1, array);
        else statement.setObject(1, value);
        ResultSet result = statement.executeQuery();
        result.next();
        return new Object[] {value, kind, result.getString(1)};
      }
    });
  }

  static void typedParameters() throws SQLException {
    execute(
        "drop table if exists driver_java",
        "create table driver_java (id serial primary key, flag boolean, small smallint, n integer, big bigint, amount numeric(12,2),"
            + " f real, d double precision, name varchar(20), fixed char(4), note text, raw bytea, day date, at time,"
            + " stamp timestamp, zoned timestamptz, key uuid, list int[], doc jsonb)");
    note("typed parameters", () -> {
      String columns = "flag, small, n, big, amount, f, d, name, fixed, note, raw, day, at, stamp, zoned, key, list, doc";
      String sql = "insert into driver_java (" + columns + ") values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?::jsonb)";
      try (PreparedStatement p = connection.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS)) {
        p.setBoolean(1, true);
        p.setShort(2, (short) -7);
        p.setInt(3, 42);
        p.setLong(4, Long.MIN_VALUE);
        p.setBigDecimal(5, new BigDecimal("12345.678"));
        p.setFloat(6, 1.5f);
        p.setDouble(7, 0.1);
        p.setString(8, "zwölf");
        p.setString(9, "ab");
        p.setObject(10, "text", Types.LONGVARCHAR);
        p.setBytes(11, new byte[] {0, -1, 7});
        p.setObject(12, LocalDate.of(2024, 2, 29));
        p.setObject(13, LocalTime.of(12, 34, 56, 789_000));
        p.setObject(14, LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4_000));
        p.setObject(15, OffsetDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneOffset.UTC));
        p.setObject(16, UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
        p.setArray(17, connection.createArrayOf("int4", new Integer[] {1, null, 3}));
        p.setString(18, "{\"a\": 1}");
        p.executeUpdate();
        return rows(p.getGeneratedKeys()).get(0).replaceAll("id=\\d+", "id=1");
      }
    });
    note("nulls", () -> {
      try (PreparedStatement p = connection.prepareStatement("insert into driver_java (n, day, name, amount) values (?,?,?,?)")) {
        p.setNull(1, Types.INTEGER);
        p.setNull(2, Types.DATE);
        p.setNull(3, Types.VARCHAR);
        p.setNull(4, Types.NUMERIC);
        return p.executeUpdate();
      }
    });
    note("by type", () -> {
      ResultSet r = connection.createStatement().executeQuery("select * from driver_java order by id limit 1");
      r.next();
      return new Object[] {
        r.getBoolean("flag"), r.getShort("small"), r.getInt("n"), r.getLong("big"), r.getBigDecimal("amount"),
        r.getFloat("f"), r.getDouble("d"), r.getString("name"), r.getString("fixed"), r.getBytes("raw"),
        r.getObject("day", LocalDate.class), r.getObject("at", LocalTime.class), r.getObject("stamp", LocalDateTime.class),
        r.getObject("zoned", OffsetDateTime.class), r.getObject("key", UUID.class), r.getArray("list"), r.getString("doc")
      };
    });
    note("updatable result", () -> {
      Statement s = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
      ResultSet r = s.executeQuery("select id, name from driver_java order by id");
      r.next();
      r.updateString("name", "changed");
      r.updateRow();
      r.last();
      return new Object[] {r.getRow(), query("select name from driver_java order by id")};
    });
  }

  static void transactions() throws SQLException {
    execute("drop table if exists driver_ledger", "create table driver_ledger (id int primary key, amount int check (amount >= 0))");
    connection.setAutoCommit(false);
    note("savepoint", () -> {
      execute("insert into driver_ledger values (1, 10)");
      Savepoint before = connection.setSavepoint("before");
      try {
        execute("insert into driver_ledger values (1, 11)");
      } catch (SQLException refused) {
        connection.rollback(before);
      }
      execute("insert into driver_ledger values (2, 20)");
      connection.commit();
      return query("select * from driver_ledger order by id");
    });
    note("check violation", () -> {
      execute("update driver_ledger set amount = -1 where id = 1");
      return "not refused";
    });
    note("isolation", () -> {
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      List<String> seen = query("show transaction isolation level");
      connection.commit();
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      return seen;
    });
    note("read only", () -> {
      connection.setReadOnly(true);
      try {
        execute("delete from driver_ledger");
        return "not refused";
      } finally {
        connection.rollback();
        connection.setReadOnly(false);
      }
    });
    connection.rollback();
    connection.setAutoCommit(true);
  }

  static void batches() throws SQLException {
    note("batch", () -> {
      try (PreparedStatement p = connection.prepareStatement("insert into driver_ledger values (?, ?)")) {
        for (int i = 10; i < 30; i++) {
          p.setInt(1, i);
          p.setInt(2, i);
          p.addBatch();
        }
        return p.executeBatch();
      }
    });
    note("batch with an error", () -> {
      try (PreparedStatement p = connection.prepareStatement("insert into driver_ledger values (?, ?)")) {
        for (int i : new int[] {40, 10, 41}) {
          p.setInt(1, i);
          p.setInt(2, i);
          p.addBatch();
        }
        return p.executeBatch();
      } catch (BatchUpdateException refused) {
        return new Object[] {refused.getUpdateCounts(), show((SQLException) refused.getCause())};
      }
    });
    note("after the batches", () -> query("select count(*), sum(amount) from driver_ledger"));
    note("several statements", () -> {
      Statement s = connection.createStatement();
      List<Object> seen = new ArrayList<>();
      boolean isResult = s.execute("select 1 as a; update driver_ledger set amount = 0 where id < 12; select 'x' as b");
      for (;;) {
        if (isResult) seen.add(rows(s.getResultSet()));
        else if (s.getUpdateCount() == -1) break;
        else seen.add(s.getUpdateCount());
        isResult = s.getMoreResults();
      }
      return seen;
    });
    note("escapes", () -> query("select {fn ucase('abc')} as u, {d '2024-02-29'} as d, {ts '2024-02-29 01:02:03'} as t"));
  }

  static void copies() {
    note("copy in", () -> connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy driver_ledger from stdin (format csv)", new StringReader("100,1\n101,2\n")));
    note("copy out", () -> {
      StringWriter out = new StringWriter();
      connection.unwrap(PGConnection.class).getCopyAPI().copyOut("copy (select * from driver_ledger where id >= 100 order by id) to stdout", out);
      return out.toString();
    });
    note("copy refused", () -> connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy driver_ledger from stdin", new StringReader("x\ty\n")));
  }

  static void cursors() throws SQLException {
    connection.setAutoCommit(false);
    note("fetch size", () -> {
      try (Statement s = connection.createStatement()) {
        s.setFetchSize(7);
        ResultSet r = s.executeQuery("select g from generate_series(1, 50) g");
        long sum = 0;
        while (r.next()) sum += r.getInt(1);
        return sum;
      }
    });
    note("max rows", () -> {
      try (Statement s = connection.createStatement()) {
        s.setMaxRows(3);
        return rows(s.executeQuery("select g from generate_series(1, 50) g"));
      }
    });
    note("query timeout", () -> {
      try (Statement s = connection.createStatement()) {
        s.setQueryTimeout(1);
        return rows(s.executeQuery("select pg_sleep(10)"));
      }
    });
    connection.commit();
    connection.setAutoCommit(true);
  }

  static void metadata() throws SQLException {
    execute(
        "drop table if exists driver_line, driver_head",
        "create table driver_head (a int, b varchar(10) not null, c numeric(8,3) default 1.5, primary key (a, b))",
        "create table driver_line (id bigserial primary key, a int, b varchar(10), note text unique,"
            + " constraint line_head foreign key (a, b) references driver_head on update cascade on delete set null)",
        "create index driver_line_ab on driver_line (b, a desc)");
    DatabaseMetaData m = connection.getMetaData();
    note("product", () -> new Object[] {m.getDatabaseProductName(), m.getDatabaseMajorVersion(), m.getUserName()});
    note("tables", () -> rows(m.getTables(null, "public", "driver\\_%", new String[] {"TABLE"})));
    note("columns", () -> rows(m.getColumns(null, "public", "driver\\_head", null)));
    note("columns of a serial", () -> rows(m.getColumns(null, "public", "driver\\_line", "id")));
    note("primary key", () -> rows(m.getPrimaryKeys(null, "public", "driver_head")));
    note("imported keys", () -> rows(m.getImportedKeys(null, "public", "driver_line")));
    note("exported keys", () -> rows(m.getExportedKeys(null, "public", "driver_head")));
    note("indexes", () -> rows(m.getIndexInfo(null, "public", "driver_line", false, false)));
    note("best row", () -> rows(m.getBestRowIdentifier(null, "public", "driver_head", DatabaseMetaData.bestRowSession, false)));
    note("schemas", () -> rows(m.getSchemas(null, "public")));
    note("parameters", () -> {
      try (PreparedStatement p = connection.prepareStatement("select * from driver_line where id = ? and note like ?")) {
        List<Object> seen = new ArrayList<>();
        for (int i = 1; i <= p.getParameterMetaData().getParameterCount(); i++) seen.add(p.getParameterMetaData().getParameterTypeName(i));
        ResultSetMetaData r = p.getMetaData();
        for (int i = 1; i <= r.getColumnCount(); i++) {
          seen.add(r.getColumnName(i) + " " + r.getColumnTypeName(i) + " " + r.getTableName(i) + " " + r.getPrecision(i)
              + " " + r.isNullable(i) + " " + r.isAutoIncrement(i));
        }
        return seen;
      }
    });
    note("a date", () -> {
      try (PreparedStatement p = connection.prepareStatement("select ?::date + 1")) {
        p.setDate(1, Date.valueOf("2024-02-28"));
        return rows(p.executeQuery());
      }
    });
    execute("drop table driver_line, driver_head, driver_ledger, driver_java");
  }
}
