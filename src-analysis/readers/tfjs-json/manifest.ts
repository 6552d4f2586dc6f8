import type { Node } from 'jsonc-parser';
import type { Range } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import { elements, numberOf, property, rangeOf, stringOf } from './tree.ts';

/** How the values of one weight lie in its group's bytes (tfjs-core io/types.ts, WeightsManifestEntry). */
export interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale?: number; readonly min?: number };
  /** `optimizer` for weights that are none of the model's. */
  readonly group?: string;
  readonly range: Range;
  readonly shapeRange: Range;
}

/** Weights that lie one after the other in the bytes of the given files put together. */
export interface ManifestGroup {
  readonly paths: readonly string[];
  readonly entries: readonly ManifestEntry[];
  readonly range: Range;
}

/** Reads `weightsManifest`; entries that make no sense are left out and told. */
export function readManifest(node: Node | undefined, errors: ReadError[]): readonly ManifestGroup[] {
  if (node === undefined || node.type === 'null') return [];
  if (node.type !== 'array') {
    errors.push({ message: 'weightsManifest must be an array of groups.', range: rangeOf(node) });
    return [];
  }
  const names = new Set<string>();
  return elements(node).map(group => {
    const paths = elements(property(group, 'paths')).flatMap(path => stringOf(path) ?? []);
    const entries = elements(property(group, 'weights')).flatMap(child => {
      const entry = readEntry(child, errors);
      if (entry === undefined) return [];
      if (names.has(entry.name)) {
        errors.push({ message: `weightsManifest names ${entry.name} twice.`, range: entry.range });
        return [];
      }
      names.add(entry.name);
      return [entry];
    });
    return { paths, entries, range: rangeOf(group) };
  });
}

function readEntry(node: Node, errors: ReadError[]): ManifestEntry | undefined {
  const nameNode = property(node, 'name');
  const name = stringOf(nameNode);
  const shapeNode = property(node, 'shape');
  const shape = elements(shapeNode).map(dim => numberOf(dim) ?? Number.NaN);
  const dtype = stringOf(property(node, 'dtype'));
  if (name === undefined || shapeNode?.type !== 'array' || dtype === undefined) {
    errors.push({ message: 'A weight of weightsManifest needs a name, a shape and a dtype.', range: rangeOf(node) });
    return undefined;
  }
  if (!shape.every(dim => Number.isSafeInteger(dim) && dim >= 0)) {
    errors.push({ message: `The shape of ${name} must consist of sizes.`, range: rangeOf(shapeNode) });
    return undefined;
  }
  const quantization = property(node, 'quantization');
  const group = stringOf(property(node, 'group'));
  return {
    name,
    shape,
    dtype,
    ...(quantization?.type === 'object' ? { quantization: readQuantization(quantization) } : {}),
    ...(group === undefined ? {} : { group }),
    range: rangeOf(nameNode ?? node),
    shapeRange: rangeOf(shapeNode),
  };
}

function readQuantization(node: Node): NonNullable<ManifestEntry['quantization']> {
  const [scale, min] = [numberOf(property(node, 'scale')), numberOf(property(node, 'min'))];
  return {
    dtype: stringOf(property(node, 'dtype')) ?? '',
    ...(scale === undefined ? {} : { scale }),
    ...(min === undefined ? {} : { min }),
  };
}
