/*
 * Where a node deliberately answers otherwise than MariaDB, by the name of what was tried; docs/compat/mysql.md says why. A test fails when one of
 * these becomes equal, so that the lists only shrink.
 */
type Known = Readonly<Record<string, RegExp>>;

export const MYSQL2: Known = {
  // MySQL's SQLSTATE of this number, where MariaDB has another.
  'refuse int abc': /1366 HY000/,
  // Zeros behind the point are not printed.
  'text time(6)': /string 00:00:00","string 00:00:00"/,
};

export const PYMYSQL: Known = {
  // A column without a value and without a default is 1048 as one that was given NULL is.
  missing: /1048/,
};

export const CONNECTOR_J: Known = {
  missing: /1048/,
  // The driver takes MariaDB for MySQL 5.5 and sends it no fractions of seconds.
  'native datetime(6)': /Long 1; Long 1; Long 1; Long 1; Long 1; Long 0/,
  'native timestamp(6)': /Long 1; Long 1; Long 0/,
};
