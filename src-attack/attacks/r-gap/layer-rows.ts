import type { KnownLayer } from './layer-system.ts';

/** A row of a layer's system: its entries that are not zero by construction. */
export interface SparseRow {
  /** Entries of the layer's input. */
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

interface Sizes {
  readonly filters: number;
  readonly inGroup: number;
  readonly kernel: readonly [number, number];
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

function sizesOf({ node }: KnownLayer): Sizes {
  const [x, w] = [node.inputs[0]!.shape, node.inputs[1]!.shape];
  return {
    filters: w[0]!,
    inGroup: w[1]!,
    kernel: [w[2]!, w[3]!],
    input: [x[2]!, x[3]!],
    output: [node.shape[2]!, node.shape[3]!],
  };
}

/** Row of W: how one output (an index into [1, M, h', w']) comes from the input. */
export function weightRow(layer: KnownLayer, output: number): SparseRow {
  const { filters, inGroup, kernel, output: out } = sizesOf(layer);
  const area = out[0] * out[1];
  const [filter, p] = [Math.floor(output / area), output % area];
  const firstChannel = Math.floor(filter / (filters / layer.geometry.groups)) * inGroup;
  return collect(add => {
    for (let tap = 0; tap < inGroup * kernel[0] * kernel[1]; tap++) {
      const [channel, i, j] = unravel(tap, kernel);
      const column = entryUnder(layer, firstChannel + channel, i, j, Math.floor(p / out[1]), p % out[1]);
      if (column >= 0) add(column, layer.kernel[filter * inGroup * kernel[0] * kernel[1] + tap]!);
    }
  });
}

/** Row of K: how the gradient of one kernel entry (an index into [M, C/g, kh, kw]) comes from the input. */
export function gradientRow(layer: KnownLayer, entry: number): SparseRow {
  const { filters, inGroup, kernel, output } = sizesOf(layer);
  const taps = inGroup * kernel[0] * kernel[1];
  const filter = Math.floor(entry / taps);
  const [channel, i, j] = unravel(entry % taps, kernel);
  const firstChannel = Math.floor(filter / (filters / layer.geometry.groups)) * inGroup;
  const area = output[0] * output[1];
  return collect(add => {
    for (let p = 0; p < area; p++) {
      const delta = layer.delta[filter * area + p]!;
      if (delta === 0) continue;
      const column = entryUnder(layer, firstChannel + channel, i, j, Math.floor(p / output[1]), p % output[1]);
      if (column >= 0) add(column, delta);
    }
  });
}

function collect(fill: (add: (column: number, value: number) => void) => void): SparseRow {
  const columns: number[] = [];
  const values: number[] = [];
  fill((column, value) => {
    columns.push(column);
    values.push(value);
  });
  return { columns: Int32Array.from(columns), values: Float64Array.from(values) };
}

/** Channel within the group, row and column of a tap. */
function unravel(tap: number, [rows, columns]: readonly [number, number]): readonly [number, number, number] {
  return [Math.floor(tap / (rows * columns)), Math.floor(tap / columns) % rows, tap % columns];
}

/** The input entry that a tap of the kernel sees from an output position, −1 in the padding. */
function entryUnder(layer: KnownLayer, channel: number, i: number, j: number, y: number, x: number): number {
  const { strides, dilations, padBefore } = layer.geometry;
  const [height, width] = sizesOf(layer).input;
  const row = y * strides[0] + i * dilations[0] - padBefore[0];
  const column = x * strides[1] + j * dilations[1] - padBefore[1];
  if (row < 0 || row >= height || column < 0 || column >= width) return -1;
  return (channel * height + row) * width + column;
}
