import type { Activation, Op, WeightRef } from '../../model/graph.ts';
import { allNumbers, checkedDim, type Dim, plainDim, plainShape, type Shape } from './dimension.ts';
import { isFloatType, type OnnxNode } from './model.ts';
import type { Batch, BatchSize, ConstantValue, Elements, Value } from './value.ts';

/** What an operator's rule is given: one node with its inputs resolved. */
export interface NodeContext {
  readonly node: OnnxNode;
  /** Version of the operator set the node belongs to. */
  readonly opset: number;
  /** Null where an optional input is left out. */
  readonly inputs: readonly (Value | null)[];
  readonly batch: BatchSize;
  /** Notes what could not be followed although the layer itself is understood. */
  readonly gap: (reason: string) => void;
  /** The same about the model as a whole, noted once however many layers say so. */
  readonly modelGap: (reason: string) => void;
  /** Notes that an image operator got its batch elsewhere than first: the graph's inputs may have no batch axis. */
  readonly batchMisplaced: () => void;
}

export interface OutputValue {
  readonly shape: Shape;
  readonly batch: Batch;
}

/** What an operator's rule says about a node. */
export interface Outcome {
  readonly op: Op;
  /** One for every output the rule knows; the node may use fewer. */
  readonly outputs: readonly OutputValue[];
  readonly weights?: readonly WeightRef[];
  /** Applied to the layer's output. */
  readonly activation?: Activation;
  /** Inputs of the layer; every activation among the node's inputs, where absent. */
  readonly edges?: readonly Value[];
}

export interface Operator {
  /** Attributes that the rule reads, or that change nothing it reports. Any other makes the layer unknown. */
  readonly attributes?: readonly string[];
  readonly infer: (context: NodeContext) => Outcome;
}

/** The file contradicts itself or the ONNX specification at a node. Caught by the graph builder. */
export class NodeError extends Error {}

export function fail(sentence: string): never {
  throw new NodeError(sentence);
}

/** A layer that is not covered, with the shapes that are known all the same. */
export function notCovered(
  reason: string,
  outputs: readonly OutputValue[] = [],
  weights: readonly WeightRef[] = [],
): Outcome {
  return { op: { kind: 'unknown', reason }, outputs, weights };
}

export function optionalInput({ inputs }: NodeContext, index: number): Value | null {
  return inputs[index] ?? null;
}

export function requiredInput(context: NodeContext, index: number): Value {
  return optionalInput(context, index) ?? fail(`its input ${index + 1} is missing`);
}

/** Batch axis of a value; constants have none. */
export function batchOf(value: Value): Batch {
  return value.kind === 'activation' ? value.batch : 'none';
}

/**
 * Why an operator that takes [batch, channels, …] cannot be described for one sample, or null if it can.
 * A batch on another axis is noted: the graph's inputs may then have no batch axis at all.
 */
export function imageBatchProblem(context: NodeContext, input: Value): string | null {
  const batch = batchOf(input);
  if (batch === 0 || input.shape === null) return null;
  if (typeof batch === 'number') {
    context.batchMisplaced();
    return `The batch is on axis ${batch} of its input instead of the first.`;
  }
  if (batch === 'none' && input.shape[0] === 1) return null;
  return 'It is applied to several parts of one sample at once: the batch axis was merged with another.';
}

/** The same shape and batch axis as the first input. */
export function sameAsInput(context: NodeContext): OutputValue {
  const input = requiredInput(context, 0);
  return { shape: input.shape, batch: batchOf(input) };
}

export function intAttribute({ node }: NodeContext, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.type !== 'int') fail(`its attribute '${name}' is not an integer`);
  return attribute.value;
}

/** A float, or an integer where early operator sets had one. */
export function numberAttribute({ node }: NodeContext, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.type !== 'float' && attribute.type !== 'int') fail(`its attribute '${name}' is not a number`);
  return attribute.value;
}

export function stringAttribute({ node }: NodeContext, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.type !== 'string') fail(`its attribute '${name}' is not a string`);
  return attribute.value;
}

export function intsAttribute({ node }: NodeContext, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return null;
  if (attribute.type !== 'ints') fail(`its attribute '${name}' is not a list of integers`);
  return attribute.value;
}

export function floatsAttribute({ node }: NodeContext, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return null;
  if (attribute.type !== 'floats') fail(`its attribute '${name}' is not a list of numbers`);
  return attribute.value;
}

/** Elements of an input that a rule needs as numbers; null where they are not known. */
export function inputElements(context: NodeContext, index: number): Elements | null {
  const value = optionalInput(context, index);
  return value?.kind === 'constant' ? value.elements() : null;
}

/** The one element of a scalar input: `fallback` if it is left out, null if it is not known. */
export function inputScalar(context: NodeContext, index: number, fallback: number): number | null {
  if (optionalInput(context, index) === null) return fallback;
  return plainDim(inputElements(context, index)?.[0] ?? null);
}

/** A list given as an attribute by early operator sets and as an input by later ones. */
export type ListParameter =
  | { readonly given: false }
  /** `values` is null where not even the length is known. */
  | { readonly given: true; readonly values: Elements | null };

export function listParameter(context: NodeContext, name: string, inputIndex: number): ListParameter {
  const attribute = intsAttribute(context, name);
  if (attribute) return { given: true, values: attribute };
  const input = optionalInput(context, inputIndex);
  if (input === null) return { given: false };
  const elements = inputElements(context, inputIndex);
  const length = input.shape?.length === 1 ? input.shape[0] : null;
  // A list of unknown numbers still has a length, which may decide a rank.
  const unknown = typeof length === 'number' && length <= MAX_RANK ? Array<null>(length).fill(null) : null;
  return { given: true, values: elements ?? unknown };
}

/** Axes that a tensor may have; the specification sets no limit, real models stay below ten. */
export const MAX_RANK = 64;

/** A possibly negative axis as a position in a shape of that rank. */
export function normalizeAxis(axis: number, rank: number): number {
  const position = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(position) || position < 0 || position >= rank) {
    fail(`its axis ${axis} does not exist in a value with ${rank} axes`);
  }
  return position;
}

/** Distinct positions of possibly negative axes. */
export function normalizeAxes(axes: readonly number[], rank: number): readonly number[] {
  const positions = axes.map(axis => normalizeAxis(axis, rank));
  if (new Set(positions).size !== positions.length) fail('it names an axis twice');
  return positions;
}

/** A weight by reference. `learned`: its gradient belongs to what is shared when the model is trained. */
export function weightRef(value: ConstantValue, role: string, learned: boolean): WeightRef {
  const tensor = value.origin?.tensor;
  const location = tensor?.location ?? null;
  return {
    role,
    name: value.origin?.name ?? value.name,
    shape: tensor ? tensor.dims.map(dim => checkedDim(dim)) : (plainShape(value.shape) ?? [null]),
    trainable: learned && isFloatType(value.dataType),
    source: location === null ? { kind: 'stored', ...computedValues(value) } : { kind: 'stored', location },
  };
}

/** What no tensor of the file holds, where it is known. */
function computedValues({ origin, elements }: ConstantValue): { readonly values?: readonly number[] } {
  const values = origin === null ? allNumbers(elements()) : null;
  return values ? { values } : {};
}

const quantisedReason =
  'Weights are stored quantised; they are treated as if they were learned as the numbers that they stand for.';

const computedReason =
  'Weights are computed by other nodes of the model; they are treated as if they were learned themselves.';

/** A layer's own weight (kernel, bias, gamma …): learned, and its gradient is taken by the tensor the file stores. */
export function layerWeight(context: NodeContext, value: ConstantValue, role: string): WeightRef {
  if (value.derivation === 'quantised') context.modelGap(quantisedReason);
  else if (value.origin === null && value.derivation !== 'part') {
    context.modelGap(computedReason);
  }
  return weightRef(value, role, true);
}

/** The constants among the inputs, as weights of a layer that is not understood further. */
export function constantInputs({ inputs }: NodeContext): WeightRef[] {
  return inputs.flatMap((value, index) => {
    if (value?.kind !== 'constant') return [];
    return [weightRef(value, `input${index + 1}`, value.origin?.initializer ?? false)];
  });
}

/** "[1, ?, 32]". */
export function shapeText(shape: readonly Dim[] | null): string {
  return shape === null ? 'of unknown rank' : `[${shape.map(dim => dim ?? '?').join(', ')}]`;
}
