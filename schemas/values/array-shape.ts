import type { SqlArray, Value } from './value.js';

/** Sizes of the dimensions of a rectangular array, outermost first; none for an empty array. */
export function dimensionsOf(array: SqlArray): number[] {
  if (array.length === 0) return [];
  const first = array[0];
  return Array.isArray(first) ? [array.length, ...dimensionsOf(first as SqlArray)] : [array.length];
}

/** All elements in row order. */
export function elementsOf(array: SqlArray): SqlArray {
  if (!Array.isArray(array[0])) return array;
  return array.flatMap((item) => elementsOf(item as SqlArray));
}

/** The array with these dimensions whose elements stand in row order. */
export function shapeArray(elements: readonly Value[], dimensions: readonly number[]): SqlArray {
  if (dimensions.length <= 1) return elements;
  const [count = 0, ...inner] = dimensions;
  const size = elements.length / count;
  return Array.from({ length: count }, (_, i) => shapeArray(elements.slice(i * size, (i + 1) * size), inner));
}
