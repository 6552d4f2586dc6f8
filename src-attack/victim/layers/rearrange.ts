import type { Layer, RearrangeOp } from '../../../src-analysis/model/graph.ts';
import { concat, expand, pad, reshape, slice, sliceAxis, transpose } from '../../ir/arrange.ts';
import type { Node } from '../../ir/graph.ts';
import { axisOf, inOwnLayout, known, NotSupported, own, perAxis, targetShape, type Value } from '../value.ts';
import type { LayerContext } from './context.ts';

/** Layers that only move or select entries: one value for each output. */
export function buildRearrange({ layer, inputs }: LayerContext, op: RearrangeOp): Value[] {
  const value = inputs[0]!;
  const batch = value.node.shape[0]!;
  switch (op.how) {
    case 'flatten':
      return [inOwnLayout(reshape(permuted(own(value), op.permutation), flatShape(layer, batch)))];
    case 'reshape':
    case 'squeeze':
    case 'unsqueeze':
      return [inOwnLayout(reshape(own(value), targetShape(layer, batch)))];
    case 'expand':
      return [inOwnLayout(expand(own(value), targetShape(layer, batch)))];
    case 'permute':
      if (!op.permutation) throw new NotSupported('Its permutation is not known.');
      return [inOwnLayout(permuted(own(value), op.permutation))];
    case 'repeat':
      return [inOwnLayout(repeated(own(value), targetShape(layer, batch)))];
    case 'pad':
      return [{ ...value, node: padded(value, op) }];
    case 'crop':
      return [{ ...value, node: cropped(value, op) }];
    case 'slice':
      return [{ ...value, node: stepped(layer, value, op) }];
    case 'split':
      return parts(layer, value, op);
    case 'upsample':
      return [{ ...value, node: upsampled(layer, value) }];
    case 'gather':
      return [inOwnLayout(reshape(gathered(own(value), op), targetShape(layer, batch)))];
    case 'depthToSpace':
    case 'spaceToDepth':
    case 'reverse':
      throw new NotSupported(`The rearrangement "${op.how}" is not covered by the attack engine.`);
  }
}

function flatShape(layer: Layer, batch: number): number[] {
  const shape = layer.outputShapes[0];
  return shape && shape.length > 1 ? targetShape(layer, batch) : [batch, -1];
}

function permuted(node: Node, permutation: readonly number[] | undefined): Node {
  return permutation ? transpose(node, [0, ...permutation.map(axis => axis + 1)]) : node;
}

/** RepeatVector: [B, F] → [B, n, F]. */
function repeated(node: Node, target: readonly number[]): Node {
  if (node.shape.length !== 2 || target.length !== 3)
    throw new NotSupported('It repeats something other than a vector.');
  return expand(reshape(node, [node.shape[0]!, 1, node.shape[1]!]), target);
}

function padded(value: Value, op: RearrangeOp): Node {
  if (op.padMode && op.padMode !== 'constant') {
    throw new NotSupported(`Padding by "${op.padMode}" is not covered by the attack engine.`);
  }
  if (op.padValue === null) throw new NotSupported('The number that it pads with is not known.');
  const [before, after] = edges(value, op);
  return pad(value.node, before, after, op.padValue ?? 0);
}

function cropped(value: Value, op: RearrangeOp): Node {
  const [before, after] = edges(value, op);
  return slice(
    value.node,
    before,
    value.node.shape.map((dim, axis) => dim - after[axis]!),
  );
}

function edges(value: Value, op: RearrangeOp): [number[], number[]] {
  return [
    perAxis(value, known(op.before ?? [null], 'amount'), 0),
    perAxis(value, known(op.after ?? [null], 'amount'), 0),
  ];
}

function stepped(layer: Layer, value: Value, op: RearrangeOp): Node {
  const starts = perAxis(value, known(op.before ?? [null], 'start'), 0);
  const steps = perAxis(value, known(op.steps ?? [null], 'step'), 1);
  if (steps.some(step => step < 1)) throw new NotSupported('Steps backwards are not covered by the attack engine.');
  const counts = perAxis(value, targetShape(layer, 0).slice(1), value.node.shape[0]!);
  return slice(
    value.node,
    starts,
    starts.map((start, axis) => start + (counts[axis]! - 1) * steps[axis]! + 1),
    steps,
  );
}

function parts(layer: Layer, value: Value, op: RearrangeOp): Value[] {
  if (op.axis === undefined) throw new NotSupported('The axis that it splits is not known.');
  const { axis: own } = op;
  const axis = axisOf(value, own);
  let start = 0;
  return layer.outputShapes.map((_, output) => {
    const length = targetShape(layer, 0, output).at(own < 0 ? own : own + 1)!;
    start += length;
    return { ...value, node: sliceAxis(value.node, axis, start - length, start) };
  });
}

/** The positions that are taken, run by run of neighbours. */
function gathered(node: Node, { axis: own, positions }: RearrangeOp): Node {
  if (!positions || own === undefined) throw new NotSupported('Which entries it takes is not known.');
  const axis = own < 0 ? own + node.shape.length : own + 1;
  const runs: [start: number, end: number][] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last?.[1] === position) last[1]++;
    else runs.push([position, position + 1]);
  }
  if (runs.length < 1) throw new NotSupported('It takes nothing.');
  if (runs.length > mostRuns) throw new NotSupported('It takes entries from too many places for the attack engine.');
  return concat(
    runs.map(([start, end]) => sliceAxis(node, axis, start, end)),
    axis,
  );
}

/** A node of the engine's graph for each. */
const mostRuns = 256;

/** Repeats every entry a whole number of times along each axis. */
function upsampled(layer: Layer, value: Value): Node {
  const target = perAxis(value, targetShape(layer, 0).slice(1), value.node.shape[0]!);
  const factors = target.map((dim, axis) => dim / value.node.shape[axis]!);
  if (factors.some(factor => !Number.isInteger(factor)))
    throw new NotSupported('It does not enlarge by whole numbers.');
  const shape = value.node.shape;
  const apart = reshape(
    value.node,
    shape.flatMap(dim => [dim, 1]),
  );
  return reshape(
    expand(
      apart,
      shape.flatMap((dim, axis) => [dim, factors[axis]!]),
    ),
    target,
  );
}
