import type { DataFormat, Dim, Layer } from '../../src-analysis/model/graph.ts';
import { transpose } from '../ir/arrange.ts';
import type { Node } from '../ir/graph.ts';

/**
 * A tensor between two layers. Feature maps of channels-last models are kept channels-first from one convolution to the
 * next (`swapped`), and are turned back only for a layer that depends on the order of entries.
 */
export interface Value {
  /** With the batch axis. */
  readonly node: Node;
  /** The node is [B, C, …space]; in the model it is [B, …space, C]. */
  readonly swapped: boolean;
}

/** Why a layer cannot be run, and what to do, in one or two sentences. */
export class NotSupported extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotSupported';
  }
}

/** A node in the model's own layout. */
export function inOwnLayout(node: Node): Value {
  return { node, swapped: false };
}

/** The tensor in the model's own layout. */
export function own(value: Value): Node {
  if (!value.swapped) return value.node;
  const axes = value.node.shape.map((_, axis) => axis);
  return transpose(value.node, [0, ...axes.slice(2), 1]);
}

/** A feature map as [B, C, …space], given the format in which the layer reads it. */
export function channelsFirst(value: Value, format: DataFormat): Node {
  if (format === 'channelsFirst') return own(value);
  if (value.swapped) return value.node;
  const axes = value.node.shape.map((_, axis) => axis);
  return transpose(value.node, [0, axes.length - 1, ...axes.slice(1, -1)]);
}

/** What a layer of this format made as [B, C, …space]. */
export function featureMap(node: Node, format: DataFormat): Value {
  return { node, swapped: format === 'channelsLast' };
}

/** Axis of `value.node` for an axis of the model's layout counted without the batch axis; negative ones from the end. */
export function axisOf(value: Value, axis: number): number {
  const rank = value.node.shape.length;
  const positive = axis < 0 ? axis + rank : axis + 1;
  if (!(positive >= 1 && positive < rank)) throw new NotSupported(`It has no axis ${axis} to work on.`);
  if (!value.swapped) return positive;
  return positive === rank - 1 ? 1 : positive + 1;
}

/** One number for every axis of `value.node`, from one for every axis of the model's layout without the batch axis. */
export function perAxis(value: Value, given: readonly number[], batch: number): number[] {
  const result = value.node.shape.map(() => batch);
  given.forEach((amount, axis) => {
    result[axisOf(value, axis)] = amount;
  });
  return result;
}

/** The values in one common layout: channels-first if all of them are, otherwise the model's own. */
export function inOneLayout(values: readonly Value[]): { readonly nodes: readonly Node[]; readonly swapped: boolean } {
  const rank = values[0]?.node.shape.length;
  const swapped = values.every(value => value.swapped && value.node.shape.length === rank);
  return { nodes: values.map(value => (swapped ? value.node : own(value))), swapped };
}

/** Dimensions that all have to be known. */
export function known(dims: readonly Dim[], what: string): number[] {
  return dims.map(dim => {
    if (dim === null) throw new NotSupported(`Its ${what} is not known.`);
    return dim;
  });
}

/** The reader's output shape with the batch, all of which has to be known. */
export function targetShape(layer: Layer, batch: number, output = 0): number[] {
  const shape = layer.outputShapes[output];
  if (!shape) throw new NotSupported('The shape of its output is not known.');
  return [batch, ...known(shape, 'output shape')];
}
