import { SQLSTATES } from './conditions.js';

/** What a MySQL client is told in place of a SQLSTATE of PostgreSQL: the number that its programs go by, and MySQL's own SQLSTATE. */
export interface MysqlError {
  readonly number: number;
  readonly sqlstate: string;
}

const error = (number: number, sqlstate: string): MysqlError => ({ number, sqlstate });

/** ER_UNKNOWN_ERROR, for what MySQL has no number for. */
const UNKNOWN = 1105;

/** By MySQL's server error reference. */
const BY_SQLSTATE: ReadonlyMap<string, MysqlError> = new Map<string, MysqlError>([
  [SQLSTATES.syntax_error, error(1064, '42000')],
  [SQLSTATES.feature_not_supported, error(1235, '42000')],
  [SQLSTATES.undefined_table, error(1146, '42S02')],
  [SQLSTATES.undefined_column, error(1054, '42S22')],
  [SQLSTATES.undefined_function, error(1305, '42000')],
  [SQLSTATES.undefined_object, error(1091, '42000')],
  [SQLSTATES.ambiguous_column, error(1052, '23000')],
  [SQLSTATES.duplicate_table, error(1050, '42S01')],
  [SQLSTATES.duplicate_column, error(1060, '42S21')],
  [SQLSTATES.duplicate_alias, error(1066, '42000')],
  [SQLSTATES.duplicate_object, error(1061, '42000')],
  [SQLSTATES.duplicate_schema, error(1007, 'HY000')],
  [SQLSTATES.duplicate_database, error(1007, 'HY000')],
  [SQLSTATES.invalid_schema_name, error(1049, '42000')],
  [SQLSTATES.invalid_catalog_name, error(1049, '42000')],
  [SQLSTATES.grouping_error, error(1055, '42000')],
  [SQLSTATES.cardinality_violation, error(1242, '21000')],
  [SQLSTATES.unique_violation, error(1062, '23000')],
  [SQLSTATES.not_null_violation, error(1048, '23000')],
  [SQLSTATES.foreign_key_violation, error(1452, '23000')],
  [SQLSTATES.check_violation, error(3819, 'HY000')],
  [SQLSTATES.string_data_right_truncation, error(1406, '22001')],
  [SQLSTATES.numeric_value_out_of_range, error(1264, '22003')],
  [SQLSTATES.division_by_zero, error(1365, '22012')],
  [SQLSTATES.invalid_text_representation, error(1366, 'HY000')],
  [SQLSTATES.character_not_in_repertoire, error(1366, 'HY000')],
  [SQLSTATES.invalid_datetime_format, error(1292, '22007')],
  [SQLSTATES.datetime_field_overflow, error(1292, '22007')],
  [SQLSTATES.datatype_mismatch, error(1366, 'HY000')],
  [SQLSTATES.invalid_parameter_value, error(1231, '42000')],
  [SQLSTATES.insufficient_privilege, error(1142, '42000')],
  [SQLSTATES.invalid_password, error(1045, '28000')],
  [SQLSTATES.invalid_authorization_specification, error(1045, '28000')],
  [SQLSTATES.too_many_connections, error(1040, '08004')],
  [SQLSTATES.serialization_failure, error(1213, '40001')],
  [SQLSTATES.deadlock_detected, error(1213, '40001')],
  [SQLSTATES.lock_not_available, error(1205, 'HY000')],
  [SQLSTATES.query_canceled, error(1317, '70100')],
  [SQLSTATES.read_only_sql_transaction, error(1792, '25006')],
  [SQLSTATES.active_sql_transaction, error(1568, '25001')],
  [SQLSTATES.invalid_savepoint_specification, error(1305, '42000')],
  [SQLSTATES.admin_shutdown, error(1053, '08S01')],
  [SQLSTATES.cannot_connect_now, error(1053, '08S01')],
  [SQLSTATES.connection_failure, error(1053, '08S01')],
  [SQLSTATES.program_limit_exceeded, error(1153, '08S01')],
  [SQLSTATES.protocol_violation, error(1835, 'HY000')],
  [SQLSTATES.disk_full, error(1021, 'HY000')],
  [SQLSTATES.out_of_memory, error(1037, 'HY001')],
  [SQLSTATES.dependent_objects_still_exist, error(3730, 'HY000')],
  [SQLSTATES.wrong_object_type, error(1347, 'HY000')],
]);

/** The number and SQLSTATE that MySQL's clients know a refusal by. A SQLSTATE that MySQL shares goes through as it is, with the general number. */
export function mysqlError(sqlstate: string): MysqlError {
  return BY_SQLSTATE.get(sqlstate) ?? error(UNKNOWN, sqlstate);
}
