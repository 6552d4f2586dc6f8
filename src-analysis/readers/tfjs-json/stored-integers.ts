import type { ManifestEntry, ManifestGroup } from './manifest.ts';
import { bytesOf } from './shards.ts';

/** The files that a manifest names, by the paths that it writes. */
export interface WeightFiles {
  /** Bytes of a file; undefined where there is none. */
  readonly size: (path: string) => number | undefined;
  readonly bytes: (path: string, start: number, length: number) => Uint8Array | undefined;
}

/** Shapes, axes and paddings are shorter; files are asked for no more values than these. */
const limits = { values: 64, constants: 5000 };

/**
 * Values of small int32 constants, read from the weight files one by one, when they are asked for. The tensors of a group lie one
 * after the other in its files put together, little-endian (tfjs-core io/io_utils.ts, decodeWeights).
 */
export function storedIntegers(
  groups: readonly ManifestGroup[],
  files: WeightFiles,
): (name: string) => readonly number[] | undefined {
  const places = placesOf(groups);
  let left = limits.constants;
  return name => {
    const place = places.get(name);
    if (!place || left-- <= 0) return undefined;
    const bytes = bytesAcross(place.group.paths, files, place.start, 4 * place.count);
    if (!bytes) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: place.count }, (_, i) => view.getInt32(4 * i, true));
  };
}

interface Place {
  readonly group: ManifestGroup;
  readonly start: number;
  /** Number of values. */
  readonly count: number;
}

function placesOf(groups: readonly ManifestGroup[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const group of groups) {
    let start = 0;
    for (const entry of group.entries) {
      const count = entry.shape.reduce((size, dim) => size * dim, 1);
      if (isInteger(entry) && count <= limits.values && Number.isSafeInteger(start))
        places.set(entry.name, { group, start, count });
      start += bytesOf(entry);
    }
  }
  return places;
}

function isInteger({ dtype, quantization }: ManifestEntry): boolean {
  return dtype === 'int32' && quantization === undefined;
}

/** Bytes of files put together; undefined where one of them is not there or lies elsewhere than beside the model. */
function bytesAcross(
  paths: readonly string[],
  files: WeightFiles,
  start: number,
  length: number,
): Uint8Array | undefined {
  const found = new Uint8Array(length);
  let [offset, done] = [start, 0];
  for (const path of paths) {
    if (done === length) break;
    const size = isBeside(path) ? files.size(path) : undefined;
    if (size === undefined) return undefined;
    const here = Math.min(size - offset, length - done);
    if (here > 0) {
      const bytes = files.bytes(path, offset, here);
      if (bytes?.length !== here) return undefined;
      found.set(bytes, done);
      done += here;
    }
    offset = Math.max(0, offset - size);
  }
  return done === length ? found : undefined;
}

function isBeside(path: string): boolean {
  return !/^([\\/]|[a-z][\w+.-]*:)/i.test(path) && !path.split(/[\\/]/).includes('..');
}
