import type { ResultColumn } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Value } from '#schemas/values/value.js';
import { protocolViolation } from './decode.js';
import type { ClientStatement } from './prepared.js';
import { type RowWriter, rowWriter } from './row-writer.js';
import type { TextFormat } from './text-formats.js';

/** A statement bound to its parameters. It lives until its transaction ends, or until the name is bound again. */
export class Portal {
  readonly name: string;
  readonly statement: ClientStatement;
  readonly values: readonly Value[];
  readonly formats: readonly boolean[];
  /** The group of messages that bound it. */
  readonly group: number;
  state: 'new' | 'running' | 'suspended' | 'done' | 'failed' = 'new';
  /** Number in the engine while it is suspended. */
  number = 0;

  /** `formats` as in Bind: none = text, one = for all columns. Throws 08P01 when their number fits no result. */
  constructor(
    name: string,
    group: number,
    statement: ClientStatement,
    values: readonly Value[],
    formats: readonly boolean[],
  ) {
    this.group = group;
    this.name = name;
    this.statement = statement;
    this.values = values;
    const columns = statement.bound?.columns ?? null;
    if (formats.length === 1) {
      this.formats = formats[0] === true ? Array.from({ length: columns?.length ?? 0 }, () => true) : [];
    } else {
      if (formats.length > 1 && formats.length !== (columns?.length ?? 0)) {
        throw protocolViolation(
          `bind message has ${formats.length} result formats but query has ${columns?.length ?? 0} columns`,
        );
      }
      this.formats = formats;
    }
  }

  /** The writer of its rows. The statement keeps it for the next portal: clients mostly ask for the same formats again. */
  writer(format: TextFormat, columns: readonly ResultColumn[]): RowWriter {
    const { statement, formats } = this;
    if (formats.length === 0) return format.textRows(columns);
    const { writer } = statement;
    if (
      writer !== null &&
      statement.writerFormat === format &&
      statement.writerColumns === columns &&
      equal(statement.writerBinary, formats)
    )
      return writer;
    const fresh = rowWriter(columns, formats, format.context);
    statement.writer = fresh;
    statement.writerFormat = format;
    statement.writerColumns = columns;
    statement.writerBinary = formats;
    return fresh;
  }

  /** Throws unless it can be run (again). */
  checkRunnable(): void {
    if (this.state === 'failed' || this.state === 'running') {
      throw new SqlError('object_not_in_prerequisite_state', `portal "${this.name}" cannot be run`);
    }
  }
}

function equal(a: readonly boolean[], b: readonly boolean[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
