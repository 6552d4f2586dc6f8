/** Takes the layers of a model into its flow network. */
import { sizeOf } from '../../model/geometry.ts';
import type { Activation, Layer, MergeOp } from '../../model/graph.ts';
import { elementwiseKind } from '../../solubility/elementwise.ts';
import { type PointwiseKind, pointwiseKind } from '../exact/program.ts';
import { addNormalisation } from './normalisation.ts';
import { entriesOf } from './region.ts';
import { addAttention, addParametricRelu, addRecurrent, addTokens, beforeSoftmax, isSoftmax } from './sequences.ts';
import { type FlowState, freeDimensions, inputOf, join, type Tensor, tensorOf } from './state.ts';
import { denseMaps, windowMaps } from './weighted.ts';
import { addWeighted } from './weighted-layer.ts';

/** Takes in a layer all of whose consumers have been taken in; returns why not. */
export function addLayer(s: FlowState, layer: Layer): string | undefined {
  const keys = layer.outputShapes.map((_, part) => `${layer.id}.${part}`);
  for (const key of keys) s.open.delete(key);
  const free = Math.max(...keys.map(key => s.freeBehind.get(key) ?? 0));
  const key = keys.find(key => s.tensors.has(key)) ?? keys[0]!;
  const output = tensorOf(s, key);
  const activation = layer.id === s.end.layer.id ? s.end.activation : layer.activation;
  const behind = activation ? behindActivation(s, layer, activation, output, free) : { output, free };
  if (typeof behind === 'string') return behind;
  return addOperation(s, layer, activation, behind.output, keys, behind.free);
}

/** What is behind a layer's fused activation; else why it is not known. */
function behindActivation(
  s: FlowState,
  layer: Layer,
  activation: Activation,
  output: Tensor,
  free: number,
): { readonly output: Tensor; readonly free: number } | string {
  if (isSoftmax(activation)) {
    const before = beforeSoftmax(s, layer, activation, output);
    return { output: before, free: free + freeDimensions(s, before) };
  }
  const kind = pointwiseKind(activation);
  if (kind === undefined) return `the activation ${activation.name} is not covered`;
  notePattern(s, kind, output);
  return { output, free: free + (kind === 'smooth' ? freeDimensions(s, output) : 0) };
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
      if (op.activation.name === 'prelu') return addParametricRelu(s, layer, output, free);
      const behind = behindActivation(s, layer, op.activation, output, free);
      if (typeof behind === 'string') return behind;
      return behind.output === output
        ? passOn(s, layer, keys, behind.free)
        : passTo(s, layer, [behind.output], behind.free);
    }
    case 'embedding':
      return addTokens(s, layer, output, free);
    case 'recurrent':
      return addRecurrent(s, layer, op, output, free);
    case 'attention':
      return addAttention(s, layer, op, output, free);
    case 'pool':
      if (op.pool === 'lp') return `${layer.type} is not covered`;
      if (op.pool === 'max') noteGreatest(s);
      if (op.pool === 'max' && op.global) s.unproven = true;
      return passOn(s, layer, keys, free);
    case 'merge':
      if (op.merge === 'maximum' || op.merge === 'minimum') noteGreatest(s);
      // Branches that look at one tensor repeat each other's relations.
      if (isProduct(op.merge)) s.unproven = true;
      return passOn(s, layer, keys, free + (isProduct(op.merge) ? freeFactors(s, layer, output) : 0));
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
    case 'separableConv':
    case 'convTranspose':
      return addWeighted(
        s,
        layer,
        activation,
        windowMaps(s.graph, layer, op, s.regions.get(keys[0]!)!, s.table),
        output,
        free,
        op.bias,
      );
    case 'dense': {
      if (op.units === null) return 'a hyper-parameter is not known';
      const positions = (entriesOf(s.regions.get(keys[0]!)!) / op.units) * s.options.batch;
      const maps = denseMaps(op, op.units - unitsLost(s, layer), positions, s.table);
      return addWeighted(s, layer, activation, maps, output, free, op.bias);
    }
    case 'unknown':
      return 'the layer is not understood';
    default:
      return `${layer.type} is not covered`;
  }
}

/** Behind a softmax over the units, the loss's or another, the gradients of all units add up to nothing. */
function unitsLost(s: FlowState, layer: Layer): 0 | 1 {
  if (layer.id === s.end.layer.id) return s.end.softmax ? 1 : 0;
  const last = (layer.outputShapes[0]?.length ?? 0) - 1;
  const isOverUnits = (activation: Activation | undefined) =>
    activation !== undefined && isSoftmax(activation) && [-1, last].includes(activation.axis ?? -1);
  if (layer.activation) return isOverUnits(layer.activation) ? 1 : 0;
  const [only, ...others] = s.consumers.get(layer.id) ?? [];
  const next = only === undefined || others.length > 0 ? undefined : s.graph.layers[only];
  return next?.op.kind === 'activation' && isOverUnits(next.op.activation) ? 1 : 0;
}

function isProduct(merge: MergeOp['merge']): boolean {
  return merge === 'multiply' || merge === 'divide' || merge === 'matmul' || merge === 'dot';
}

/** Dimensions of a product's factors that may move: each factor's gradient moves with the others, even where the product is known. */
function freeFactors(s: FlowState, layer: Layer, output: Tensor): number {
  const entries = layer.inputShapes.reduce((sum, shape) => sum + (sizeOf(shape) ?? 0), 0) * s.options.batch;
  return Math.max(0, entries - output.dimensions) + freeDimensions(s, output);
}

function addElementwise(
  s: FlowState,
  layer: Layer,
  name: string,
  output: Tensor,
  keys: readonly string[],
  free: number,
): string | undefined {
  // Attention whose queries, keys and values are computed in front of it.
  const isAttention = name === 'attention';
  const kind = isAttention ? 'smooth' : elementwiseKind(name);
  if (kind === undefined) return `${layer.type} is not covered`;
  // The gradient of a learned scale or offset tells more, which is left out.
  if (isAttention || layer.weights.some(weight => weight.trainable)) s.unproven = true;
  return passOn(s, layer, keys, free + (kind === 'affine' ? 0 : freeDimensions(s, output)));
}

/** Joins a layer without weights to its inputs. */
function passOn(s: FlowState, layer: Layer, keys: readonly string[], free: number): undefined {
  return passTo(
    s,
    layer,
    keys.flatMap(key => s.tensors.get(key) ?? []),
    free,
  );
}

function passTo(s: FlowState, layer: Layer, outputs: readonly Tensor[], free: number): undefined {
  for (const edge of layer.inputs) {
    const input = inputOf(s, layer, `${edge.layer}.${edge.output}`, free);
    for (const output of outputs) join(s, input, output);
  }
  return undefined;
}
