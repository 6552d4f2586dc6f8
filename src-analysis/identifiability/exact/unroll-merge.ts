/** Layers that join several tensors, entry by entry. */
import type { Layer, MergeOp } from '../../model/graph.ts';
import { entryMap, indices, sizeOfKnown, stridesOf } from './index-maps.ts';
import { singleEntries } from './program.ts';
import { add, inputOf, NotCovered, notCovered, type Operand, shapeOf, type Unrolling } from './unrolling.ts';

export function merge(u: Unrolling, layer: Layer, op: MergeOp): number {
  const inputs = layer.inputs.map((_, i) => inputOf(u, layer, i));
  const outShape = shapeOf(layer, 0);
  const size = sizeOfKnown(outShape);
  switch (op.merge) {
    case 'add':
    case 'average':
    case 'subtract': {
      const sources = inputs.map(({ node, shape }, i) => ({
        input: node,
        sign: op.merge === 'subtract' && i > 0 ? -1 : 1,
        lists: singleEntries(broadcastEntries(outShape, shape)),
      }));
      return add(u, { kind: 'sum', size, sources, offset: false });
    }
    case 'maximum':
    case 'minimum':
      return add(u, {
        kind: 'select',
        size,
        sources: inputs.map(({ node, shape }) => ({
          input: node,
          lists: singleEntries(broadcastEntries(outShape, shape)),
        })),
      });
    case 'multiply':
      return inputs.reduce((a, b) => ({ node: product(u, a, b, outShape), shape: outShape })).node;
    case 'divide':
      return inputs.reduce((a, b) => {
        const inverted = add(u, {
          kind: 'pointwise',
          size: sizeOfKnown(b.shape),
          input: b.node,
          activation: 'reciprocal',
        });
        return { node: product(u, a, { ...b, node: inverted }, outShape), shape: outShape };
      }).node;
    case 'concat':
      return concatenation(u, layer, op, inputs, outShape);
    case 'matmul':
    case 'dot': {
      const pairs = op.merge === 'matmul' ? matrixProduct(inputs, outShape) : dotProduct(op, inputs);
      if (typeof pairs === 'string') throw new NotCovered(`${pairs} ('${layer.name}')`, layer.id);
      return bilinear(u, inputs[0]!.node, inputs[1]!.node, pairs);
    }
  }
}

/** For every output entry the entry of an input that is broadcast from the last axis on. */
export function broadcastEntries(output: readonly number[], input: readonly number[]): Int32Array {
  return entryMap(output, input, index =>
    input.map((dim, axis) => (dim === 1 ? 0 : index[axis + output.length - input.length]!)),
  );
}

function product(u: Unrolling, a: Operand, b: Operand, outShape: readonly number[]): number {
  const [ofA, ofB] = [a, b].map(({ shape }) => broadcastEntries(outShape, shape));
  const pairs = Array.from(ofA!, (entry, k): Pair[] => [[entry, ofB![k]!]]);
  return bilinear(u, a.node, b.node, pairs);
}

/** Entry of the first and entry of the second factor. */
export type Pair = readonly [number, number];

/** out_k = Σ a[i]·b[j] over the pairs (i, j) of k. */
export function bilinear(u: Unrolling, a: number, b: number, pairs: readonly (readonly Pair[])[]): number {
  const starts = new Int32Array(pairs.length + 1);
  for (const [k, list] of pairs.entries()) starts[k + 1] = starts[k]! + list.length;
  const of = (factor: 0 | 1) => Int32Array.from(pairs.flatMap(list => list.map(pair => pair[factor])));
  return add(u, { kind: 'product', size: pairs.length, inputs: [a, b], starts, of: [of(0), of(1)] });
}

/** Products of matrices along the last two axes, the axes before broadcast (numpy's matmul); else why not. */
function matrixProduct(inputs: readonly Operand[], out: readonly number[]): Pair[][] | string {
  const [a, b] = inputs.map(({ shape }) => shape);
  const problem = 'the shapes of its factors do not fit';
  if (inputs.length !== 2 || !a || !b || a.length < 2 || b.length < 2 || out.length < 2) return problem;
  const inner = a.at(-1)!;
  if (b.at(-2) !== inner || a.at(-2) !== out.at(-2) || b.at(-1) !== out.at(-1)) return problem;
  const [stridesA, stridesB] = [stridesOf(a), stridesOf(b)];
  const pairs: Pair[][] = [];
  for (const index of indices(out)) {
    const lead = (shape: readonly number[], strides: readonly number[]) =>
      shape.slice(0, -2).reduce((sum, dim, axis) => {
        const at = dim === 1 ? 0 : index[axis + out.length - shape.length]!;
        return sum + at * strides[axis]!;
      }, 0);
    const fromA = lead(a, stridesA) + index.at(-2)! * stridesA.at(-2)!;
    const fromB = lead(b, stridesB) + index.at(-1)!;
    pairs.push(Array.from({ length: inner }, (_, i): Pair => [fromA + i, fromB + i * stridesB.at(-2)!]));
  }
  return pairs;
}

/** A sum over one axis of either factor; else why not. */
function dotProduct({ axes }: MergeOp, inputs: readonly Operand[]): Pair[][] | string {
  const [a, b] = inputs.map(({ shape }) => shape);
  if (!axes) return 'over which axes it sums is not known';
  const [i, j] = axes;
  if (inputs.length !== 2 || !a || !b || a[i] === undefined || a[i] !== b[j])
    return 'the shapes of its factors do not fit';
  const [stridesA, stridesB] = [stridesOf(a), stridesOf(b)];
  const pairs: Pair[][] = [];
  for (const indexA of indices(a.with(i, 1))) {
    for (const indexB of indices(b.with(j, 1))) {
      const at = (index: readonly number[], strides: readonly number[]) =>
        index.reduce((sum, x, axis) => sum + x * strides[axis]!, 0);
      const [fromA, fromB] = [at(indexA, stridesA), at(indexB, stridesB)];
      pairs.push(Array.from({ length: a[i]! }, (_, k): Pair => [fromA + k * stridesA[i]!, fromB + k * stridesB[j]!]));
    }
  }
  return pairs;
}

function concatenation(
  u: Unrolling,
  layer: Layer,
  op: MergeOp,
  inputs: readonly Operand[],
  outShape: readonly number[],
): number {
  if (op.axis === null || op.axis === undefined) throw notCovered(layer);
  const axis = op.axis < 0 ? op.axis + outShape.length : op.axis;
  let offset = 0;
  const sources = inputs.map(({ node, shape }) => {
    const from = offset;
    offset += shape[axis]!;
    const entries = entryMap(outShape, shape, index => {
      const i = index[axis]! - from;
      return i >= 0 && i < shape[axis]! ? index.with(axis, i) : null;
    });
    return { input: node, sign: 1, lists: singleEntries(entries) };
  });
  return add(u, { kind: 'sum', size: sizeOfKnown(outShape), sources, offset: false });
}
