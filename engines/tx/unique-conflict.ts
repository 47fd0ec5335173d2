import type { Row } from '#schemas/values/value.js';
import type { IndexData } from '../rows/index-data.js';
import type { IndexShape } from '../rows/shape.js';
import type { TableData } from '../rows/table-data.js';
import { type LiveVersion, PENDING, type Version, type Writer } from '../rows/version.js';
import { duplicateKey } from './unique-violation.js';
import { Unit } from './unit.js';

/**
 * Who stands in the way of `row` under the unique keys of its table, for the transaction `unit`: null = nobody, a Unit = a transaction whose end decides, a row = the conflicting
 * row, for the arbiters that the caller handles (null = all). `self` is the key of the row that `row` replaces. Throws 23505 for any other conflict.
 */
export function conflictOf(
  unit: Unit,
  data: TableData,
  key: string,
  row: Row,
  self: string | null,
  arbiters: ReadonlyArray<IndexShape | null> | null,
): Unit | LiveVersion | null {
  if (data.hasOwnKey && key !== self) {
    const standing = standingFor(unit, data.head(key));
    if (standing instanceof Unit) return standing;
    if (standing !== null) {
      if (arbiters === null || arbiters.includes(null)) return standing;
      return certain(unit, standing.writer, data, null, row);
    }
  }
  for (const index of data.indexes) {
    if (!index.constrains(row)) continue;
    const columns = index.keyOf(row);
    if (columns === null) continue;
    const standing = standingInIndex(unit, data, index, columns, self);
    if (standing === null || standing instanceof Unit) {
      if (standing !== null) return standing;
      continue;
    }
    if (arbiters === null || arbiters.some((arbiter) => arbiter?.id === index.shape.id)) return standing;
    return certain(unit, standing.writer, data, index, row);
  }
  return null;
}

/** Throws 23505, unless the commit of the row in the way is not decided yet: then that has to be waited for, because the row may never have been. */
function certain(unit: Unit, writer: Writer, data: TableData, index: IndexData | null, row: Row): Unit {
  if (writer !== unit && writer.offset === PENDING) return writer as Unit;
  throw duplicateKey(data, index, row);
}

/** What a unique check meets in a chain: nothing, a live row that counts, or a transaction that must end first. */
function standingFor(unit: Unit, head: Version | undefined): Unit | LiveVersion | null {
  if (head === undefined) return null;
  const { writer } = head;
  if (writer !== unit && !writer.appended) return writer as Unit;
  if (head.row === null) {
    if (writer !== unit) unit.standOn(writer);
    return null;
  }
  return head as LiveVersion;
}

function standingInIndex(
  unit: Unit,
  data: TableData,
  index: IndexData,
  columns: string,
  self: string | null,
): Unit | LiveVersion | null {
  for (const rowKey of data.candidates(index, columns)) {
    if (rowKey === self) continue;
    const head = data.head(rowKey);
    const standing = standingFor(unit, head);
    if (standing === null) continue;
    if (standing instanceof Unit) {
      // A pending update that neither has nor replaces a row with these columns is no obstacle.
      let relevant = false;
      for (let v: Version | null = head ?? null; v !== null && !relevant; v = v.writer.appended ? null : v.previous) {
        relevant = v.row !== null && index.keyOf(v.row) === columns;
        unit.standOn(v.writer);
      }
      if (relevant) return standing;
      continue;
    }
    if (index.keyOf(standing.row) === columns) return standing;
    // The row has left this place: if that fails, it is there again.
    unit.standOn(standing.writer);
  }
  return null;
}
