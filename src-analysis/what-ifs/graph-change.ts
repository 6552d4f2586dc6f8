/** Changes of a model that no code makes (ONNX, model.json): of the graph itself, for nobody to edit. */
import type { Layer, ModelGraph, Op } from '../model/graph.ts';
import { refitGraph } from '../model/refit.ts';
import type { Change } from './change.ts';

/** The model with these changes; undefined where it is not known what becomes of the layers behind. */
export function changedGraph(graph: ModelGraph, changes: readonly Change[]): ModelGraph | undefined {
  const exchanged = new Map<number, Layer>();
  for (const change of changes) {
    const layer = exchanged.get(change.layer) ?? graph.layers[change.layer];
    // What one use of shared weights gets, the other gets too.
    if (
      !layer ||
      graph.layers.some(
        ({ id, sharedWith }) => sharedWith === layer.id || (id === layer.id && sharedWith !== undefined),
      )
    )
      return undefined;
    const changed = changedLayer(layer, change);
    if (!changed) return undefined;
    exchanged.set(change.layer, changed);
  }
  const result = refitGraph(graph, exchanged);
  return 'graph' in result ? result.graph : undefined;
}

function changedLayer(layer: Layer, { parameter, to }: Change): Layer | undefined {
  if (parameter === 'trainable') return { ...layer, trainable: to === true };
  if (parameter === 'activation') {
    const activation = { name: String(to) };
    return layer.op.kind === 'activation'
      ? { ...layer, op: { kind: 'activation', activation } }
      : { ...layer, activation };
  }
  const op = changedOp(layer.op, parameter, to);
  return op && { ...layer, op };
}

function changedOp(op: Op, parameter: Change['parameter'], to: Change['to']): Op | undefined {
  if (parameter === 'padding') {
    if ((to !== 'same' && to !== 'valid') || (op.kind !== 'conv' && op.kind !== 'pool')) return undefined;
    return { ...op, padding: { mode: to } };
  }
  if (typeof to !== 'object') return undefined;
  const [first = null] = to;
  if (op.kind === 'dense') return parameter === 'units' ? { ...op, units: first } : undefined;
  if (op.kind === 'pool') return parameter === 'poolSize' ? { ...op, window: to } : undefined;
  // Groups tie the filters to the channels.
  if (op.kind !== 'conv' || (parameter === 'filters' && op.groups !== 1)) return undefined;
  if (parameter === 'filters') return { ...op, filters: first };
  return parameter === 'strides' || parameter === 'kernelSize' ? { ...op, [parameter]: to } : undefined;
}
