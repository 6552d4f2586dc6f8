/** Activations, arithmetic with constants and softmax, entry by entry. */
import { sizeOf } from '../../model/geometry.ts';
import type { Activation, Layer } from '../../model/graph.ts';
import { elementwiseKind, isOffset } from '../../solubility/elementwise.ts';
import { sizeOfKnown } from './index-maps.ts';
import { groupsAlong } from './labels.ts';
import { pointwiseKind, singleEntries } from './program.ts';
import { broadcastEntries } from './unroll-merge.ts';
import { add, inputOf, NotCovered, notCovered, parameter, shapeOf, type Unrolling } from './unrolling.ts';

/** The node behind an activation of a layer's output number `part`, before which `node` stands. */
export function activated(
  u: Unrolling,
  layer: Layer,
  part: number,
  node: number,
  activation: Activation | undefined,
): number {
  if (!activation) return node;
  const { name } = activation;
  const { size } = u.nodes[node]!;
  if (name === 'softmax' || name === 'logSoftmax') {
    const shape = shapeOf(layer, part);
    const axis = activation.axis ?? -1;
    const groups = groupsAlong(shape, axis < 0 ? axis + shape.length : axis);
    return add(u, { kind: 'softmax', size, input: node, groups, log: name === 'logSoftmax' });
  }
  if (name === 'prelu') return parametricRelu(u, layer, node);
  const kind = pointwiseKind(activation);
  if (kind === undefined) throw new NotCovered(`the activation ${name} of '${layer.name}' is not covered`, layer.id);
  return kind === 'linear' ? node : add(u, { kind: 'pointwise', size, input: node, activation: kind });
}

/** relu(x) + α·(x − relu(x)), α one for every entry or shared along axes. */
function parametricRelu(u: Unrolling, layer: Layer, node: number): number {
  const shape = shapeOf(layer, 0);
  const [weight] = layer.weights;
  const count = sizeOf(weight?.shape);
  if (!weight || count === null || weight.shape.length > shape.length) {
    throw new NotCovered(`the slopes of '${layer.name}' are not known`, layer.id);
  }
  const size = sizeOfKnown(shape);
  const whole = singleEntries(Int32Array.from({ length: size }, (_, i) => i));
  const positive = add(u, { kind: 'pointwise', size, input: node, activation: 'relu' });
  const source = (input: number, sign: number) => ({ input, sign, lists: whole });
  const negative = add(u, { kind: 'sum', size, sources: [source(node, 1), source(positive, -1)], offset: false });
  const sloped = add(u, {
    kind: 'weighted',
    size,
    input: negative,
    lists: whole,
    weights: broadcastEntries(shape, weight.shape as readonly number[]),
    weight: parameter(u, layer, weight.role, count, other => other === weight),
    bias: null,
  });
  return add(u, { kind: 'sum', size, sources: [source(positive, 1), source(sloped, 1)], offset: false });
}

export function elementwise(u: Unrolling, layer: Layer, name: string): number {
  const kind = elementwiseKind(name);
  if (kind === undefined || layer.inputs.length !== 1) throw notCovered(layer);
  const { node, shape } = inputOf(u, layer);
  if (kind === 'affine') return affine(u, layer, name);
  if (layer.weights.some(weight => weight.trainable)) throw notCovered(layer);
  return add(u, { kind: 'pointwise', size: sizeOfKnown(shape), input: node, activation: kind });
}

/** A scale or an offset by constants or learned weights; where their shape is not told, one for every entry. */
function affine(u: Unrolling, layer: Layer, name: string): number {
  const { node, shape } = inputOf(u, layer);
  const outShape = shapeOf(layer, 0);
  const size = sizeOfKnown(outShape);
  const lists = singleEntries(broadcastEntries(outShape, shape));
  const [weight, ...others] = layer.weights;
  const count = weight ? sizeOf(weight.shape) : 1;
  if (others.length > 0 || count === null || (weight && weight.shape.length > outShape.length)) throw notCovered(layer);
  const of = weight ? broadcastEntries(outShape, weight.shape as readonly number[]) : new Int32Array(size);
  const own = parameter(u, layer, weight?.role ?? 'constant', count, other => other === weight);
  const observed = own.observed && weight?.trainable === true;
  if (!isOffset(name)) {
    const scale = { ...own, observed };
    return add(u, { kind: 'weighted', size, input: node, lists, weights: of, weight: scale, bias: null });
  }
  const one = { key: `${layer.id}.one`, count: 1, observed: false };
  const bias = { of, parameter: { ...own, observed } };
  return add(u, { kind: 'weighted', size, input: node, lists, weights: new Int32Array(size), weight: one, bias });
}
