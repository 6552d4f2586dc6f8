import { tensorValue } from './constants.ts';
import { MAX_RANK } from './context.ts';
import { inputShape } from './convention.ts';
import { MAX_DIM, type Shape } from './dimension.ts';
import type { OnnxTensor, ValueInfo } from './model.ts';
import { addLayer, type GraphState, noteError, noteGap, uniqueName } from './state.ts';
import { sampleShape } from './value.ts';

/** An initializer as a constant value. */
export function addInitializer(state: GraphState, tensor: OnnxTensor): void {
  const { name, dims } = tensor;
  if (state.values.has(name)) return;
  const value = tensorValue(tensor, state.prefix + name, true, sentence => noteError(state, sentence));
  const possible = dims.length <= MAX_RANK && dims.every(dim => dim >= 0 && dim <= MAX_DIM);
  if (!possible) {
    noteError(
      state,
      `Tensor '${name}' has impossible dimensions [${dims.slice(0, 8).join(', ')}]. Export the model again.`,
    );
  }
  state.values.set(name, possible ? value : { ...value, shape: null, origin: null });
}

/** A graph input with an initializer is a weight that may be overridden; only the others are inputs of the model. */
export function addInput(state: GraphState, { name, shape }: ValueInfo): void {
  if (state.values.has(name)) return;
  const dims = shape?.slice(0, MAX_RANK) ?? null;
  const bad = dims?.find(dim => typeof dim === 'number' && (dim > MAX_DIM || !Number.isInteger(dim)));
  if (bad !== undefined || (shape && shape.length > MAX_RANK)) {
    noteError(
      state,
      `Input '${name}' has the impossible shape [${dims?.slice(0, 8).join(', ')}]. Export the model again.`,
    );
  }
  const full = dims === null ? { shape: null, batch: 'lost' as const } : inputShape(dims, state.convention);
  noteOpenLengths(state, name, sampleShape(full.shape, full.batch, state.convention.batch));
  const layer = addLayer(state, {
    name: uniqueName(state, name),
    type: 'Input',
    op: { kind: 'input' },
    inputs: [],
    inputShapes: [],
    outputShapes: [sampleShape(full.shape, full.batch, state.convention.batch)],
    weights: [],
  });
  state.values.set(name, { kind: 'activation', edge: { layer: layer.id, output: 0 }, ...full });
}

/** Most of what is said of a model is unknown then, which its user can change. */
function noteOpenLengths(state: GraphState, name: string, sample: Shape): void {
  const open = sample?.filter(dim => typeof dim !== 'number');
  if (open?.length === 0) return;
  const names = [...new Set(open?.filter(dim => dim !== null))];
  const which = open
    ? `lengths of input '${name}' open${names.length > 0 ? ` (${names.join(', ')})` : ''}`
    : `the shape of input '${name}' open`;
  noteGap(state, `The file leaves ${which}: what depends on them is unknown. Export the model with fixed lengths.`);
}

/** Stands for a value that nothing makes, so that its users keep an edge. The error itself is noted with the order. */
export function addMissingValue(state: GraphState, name: string): void {
  const layer = addLayer(state, {
    name: uniqueName(state, name),
    type: 'Missing',
    op: { kind: 'unknown', reason: 'Nothing in the graph makes this value.' },
    inputs: [],
    inputShapes: [],
    outputShapes: [null],
    weights: [],
  });
  state.values.set(name, { kind: 'activation', edge: { layer: layer.id, output: 0 }, shape: null, batch: 'lost' });
}
