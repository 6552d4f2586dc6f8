import type { Edge, Gap, Layer, ModelGraph, Shape } from '../../model/graph.ts';
import { type CancellationToken, type ReadError, throwIfCancelled } from '../reader.ts';
import { describeLayer, type LayerDescription } from '../tfjs-layers/build.ts';
import { declaredInputShape } from '../tfjs-layers/input.ts';
import { orderCalls } from './order.ts';
import { bindWeights, type StoredWeights, weightsOfUnknownLayer } from './stored-weights.ts';
import type { LayerSpec, ModelSpec } from './topology.ts';

/** Shared models inside shared models multiply: more applications than this are not followed. */
const maximalLayers = 30_000;

/** A tensor of the graph under construction; null where its layer is missing or not followed. */
type Tensor = Edge | null;

interface Builder {
  readonly stored: StoredWeights;
  readonly errors: ReadError[];
  readonly gaps: Gap[];
  readonly cancel: CancellationToken;
  readonly layers: Layer[];
  /** Weight shapes of each layer at its first application, to compare the others with. */
  readonly weightShapes: Map<LayerSpec, string>;
}

/** Lays out a model as a graph: nested models are expanded with prefixed names, shared layers once a call. */
export function toGraph(
  spec: ModelSpec,
  stored: StoredWeights,
  errors: ReadError[],
  gaps: Gap[],
  cancel: CancellationToken,
): ModelGraph {
  const builder: Builder = { stored, errors, gaps, cancel, layers: [], weightShapes: new Map() };
  const outputs = expand(builder, spec, '', null);
  return {
    name: spec.name,
    format: 'tfjs-json',
    range: spec.range,
    fullRange: spec.fullRange,
    layers: builder.layers,
    inputs: inputsOf(spec, builder.layers),
    outputs: outputs.filter(tensor => tensor !== null),
    gaps,
  };
}

/** The input layers, in the order that the model gives its inputs. */
function inputsOf(spec: ModelSpec, layers: readonly Layer[]): readonly Edge[] {
  const rank = new Map(spec.inputs.map((input, i) => [input.layer, i]));
  return layers
    .filter(layer => layer.op.kind === 'input')
    .sort((a, b) => (rank.get(a.name) ?? rank.size) - (rank.get(b.name) ?? rank.size))
    .map(layer => ({ layer: layer.id, output: 0 }));
}

/** Applies a model to tensors, or to input layers of its own where `given` is null. Returns its outputs. */
function expand(b: Builder, spec: ModelSpec, prefix: string, given: readonly Tensor[] | null): readonly Tensor[] {
  return spec.sequential ? expandSequential(b, spec, prefix, given) : expandFunctional(b, spec, prefix, given);
}

function expandSequential(b: Builder, spec: ModelSpec, prefix: string, given: readonly Tensor[] | null) {
  const [first, ...others] = spec.layers;
  if (first === undefined) return given ?? [];
  const hasInput = first.className === 'InputLayer';
  let tensors: readonly Tensor[];
  if (given !== null) tensors = given;
  else if (hasInput) tensors = applyLayer(b, first, prefix, 0, []);
  else tensors = [implicitInput(b, first, prefix)];
  for (const layer of hasInput ? others : spec.layers) {
    if (tensors.length > 1) {
      b.errors.push({
        message: `${layer.name}: every layer of a Sequential model needs a single input.`,
        range: layer.range,
      });
    }
    tensors = applyLayer(b, layer, prefix, 0, tensors.slice(0, 1));
  }
  return tensors;
}

/** The input that TensorFlow.js puts before the first layer of a sequential model. */
function implicitInput(b: Builder, first: LayerSpec, prefix: string): Tensor {
  const shape = inputShapeOf(first);
  if (shape === undefined) {
    const message = `${first.name}: the first layer of a Sequential model needs a batch_input_shape.`;
    b.errors.push({ message, range: first.range });
  }
  return emit(b, {
    name: `${prefix}${first.name}_input`,
    type: 'InputLayer',
    op: { kind: 'input' },
    inputs: [],
    inputShapes: [],
    outputShapes: [shape ?? null],
    weights: [],
    trainable: false,
    range: first.range,
    fullRange: first.fullRange,
  });
}

function inputShapeOf(layer: LayerSpec): Shape | undefined {
  let current = layer;
  while (current.model) {
    const { sequential, layers, inputs } = current.model;
    const inner = sequential ? layers[0] : layers.find(candidate => candidate.name === inputs[0]?.layer);
    if (inner === undefined) return undefined;
    current = inner;
  }
  return declaredInputShape(current.className, current.config);
}

function expandFunctional(b: Builder, spec: ModelSpec, prefix: string, given: readonly Tensor[] | null) {
  const { calls, resolve } = orderCalls(spec, b.errors, b.gaps);
  const outputs = new Map<string, readonly Tensor[]>();
  const tensorOf = (reference: (typeof spec.outputs)[number]): Tensor => {
    const key = resolve(reference);
    const tensors = key === undefined ? undefined : outputs.get(key);
    const tensor = tensors?.[reference.output];
    if (tensors !== undefined && tensor === undefined) {
      b.errors.push({ message: `${reference.layer} has no output ${reference.output}.`, range: reference.range });
    }
    return tensor ?? null;
  };
  if (given !== null) {
    spec.inputs.forEach((input, i) => {
      const key = resolve(input);
      if (key !== undefined) outputs.set(key, [given[i] ?? null]);
    });
    if (given.length !== spec.inputs.length) {
      b.errors.push({
        message: `${spec.name} has ${spec.inputs.length} inputs, but gets ${given.length}.`,
        range: spec.range,
      });
    }
  }
  for (const { key, layer, call, references } of calls) {
    if (!outputs.has(key)) outputs.set(key, applyLayer(b, layer, prefix, call, references.map(tensorOf)));
  }
  return spec.outputs.map(tensorOf);
}

/** One application of a layer or nested model; its output tensors. */
function applyLayer(
  b: Builder,
  spec: LayerSpec,
  prefix: string,
  call: number,
  inputs: readonly Tensor[],
): readonly Tensor[] {
  throwIfCancelled(b.cancel);
  // Later applications of a shared layer need names of their own.
  const name = `${prefix}${spec.name}${call === 0 ? '' : ` (call ${call + 1})`}`;
  if (b.layers.length >= maximalLayers) {
    if (!b.gaps.some(gap => gap.reason.startsWith('This model applies'))) {
      b.gaps.push({
        reason: `This model applies more than ${maximalLayers} layers; the rest is not read.`,
        range: spec.range,
      });
    }
    return [null];
  }
  if (spec.model) return expand(b, spec.model, `${name}/`, inputs);
  const inputShapes = inputs.map(tensor => shapeOf(b, tensor));
  const description = describeLayer(spec.className, spec.config, inputShapes);
  for (const problem of description.problems) b.errors.push({ message: `${spec.name}: ${problem}`, range: spec.range });
  const edges = inputs.filter(tensor => tensor !== null);
  const isCut = edges.length < inputs.length;
  const tensor = emit(b, {
    name,
    type: spec.className,
    op: isCut ? { kind: 'unknown', reason: 'An input of this layer is missing.' } : description.op,
    inputs: edges,
    inputShapes: isCut ? edges.map(edge => shapeOf(b, edge)) : inputShapes,
    outputShapes: description.outputShapes,
    ...(description.activation ? { activation: description.activation } : {}),
    weights: weightsOf(b, spec, description),
    trainable: description.trainable,
    range: spec.range,
    fullRange: spec.fullRange,
  });
  return description.outputShapes.map((_, output) => ({ layer: tensor.layer, output }));
}

function weightsOf(b: Builder, spec: LayerSpec, description: LayerDescription): Layer['weights'] {
  const shapes = JSON.stringify(description.weights.map(weight => weight.shape));
  const before = b.weightShapes.get(spec);
  b.weightShapes.set(spec, before ?? shapes);
  if (before !== undefined && before !== shapes && !shapes.includes('null') && !before.includes('null')) {
    b.errors.push({ message: `${spec.name}: its applications need weights of different shapes.`, range: spec.range });
  }
  if (description.op.kind === 'unknown' && description.weights.length === 0) {
    return weightsOfUnknownLayer(b.stored, spec.name, description.trainable);
  }
  return bindWeights(b.stored, spec, description.weights, b.errors);
}

function shapeOf(b: Builder, tensor: Tensor): Shape {
  return tensor === null ? null : (b.layers[tensor.layer]?.outputShapes[tensor.output] ?? null);
}

function emit(b: Builder, layer: Omit<Layer, 'id'>): Edge {
  const id = b.layers.length;
  b.layers.push({ id, ...layer });
  return { layer: id, output: 0 };
}
