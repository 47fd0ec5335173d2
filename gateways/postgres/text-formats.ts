import type { Clock } from '#schemas/kernel/ports.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import { DEFAULT_TEXT_CONTEXT, type TextContext } from '#schemas/values/text-form.js';
import { type RowWriter, rowWriter } from './row-writer.js';

/** The writers of one text context. Sessions with the same settings share it, so that a statement's writers are made once for all of them. */
export class TextFormat {
  readonly context: TextContext;
  readonly #textWriters = new WeakMap<readonly ResultColumn[], RowWriter>();

  constructor(context: TextContext) {
    this.context = context;
  }

  /** The writer of rows with these columns, all in text. */
  textRows(columns: readonly ResultColumn[]): RowWriter {
    let writer = this.#textWriters.get(columns);
    if (writer === undefined) {
      writer = rowWriter(columns, [], this.context);
      this.#textWriters.set(columns, writer);
    }
    return writer;
  }
}

type DateStyle = TextContext['dateStyle'];
type DateOrder = TextContext['dateOrder'];
const DATE_STYLES: readonly string[] = ['ISO', 'SQL', 'Postgres', 'German'] satisfies DateStyle[];
const DATE_ORDERS: readonly string[] = ['MDY', 'DMY', 'YMD'] satisfies DateOrder[];
const INTERVAL_STYLES: readonly string[] = [
  'postgres',
  'postgres_verbose',
  'sql_standard',
  'iso_8601',
] satisfies TextContext['intervalStyle'][];
/** TimeZone is the client's to choose, so what is kept has to be bounded. */
const FORMATS_MAX = 1_000;

/** All text formats of a gateway, by the settings that decide them. */
export class TextFormats {
  readonly #formats = new Map<string, TextFormat>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The format of a session with these settings (by PostgreSQL's names). */
  of(settings: ReadonlyMap<string, string>): TextFormat {
    const timeZone = settings.get('TimeZone') ?? DEFAULT_TEXT_CONTEXT.timeZone;
    const [style, order] = (settings.get('DateStyle') ?? 'ISO, MDY').split(', ');
    const intervalStyle = settings.get('IntervalStyle') ?? 'postgres';
    const extraFloatDigits = Number(settings.get('extra_float_digits') ?? 1);
    const key = JSON.stringify([timeZone, style, order, intervalStyle, extraFloatDigits]);
    let format = this.#formats.get(key);
    if (format === undefined) {
      const clock = this.#clock;
      format = new TextFormat({
        timeZone,
        dateStyle: DATE_STYLES.includes(style ?? '') ? (style as DateStyle) : 'ISO',
        dateOrder: DATE_ORDERS.includes(order ?? '') ? (order as DateOrder) : 'MDY',
        intervalStyle: INTERVAL_STYLES.includes(intervalStyle)
          ? (intervalStyle as TextContext['intervalStyle'])
          : 'postgres',
        extraFloatDigits,
        // Shared by sessions and kept for long: the time is read when a value needs it.
        get nowMicros() {
          return clock.nowMicros();
        },
      });
      if (this.#formats.size >= FORMATS_MAX) this.#formats.clear();
      this.#formats.set(key, format);
    }
    return format;
  }
}
