/** Takes the layers of a model into its flow network. */
import type { Activation, Layer } from '../../model/graph.ts';
import { type PointwiseKind, pointwiseKind } from '../exact/program.ts';
import { addNormalisation } from './normalisation.ts';
import { entriesOf } from './region.ts';
import { type FlowState, freeDimensions, inputOf, join, type Tensor, tensorOf } from './state.ts';
import { convolutionMaps, denseMaps, separableMaps, transposedMaps } from './weighted.ts';
import { addWeighted } from './weighted-layer.ts';

/** Takes in a layer all of whose consumers have been taken in; returns why not. */
export function addLayer(s: FlowState, layer: Layer): string | undefined {
  const keys = layer.outputShapes.map((_, part) => `${layer.id}.${part}`);
  for (const key of keys) s.open.delete(key);
  let free = Math.max(...keys.map(key => s.freeBehind.get(key) ?? 0));
  const output = tensorOf(s, keys.find(key => s.tensors.has(key)) ?? keys[0]!);
  const activation = layer.id === s.end.layer.id ? s.end.activation : layer.activation;
  if (activation) {
    const kind = pointwiseKind(activation);
    if (kind === undefined) return `the activation ${activation.name} is not covered`;
    if (kind === 'smooth') free += freeDimensions(s, output);
    notePattern(s, kind, output);
  }
  return addOperation(s, layer, activation, output, keys, free);
}

function notePattern(s: FlowState, kind: PointwiseKind | 'linear', output: Tensor): void {
  if (kind !== 'relu' && kind !== 'clipped') return;
  s.patterned = true;
  // All of a few units may be inactive, and then nothing comes back.
  if ((1 - s.options.activeShare) ** (output.dimensions / s.options.activeShare) > 1e-3) s.unproven = true;
  const percent = Math.round(100 * s.options.activeShare);
  s.assumptions.add(`ReLU leaves ${percent} % of its units active, in no particular pattern`);
}

function noteGreatest(s: FlowState): void {
  s.patterned = true;
  s.assumptions.add('which entry of a window is the greatest stays as it is');
}

function addOperation(
  s: FlowState,
  layer: Layer,
  activation: Activation | undefined,
  output: Tensor,
  keys: readonly string[],
  free: number,
): string | undefined {
  const { op } = layer;
  switch (op.kind) {
    case 'input':
    case 'constant':
      return undefined;
    case 'dropout':
      s.assumptions.add('dropout is off');
      return passOn(s, layer, keys, free);
    case 'identity':
      return passOn(s, layer, keys, free);
    case 'activation': {
      const kind = pointwiseKind(op.activation);
      if (kind === undefined) return `the activation ${op.activation.name} is not covered`;
      notePattern(s, kind, output);
      return passOn(s, layer, keys, free + (kind === 'smooth' ? freeDimensions(s, output) : 0));
    }
    case 'pool':
      if (op.pool === 'lp') return `${layer.type} is not covered`;
      if (op.pool === 'max') noteGreatest(s);
      if (op.pool === 'max' && op.global) s.unproven = true;
      return passOn(s, layer, keys, free);
    case 'merge':
      if (op.merge === 'dot' || op.merge === 'matmul' || op.merge === 'divide') return `${layer.type} is not covered`;
      if (op.merge === 'maximum' || op.merge === 'minimum') noteGreatest(s);
      return passOn(s, layer, keys, free + (op.merge === 'multiply' ? freeDimensions(s, output) : 0));
    case 'rearrange':
    case 'reduce':
      return passOn(s, layer, keys, free);
    case 'elementwise':
      return addElementwise(s, layer, op.name, output, keys, free);
    case 'norm':
      if (op.norm !== 'lrn') return addNormalisation(s, layer, output, free);
      // Every entry is divided by a function of its neighbours: one to one near a general point, and curved.
      s.unproven = true;
      return passOn(s, layer, keys, free + freeDimensions(s, output));
    case 'conv':
      return addWeighted(
        s,
        layer,
        activation,
        convolutionMaps(s.graph, layer, op, s.regions.get(keys[0]!)!, s.table),
        output,
        free,
        op.bias,
      );
    case 'separableConv':
      return addWeighted(
        s,
        layer,
        activation,
        separableMaps(s.graph, layer, op, s.regions.get(keys[0]!)!, s.table),
        output,
        free,
        op.bias,
      );
    case 'convTranspose':
      return addWeighted(
        s,
        layer,
        activation,
        transposedMaps(s.graph, layer, s.regions.get(keys[0]!)!),
        output,
        free,
        op.bias,
      );
    case 'dense': {
      if (op.units === null) return 'a hyper-parameter is not known';
      const units = layer.id === s.end.layer.id && s.end.softmax ? op.units - 1 : op.units;
      const positions = (entriesOf(s.regions.get(keys[0]!)!) / op.units) * s.options.batch;
      return addWeighted(s, layer, activation, denseMaps(op, units, positions, s.table), output, free, op.bias);
    }
    case 'unknown':
      return 'the layer is not understood';
    default:
      return `${layer.type} is not covered`;
  }
}

/** Arithmetic with constants. */
const affine = new Set([
  'add',
  'subtract',
  'reverseSubtract',
  'multiply',
  'divide',
  'rescaling',
  'cast',
  'affine',
  'imageScaler',
  'scale',
]);
const curved = new Set([
  'pow',
  'reverseDivide',
  'reciprocal',
  'sqrt',
  'exp',
  'log',
  'erf',
  'sin',
  'cos',
  'parametricSoftplus',
  'scaledTanh',
]);

function addElementwise(
  s: FlowState,
  layer: Layer,
  name: string,
  output: Tensor,
  keys: readonly string[],
  free: number,
): string | undefined {
  if (!affine.has(name) && !curved.has(name)) return `${layer.type} is not covered`;
  // The gradient of a learned scale or offset tells more, which is left out.
  if (layer.weights.some(weight => weight.trainable)) s.unproven = true;
  return passOn(s, layer, keys, free + (curved.has(name) ? freeDimensions(s, output) : 0));
}

/** Joins a layer without weights to its inputs. */
function passOn(s: FlowState, layer: Layer, keys: readonly string[], free: number): undefined {
  for (const edge of layer.inputs) {
    const input = inputOf(s, layer, `${edge.layer}.${edge.output}`, free);
    for (const key of keys) {
      const output = s.tensors.get(key);
      if (output) join(s, input, output);
    }
  }
  return undefined;
}
