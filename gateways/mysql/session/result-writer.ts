import type { ResultColumn } from '#schemas/link/frames.js';
import type { Row } from '#schemas/values/value.js';
import { writeResultEnd, writeResultHead } from '../wire/answers.js';
import { columnOf } from '../wire/columns.js';
import type { Output } from '../wire/output.js';
import { binaryRows, type RowWriter, textRows } from '../wire/row-writer.js';
import type { ResultSink } from './engine-session.js';

/** Writes one result to the client while it comes. */
export class ResultWriter implements ResultSink {
  readonly #output: Output;
  readonly #capabilities: number;
  readonly #status: () => number;
  readonly #binary: boolean;
  #write: RowWriter | null = null;
  /** Rows that may still be written. */
  #left: number;

  constructor(output: Output, capabilities: number, status: () => number, binary: boolean, rowsMax = Infinity) {
    this.#output = output;
    this.#capabilities = capabilities;
    this.#status = status;
    this.#binary = binary;
    this.#left = rowsMax;
  }

  columns(columns: readonly ResultColumn[]): void {
    writeResultHead(this.#output.writer, columns.map(columnOf), this.#capabilities, this.#status());
    this.#write = this.#binary ? binaryRows(columns) : textRows(columns);
  }

  rows(rows: readonly Row[]): void {
    const { writer } = this.#output;
    for (const row of rows) {
      if (this.#left-- <= 0) return;
      this.#write?.(writer, row);
      this.#output.relieve();
    }
  }

  caughtUp(): Promise<void> | null {
    this.#output.flush();
    return this.#output.caughtUp();
  }

  end(): void {
    writeResultEnd(this.#output.writer, this.#capabilities, this.#status());
  }
}

/** Keeps a result of the gateway's own. */
export class ResultKeeper implements ResultSink {
  readonly kept: Row[] = [];

  columns(): void {}

  rows(rows: readonly Row[]): void {
    this.kept.push(...rows);
  }

  caughtUp(): null {
    return null;
  }
}
