import type { ReadError } from '../reader.ts';
import type { ManifestEntry, ManifestGroup } from './manifest.ts';

/** Bytes of a value as it is stored (tfjs-core io/types.ts); absent for texts, whose length is in the file. */
const sizes: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['int32', 4],
  ['complex64', 8],
  ['float16', 2],
  ['uint16', 2],
  ['uint8', 1],
  ['bool', 1],
]);

/**
 * Compares the weight files of a manifest with what it says of them. `sizeOf` gives the bytes of a file by its path as the
 * manifest writes it, undefined where there is none. A model whose files are all missing is taken to be here without them.
 */
export function shardErrors(
  groups: readonly ManifestGroup[],
  sizeOf: (path: string) => number | undefined,
): readonly ReadError[] {
  return groups.flatMap(group => [...pathErrors(group), ...sizeErrors(group, sizeOf)]);
}

function pathErrors({ paths, entries, range }: ManifestGroup): ReadError[] {
  if (entries.length > 0 && paths.length === 0) {
    return [{ message: 'This group of weights names no file: its paths are missing.', range }];
  }
  const numbers = paths.map(path => /shard(\d+)of(\d+)/.exec(path)).flatMap(match => (match ? [match] : []));
  const total = Number(numbers[0]?.[2] ?? paths.length);
  const isWhole = numbers.length !== paths.length || (total === paths.length && new Set(paths).size === total);
  if (isWhole) return [];
  return [{ message: `This group lists ${paths.length} of its ${total} weight files.`, range }];
}

function sizeErrors(
  { paths, entries, range }: ManifestGroup,
  sizeOf: (path: string) => number | undefined,
): ReadError[] {
  const found = paths.map(sizeOf);
  const missing = paths.filter((_, i) => found[i] === undefined);
  if (missing.length === paths.length) return [];
  if (missing.length > 0) return [{ message: `The weight file ${missing[0]} is missing.`, range }];
  const needed = entries.map(bytesOf).reduce((sum, bytes) => sum + bytes, 0);
  const there = found.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  if (Number.isNaN(needed) || needed === there) return [];
  const files = paths.length === 1 ? `${paths[0]} has` : `The ${paths.length} weight files have`;
  return [{ message: `${files} ${there} bytes, but the weights of this group need ${needed}.`, range }];
}

/** Bytes of a weight; NaN where they cannot be known. */
export function bytesOf({ shape, dtype, quantization }: ManifestEntry): number {
  return shape.reduce((size, dim) => size * dim, 1) * (sizes.get(quantization?.dtype ?? dtype) ?? Number.NaN);
}
