/** Small questions about layers that several rules ask. */
import type { Layer, ModelGraph } from '../model/graph.ts';

/** Whether the layer's tensor of this role has a gradient; layers whose weights the reader did not list are trusted. */
export function isTrained(layer: Layer, role: string): boolean {
  const weight = layer.weights.find(candidate => candidate.role === role);
  return layer.trainable && (weight?.trainable ?? true);
}

const bijections = new Set(['flatten', 'reshape', 'permute', 'squeeze', 'unsqueeze', 'reverse']);

/** Whether the layer reads the model's input, through layers that only move entries about or put constants around them. */
export function readsModelInput(graph: ModelGraph, layer: Layer, throughPadding = false): boolean {
  let source = graph.layers[layer.inputs[0]?.layer ?? -1];
  while (source && keepsEveryEntry(source, throughPadding)) source = graph.layers[source.inputs[0]?.layer ?? -1];
  return source?.op.kind === 'input';
}

function keepsEveryEntry({ op, activation }: Layer, throughPadding: boolean): boolean {
  if (activation && activation.name !== 'linear') return false;
  if (op.kind === 'identity') return true;
  return op.kind === 'rearrange' && (bijections.has(op.how) || (throughPadding && op.how === 'pad'));
}
