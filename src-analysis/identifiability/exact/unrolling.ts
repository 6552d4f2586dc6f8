/** State of a model while it is unrolled into single entries, and what every kind of layer needs of it. */
import { sizeOf } from '../../model/geometry.ts';
import type { Layer, ModelGraph, WeightRef } from '../../model/graph.ts';
import type { Parameter, ProgramNode } from './program.ts';

/** Nodes so far, and where each layer's outputs are. */
export interface Unrolling {
  readonly graph: ModelGraph;
  /** Ids of layers whose gradients the observer does not get. */
  readonly withheld: ReadonlySet<number>;
  readonly nodes: ProgramNode[];
  /** Node of every output, by `layer.output`. */
  readonly outputs: Map<string, number>;
}

/** Ends an unrolling: says why there is no program, in a clause, and the layer in the way. */
export class NotCovered extends Error {
  readonly layer: number | undefined;
  constructor(reason: string, layer?: number) {
    super(reason);
    this.layer = layer;
  }
}

export function notCovered(layer: Layer): NotCovered {
  return new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
}

export function unknownParameter(layer: Layer): NotCovered {
  return new NotCovered(`a hyper-parameter of '${layer.name}' is not known`, layer.id);
}

/** Adds a node and returns its number. */
export function add(u: Unrolling, node: ProgramNode): number {
  return u.nodes.push(node) - 1;
}

export function shapeOf(layer: Layer, part: number): readonly number[] {
  const shape = layer.outputShapes[part];
  if (!shape || sizeOf(shape) === null || sizeOf(shape)! < 1)
    throw new NotCovered(`the shape of '${layer.name}' is not known`, layer.id);
  return shape as readonly number[];
}

/** The tensor that a layer reads, and its shape. */
export interface Operand {
  readonly node: number;
  readonly shape: readonly number[];
}

export function inputOf(u: Unrolling, layer: Layer, index = 0): Operand {
  const edge = layer.inputs[index];
  const source = edge && u.graph.layers[edge.layer];
  const node = edge && u.outputs.get(`${edge.layer}.${edge.output}`);
  if (!source || node === undefined) throw new NotCovered(`'${layer.name}' has no input ${index}`, layer.id);
  return { node, shape: shapeOf(source, edge.output) };
}

export function parameter(
  u: Unrolling,
  layer: Layer,
  role: string,
  count: number,
  matches: (weight: WeightRef) => boolean,
): Parameter {
  const weight = layer.weights.find(matches);
  return {
    key: `${layer.sharedWith ?? layer.id}.${role}`,
    count,
    observed: layer.trainable && weight?.trainable !== false && !u.withheld.has(layer.id),
  };
}

export function kernelOf(u: Unrolling, layer: Layer, count: number, role = 'kernel'): Parameter {
  const kernels = layer.weights.filter(weight => weight.role !== 'bias');
  const named = kernels.find(weight => weight.role === role) ?? kernels[0];
  return parameter(u, layer, role, count, weight => weight === named);
}

export function biasOf(u: Unrolling, layer: Layer, has: boolean, count: number, of: Int32Array) {
  return has ? { of, parameter: parameter(u, layer, 'bias', count, weight => weight.role === 'bias') } : null;
}
