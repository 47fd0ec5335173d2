import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;

/** What MySQL Connector/J sees of a server: a line of text for each thing that is tried. Arguments: URL, user, password, file of cases (type TAB text). */
public class ConnectorJClient {
  interface Attempt {
    Object run() throws Exception;
  }

  static Connection connection;

  static void note(String name, Attempt attempt) {
    String seen;
    try {
      seen = show(attempt.run());
    } catch (SQLException error) {
      seen = error.getClass().getSimpleName() + " " + error.getErrorCode() + " " + error.getSQLState();
    } catch (Exception error) {
      seen = error.toString();
    }
    System.out.println((name + " => " + seen).replace("\n", "\\n"));
  }

  static String show(Object value) {
    if (value == null) return "null";
    if (value instanceof byte[] bytes) return "bytes " + HexFormat.of().formatHex(bytes);
    if (value instanceof Object[] list) return Arrays.stream(list).map(ConnectorJClient::show).toList().toString();
    if (value instanceof int[] list) return Arrays.toString(list);
    return value.getClass().getSimpleName() + " " + value;
  }

  static String all(ResultSet rows) throws SQLException {
    StringBuilder seen = new StringBuilder();
    int columns = rows.getMetaData().getColumnCount();
    while (rows.next()) {
      for (int i = 1; i <= columns; i++) seen.append(show(rows.getObject(i))).append(i < columns ? ", " : "; ");
    }
    return seen.toString();
  }

  static int run(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }

  static String rows(String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      return all(rows);
    }
  }

  static Object read(ResultSet rows) throws SQLException {
    ResultSetMetaData meta = rows.getMetaData();
    StringBuilder seen = new StringBuilder(meta.getColumnLabel(1) + " " + meta.getColumnClassName(1));
    while (rows.next()) {
      Object value = rows.getObject(1);
      seen.append("; ").append(show(value));
      if (!(value instanceof byte[])) seen.append(" / ").append(rows.getString(1));
    }
    return seen;
  }

  static void type(String type, String column, String[] texts) throws SQLException {
    boolean bytes = type.endsWith("blob");
    run("delete from seen");
    String insert = "insert into seen (" + column + ") values (?)";
    try (PreparedStatement statement = connection.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
      for (String text : texts) {
        note("store " + type + " " + text, () -> {
          if (bytes) statement.setBytes(1, HexFormat.of().parseHex(text));
          else statement.setString(1, text);
          int count = statement.executeUpdate();
          try (ResultSet keys = statement.getGeneratedKeys()) {
            return count + " key " + all(keys);
          }
        });
      }
      statement.setObject(1, null);
      statement.executeUpdate();
    }
    String select = "select " + column + " from seen order by id";
    note("text " + type, () -> {
      try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(select)) {
        return read(rows);
      }
    });
    note("prepared " + type, () -> {
      try (PreparedStatement statement = connection.prepareStatement(select); ResultSet rows = statement.executeQuery()) {
        return read(rows);
      }
    });
    note("native " + type, () -> {
      try (Statement from = connection.createStatement(); ResultSet rows = from.executeQuery(select);
          PreparedStatement to = connection.prepareStatement("select count(*) from seen where " + column + " = ?")) {
        StringBuilder seen = new StringBuilder();
        while (rows.next()) {
          to.setObject(1, rows.getObject(1));
          seen.append(all(to.executeQuery()));
        }
        return seen;
      }
    });
  }

  static void statements() throws SQLException {
    run("drop table if exists made");
    run("create table made (id int auto_increment primary key, name varchar(9) unique, n int not null, d decimal(8,2))");
    note("batch", () -> {
      try (PreparedStatement statement = connection.prepareStatement("insert into made (name, n, d) values (?, ?, ?)")) {
        for (int i = 1; i <= 3; i++) {
          statement.setString(1, "n" + i);
          statement.setInt(2, i);
          statement.setBigDecimal(3, new BigDecimal("1.5").multiply(BigDecimal.valueOf(i)));
          statement.addBatch();
        }
        return statement.executeBatch();
      }
    });
    note("made", () -> rows("select * from made order by id"));
    note("doubled", () -> run("insert into made (name, n) values ('n1', 1)"));
    note("missing", () -> run("insert into made (name) values ('x')"));
    note("no table", () -> run("update nowhere set a = 1"));
    note("no column", () -> run("update made set nothing = 1"));
    note("no syntax", () -> run("updat made"));
    connection.setAutoCommit(false);
    note("changed", () -> run("update made set n = n + 10 where n > 1"));
    Savepoint savepoint = connection.setSavepoint("here");
    note("failed in a transaction", () -> run("insert into made (name, n) values ('n1', 1)"));
    note("removed", () -> run("delete from made"));
    connection.rollback(savepoint);
    note("back at the savepoint", () -> rows("select n from made order by id"));
    connection.rollback();
    note("rolled back", () -> rows("select n from made order by id"));
    connection.setAutoCommit(true);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    note("isolation", () -> connection.getTransactionIsolation());
    connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    note("catalog", () -> connection.getCatalog());
    note("valid", () -> connection.isValid(5));
    note("some", () -> {
      try (Statement statement = connection.createStatement()) {
        statement.setMaxRows(2);
        return all(statement.executeQuery("select n from made order by id"));
      }
    });
    note("streamed", () -> {
      try (Statement statement = connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
        statement.setFetchSize(Integer.MIN_VALUE);
        return all(statement.executeQuery("select n from made order by id"));
      }
    });
  }

  public static void main(String[] args) throws Exception {
    connection = DriverManager.getConnection(args[0], args[1], args[2]);
    String[] lines = Files.readString(Path.of(args[3])).split("\n");
    StringBuilder columns = new StringBuilder();
    for (int i = 0; i < lines.length; i++) columns.append(", v" + i + " " + lines[i].split("\t")[0]);
    run("drop table if exists seen");
    run("create table seen (id int auto_increment primary key" + columns + ")");
    for (int i = 0; i < lines.length; i++) {
      String[] fields = lines[i].split("\t", -1);
      String[] texts = Arrays.stream(fields).skip(1)
          .map(text -> text.replace("\\t", "\t").replace("\\n", "\n").replace("\\b", "\\"))
          .toArray(String[]::new);
      type(fields[0], "v" + i, texts);
    }
    statements();
    connection.close();
  }
}
