import type { MessageWriter } from '../encode.js';

/*
 *   ErrorResponse  = 'E' report
 *   NoticeResponse = 'N' report
 *   report         = length { field:byte value:cstring } 0:byte
 *   field          = 'S' severity  'V' severity, never translated  'C' SQLSTATE  'M' message  'D' detail  'H' hint  'P' position  'W' context
 *                    's' schema  't' table  'c' column  'd' data type  'n' constraint
 */
export const ERROR_RESPONSE = 0x45;
export const NOTICE_RESPONSE = 0x4e;

/** What an error or notice tells; keys other than the first three are optional. */
export interface Report {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly fields: ReportFields;
}

export type ReportFields = Readonly<Record<string, string | number | undefined>>;

const OPTIONAL: ReadonlyArray<readonly [byte: number, key: string]> = [
  [0x44, 'detail'],
  [0x48, 'hint'],
  [0x50, 'position'],
  [0x57, 'where'],
  [0x73, 'schema'],
  [0x74, 'table'],
  [0x63, 'column'],
  [0x64, 'dataType'],
  [0x6e, 'constraint'],
];

export function writeReport(
  out: MessageWriter,
  type: typeof ERROR_RESPONSE | typeof NOTICE_RESPONSE,
  report: Report,
): void {
  out.start(type);
  field(out, 0x53, report.severity);
  field(out, 0x56, report.severity);
  field(out, 0x43, report.code);
  field(out, 0x4d, report.message);
  for (const [byte, key] of OPTIONAL) {
    const value = report.fields[key];
    if (value !== undefined) field(out, byte, String(value));
  }
  out.byte(0);
  out.end();
}

/** A message may quote what the client sent: a zero byte in it would end the field. */
function field(out: MessageWriter, byte: number, value: string): void {
  out.byte(byte);
  out.cstring(value.includes('\0') ? value.replaceAll('\0', '') : value);
}
