/** MessagePack extension types of the link; part of LINK_VERSION. */
export const EXTENSION = { numeric: 1, interval: 2, bigint: 3 } as const;

/** First byte of a Numeric: how its number follows the scale. */
export const NUMERIC_FORM = { int64: 0, NaN: 1, Infinity: 2, '-Infinity': 3, positive: 4, negative: 5 } as const;
