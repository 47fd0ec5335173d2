/** Every type of MySQL's that there is here, each with values at its edges, in the form in which MySQL prints them. */
export const MYSQL_CASES: ReadonlyArray<{ readonly type: string; readonly texts: readonly string[] }> = [
  { type: 'boolean', texts: ['1', '0'] },
  { type: 'smallint', texts: ['0', '-1', '32767', '-32768'] },
  { type: 'int', texts: ['0', '42', '2147483647', '-2147483648'] },
  { type: 'bigint', texts: ['0', '9007199254740993', '9223372036854775807', '-9223372036854775808'] },
  { type: 'decimal(12,4)', texts: ['0.0000', '12.3457', '-99999999.9999'] },
  { type: 'decimal(38,10)', texts: ['1234567890123456789012345678.0123456789', '-0.0000000001'] },
  { type: 'decimal(5,0)', texts: ['0', '-99999'] },
  { type: 'float', texts: ['0', '1.5', '-0.25', '123456'] },
  { type: 'double', texts: ['0', '0.1', '-2.5', '123456789.125', '1e100', '5e-20'] },
  { type: 'char(5)', texts: ['', 'ab', 'abcde', 'é'] },
  { type: 'varchar(10)', texts: ['', 'ten chars!', 'ä€🐘', ' both '] },
  { type: 'text', texts: ['', 'plain', 'zwölf 🐘 漢字', "quote ' and \\ back", 'two\nlines\ttab', '  blanks  '] },
  { type: 'longtext', texts: ['long', '0'] },
  { type: 'date', texts: ['1970-01-01', '2024-02-29', '1000-01-01', '9999-12-31', '1900-03-01'] },
  { type: 'time(6)', texts: ['00:00:00.000000', '12:34:56.789012', '23:59:59.999999'] },
  {
    type: 'datetime(6)',
    texts: [
      ...['1970-01-01 00:00:00.000000', '2024-02-29 12:34:56.789012', '1901-01-01 00:00:00.000001'],
      ...['9999-12-31 23:59:59.999999', '2024-03-31 02:30:00.000000'],
    ],
  },
  { type: 'timestamp(6)', texts: ['1970-01-01 00:00:01.000000', '2024-07-01 12:34:56.789012'] },
];

/** The same for bytes, in hexadecimal. */
export const MYSQL_BYTES: ReadonlyArray<{ readonly type: string; readonly texts: readonly string[] }> = [
  { type: 'blob', texts: ['', '00ff10', 'deadbeef', '275c0a'] },
  { type: 'longblob', texts: ['616263'] },
];
