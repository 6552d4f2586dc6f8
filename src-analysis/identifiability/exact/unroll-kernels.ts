/** Convolutions of every kind and dense layers, entry by entry. */
import type { ConvOp, ConvTransposeOp, DenseOp, Layer, SeparableConvOp } from '../../model/graph.ts';
import { indices, type Layout, layoutOf, sizeOfKnown, windowsOf } from './index-maps.ts';
import { entryLists } from './program.ts';
import { add, biasOf, inputOf, kernelOf, NotCovered, shapeOf, type Unrolling, unknownParameter } from './unrolling.ts';

export function convolution(u: Unrolling, layer: Layer, op: ConvOp): number {
  const { node, shape } = inputOf(u, layer);
  const [input, output] = [layoutOf(shape, op.dataFormat), layoutOf(shapeOf(layer, 0), op.dataFormat)];
  return convolve(u, layer, { node, input, output, op, groups: op.groups, role: 'kernel', bias: op.bias });
}

interface Convolution {
  readonly node: number;
  readonly input: Layout;
  readonly output: Layout;
  readonly op: Pick<ConvOp, 'kernelSize' | 'strides' | 'dilations' | 'padding'>;
  readonly groups: number | null;
  readonly role: string;
  readonly bias: boolean;
}

function convolve(u: Unrolling, layer: Layer, { node, input, output, op, groups, role, bias }: Convolution): number {
  const windows = windowsOf(input.spatial, op.kernelSize, op, output.spatial);
  if (!windows || !groups) throw unknownParameter(layer);
  const [ci, co] = [input.channels / groups, output.channels / groups];
  const taps = op.kernelSize.reduce<number>((product, k) => product * k!, 1);
  const size = output.channels * windows.seen.length;
  const lists: number[][] = new Array(size);
  const weights: number[][] = new Array(size);
  const biasOfEntry = new Int32Array(size);
  let at = 0;
  for (const position of indices(output.spatial)) {
    const seen = windows.seen[at++]!;
    for (let o = 0; o < output.channels; o++) {
      const first = Math.floor(o / co) * ci;
      const k = output.at(o, position);
      biasOfEntry[k] = o;
      lists[k] = [];
      weights[k] = [];
      for (let c = 0; c < ci; c++) {
        for (const { cell, tap } of seen) {
          lists[k]!.push(input.at(first + c, cell));
          weights[k]!.push((o * ci + c) * taps + tap);
        }
      }
    }
  }
  return add(u, {
    kind: 'weighted',
    size,
    input: node,
    lists: entryLists(lists),
    weights: Int32Array.from(weights.flat()),
    weight: kernelOf(u, layer, output.channels * ci * taps, role),
    bias: biasOf(u, layer, bias, output.channels, biasOfEntry),
  });
}

/** A convolution from the output to the input with the arrows turned round. */
export function transposedConvolution(u: Unrolling, layer: Layer, op: ConvTransposeOp): number {
  const { node, shape } = inputOf(u, layer);
  const outShape = shapeOf(layer, 0);
  const [input, output] = [layoutOf(shape, op.dataFormat), layoutOf(outShape, op.dataFormat)];
  const windows = windowsOf(output.spatial, op.kernelSize, op, input.spatial);
  if (!windows || !op.groups) throw unknownParameter(layer);
  const [ci, co] = [input.channels / op.groups, output.channels / op.groups];
  const taps = op.kernelSize.reduce<number>((product, k) => product * k!, 1);
  const size = sizeOfKnown(outShape);
  const lists: number[][] = Array.from({ length: size }, () => []);
  const weights: number[][] = Array.from({ length: size }, () => []);
  const biasOfEntry = new Int32Array(size);
  for (const position of indices(output.spatial)) {
    for (let o = 0; o < output.channels; o++) biasOfEntry[output.at(o, position)] = o;
  }
  let at = 0;
  for (const position of indices(input.spatial)) {
    const seen = windows.seen[at++]!;
    for (let c = 0; c < input.channels; c++) {
      const first = Math.floor(c / ci) * co;
      for (let o = 0; o < co; o++) {
        for (const { cell, tap } of seen) {
          const k = output.at(first + o, cell);
          lists[k]!.push(input.at(c, position));
          weights[k]!.push((c * co + o) * taps + tap);
        }
      }
    }
  }
  return add(u, {
    kind: 'weighted',
    size,
    input: node,
    lists: entryLists(lists),
    weights: Int32Array.from(weights.flat()),
    weight: kernelOf(u, layer, input.channels * co * taps),
    bias: biasOf(u, layer, op.bias, output.channels, biasOfEntry),
  });
}

export function separableConvolution(u: Unrolling, layer: Layer, op: SeparableConvOp): number {
  const { node, shape } = inputOf(u, layer);
  const input = layoutOf(shape, op.dataFormat);
  const output = layoutOf(shapeOf(layer, 0), op.dataFormat);
  if (!op.depthMultiplier) throw unknownParameter(layer);
  const channels = input.channels * op.depthMultiplier;
  const shapeBetween = op.dataFormat === 'channelsLast' ? [...output.spatial, channels] : [channels, ...output.spatial];
  const between = layoutOf(shapeBetween, op.dataFormat);
  const groups = input.channels;
  const depthwise = { node, input, output: between, op, groups, role: 'depthwiseKernel', bias: false };
  const ones = op.kernelSize.map(() => 1);
  return convolve(u, layer, {
    node: convolve(u, layer, depthwise),
    input: between,
    output,
    op: { kernelSize: ones, strides: ones, dilations: ones, padding: { mode: 'valid' } },
    groups: 1,
    role: 'pointwiseKernel',
    bias: op.bias,
  });
}

export function dense(u: Unrolling, layer: Layer, op: DenseOp): number {
  const { node, shape } = inputOf(u, layer);
  const features = shape[shape.length - 1];
  if (!features || !op.units || features !== op.inFeatures)
    throw new NotCovered(`the input of '${layer.name}' is not covered`, layer.id);
  const { units } = op;
  const rows = sizeOfKnown(shape) / features;
  if (sizeOfKnown(shapeOf(layer, 0)) !== rows * units)
    throw new NotCovered(`the output of '${layer.name}' is not covered`, layer.id);
  const { lists, weights } = rowsTimesMatrix(rows, features, units);
  const biasOfEntry = Int32Array.from({ length: rows * units }, (_, k) => k % units);
  return add(u, {
    kind: 'weighted',
    size: rows * units,
    input: node,
    lists,
    weights,
    weight: kernelOf(u, layer, units * features),
    bias: biasOf(u, layer, op.bias, units, biasOfEntry),
  });
}

/** `rows` vectors of `features` entries, each times one matrix of `units` columns, as a weighted node's lists and weights. */
export function rowsTimesMatrix(rows: number, features: number, units: number) {
  const lists = Array.from({ length: rows * units }, (_, k) =>
    Array.from({ length: features }, (_, i) => Math.floor(k / units) * features + i),
  );
  const weights = lists.flatMap((_, k) => Array.from({ length: features }, (_, i) => (k % units) * features + i));
  return { lists: entryLists(lists), weights: Int32Array.from(weights) };
}
