import type { AnalyticTableColumn } from '#schemas/analytics/plan.js';
import { type BatchColumn, decodeRows, encodeBatch } from '#schemas/arrow/batches.js';
import { type DigestColumn, type TableDigest, TableDigester } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { DEFAULT_TEXT_CONTEXT, textParser } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import { storageOf } from './column-storage.js';
import { QueryParameters } from './lowering/parameters.js';
import { batchColumns } from './result-batches.js';
import { KEY_COLUMN, ODD_COLUMN } from './table-layout.js';
import { tableSource } from './table-source.js';
import type { Warehouse } from './warehouse.js';

const KEY_TYPE: SqlType = { kind: 'bytea' };
const ODD_TYPE: SqlType = { kind: 'text' };

/** Digests what the tier's own files and fresh rows hold of a table at a snapshot. */
export async function digestTable(
  warehouse: Warehouse,
  folder: string,
  table: ObjectId,
  columns: readonly DigestColumn[],
  snapshot: Offset,
): Promise<TableDigest> {
  const digester = new TableDigester(table, columns);
  const reader = warehouse.read();
  try {
    const state = reader.state(table);
    await warehouse.check(state.files);
    const wanted = columns.map(
      ({ slot, type, missing }, id): AnalyticTableColumn => ({ id, name: `slot ${slot}`, slot, type, missing }),
    );
    const parameters = new QueryParameters();
    const place = (value: Value, { type }: AnalyticTableColumn): string => parameters.place(value, type).sql;
    const source = tableSource(folder, state, wanted, snapshot, place, [KEY_COLUMN, ODD_COLUMN]);
    const shown = [...wanted.map(answered), KEY_COLUMN, `CAST(${ODD_COLUMN} AS VARCHAR)`];
    await warehouse.db.withConnection(async (connection) => {
      const sql = `SELECT ${shown.join(', ')} FROM (${source}) AS rows`;
      const result = await connection.stream(sql, parameters.values, parameters.types);
      const types = [...columns.map(({ type }) => type), KEY_TYPE, ODD_TYPE];
      const answer = types.map((type) => ({ type, scale: storageOf(type).scale }));
      for (
        let chunk = await result.fetchChunk();
        chunk !== null && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      )
        takeRows(digester, columns, chunk.rowCount, batchColumns(chunk, answer), types);
    });
    return digester.finish();
  } finally {
    reader.release();
  }
}

function answered({ id, type }: AnalyticTableColumn): string {
  const { scale } = storageOf(type);
  return scale === null ? `c${id}` : `CAST(c${id} AS DECIMAL(38,${scale}))`;
}

/** The same way that rows take to an engine. */
function takeRows(
  digester: TableDigester,
  columns: readonly DigestColumn[],
  count: number,
  batch: readonly BatchColumn[],
  types: readonly SqlType[],
): void {
  for (const values of decodeRows(encodeBatch(count, batch), types)) {
    const key = Buffer.from(values[columns.length] as Uint8Array).toString('latin1');
    const odd = values[columns.length + 1] as string | null;
    const row: Value[] = [];
    for (const [i, { slot }] of columns.entries()) {
      while (row.length <= slot) row.push(null);
      row[slot] = values[i] ?? null;
    }
    if (odd !== null)
      for (const [slot, text] of Object.entries(JSON.parse(odd) as Record<string, string>)) {
        const column = columns.find((each) => each.slot === Number(slot));
        if (column !== undefined) row[column.slot] = textParser(column.type, DEFAULT_TEXT_CONTEXT)(text);
      }

    digester.add(key, row);
  }
}
