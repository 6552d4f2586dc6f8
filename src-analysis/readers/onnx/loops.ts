import type { Layer } from '../../model/graph.ts';
import { batchOf, intAttribute, intsAttribute, type NodeContext, normalizeAxis, type OutputValue } from './context.ts';
import { checkedDim, type Dim } from './dimension.ts';
import { type AddNodes, graphAttribute } from './functions.ts';
import { DataType, type OnnxGraph } from './model.ts';
import { batchAfterRemoval } from './operators/reduce.ts';
import { addMissingValues, subgraphState } from './scope.ts';
import { define, edgeOf, type GraphState, layerName, lookup, newNotes, noteGap } from './state.ts';
import { addSubgraphLayer, eitherOf } from './subgraph-layer.ts';
import type { Batch, ConstantValue, Value } from './value.ts';

/** What is not known of a state after this many rounds is given up. */
const MAX_ROUNDS = 4;

/** One pass through the body: what it is given, and what it makes of that. */
interface Body {
  readonly graph: OnnxGraph;
  readonly prefix: string;
  readonly addNodes: AddNodes;
  /** Values of the body's first inputs, and those of the states at which the carried ones begin. */
  readonly before: readonly Value[];
  readonly after: readonly Value[];
  /** Outputs of the body that come before the states. */
  readonly lead: number;
}

/**
 * Loop: (iteration, condition, states…) → (condition, states…, entries of the lists that it collects…). A list has as
 * many entries as there were iterations.
 */
export function addLoop(state: GraphState, context: NodeContext, addNodes: AddNodes): boolean {
  const { node, inputs } = context;
  const graph = graphAttribute(node, 'body');
  const [trips = null, condition = null, ...initial] = inputs;
  if (!graph || graph.inputs.length !== initial.length + 2 || initial.includes(null)) return false;
  const name = layerName(state, node);
  const goesOn = condition === null || elementOf(condition) === 1;
  const before = [opaque('iteration', null), opaque('condition', goesOn ? 1 : null)];
  const body = { graph, prefix: `${name}/`, addNodes, before, after: [], lead: 1 };
  const walked = walkBody(state, body, initial as readonly Value[]);
  if (!walked) return false;
  const counted = goesOn && elementOf(walked.outputs[0] ?? null) === 1 ? elementOf(trips) : null;
  const lists = walked.outputs.slice(1 + initial.length).map(value => collected(value, 0, checkedDim(counted)));
  finishLoop(state, context, name, [...walked.states, ...lists], [trips, condition, ...walked.taken]);
  return true;
}

/** Scan: states and one entry of every scanned sequence → states and one entry of every list. */
export function addScan(state: GraphState, context: NodeContext, addNodes: AddNodes): boolean {
  const { node, inputs, opset } = context;
  const graph = graphAttribute(node, 'body');
  const scanned = intAttribute(context, 'num_scan_inputs', 0);
  // Operator set 8 scans every sample of a batch by itself.
  if (!graph || opset < 9 || inputs.includes(null) || graph.inputs.length !== inputs.length) return false;
  if (scanned < 1 || scanned > inputs.length) return false;
  const given = inputs as readonly Value[];
  const initial = given.slice(0, given.length - scanned);
  const axes = intsAttribute(context, 'scan_input_axes') ?? [];
  const sequences = given.slice(given.length - scanned);
  const name = layerName(state, node);
  const after = sequences.map((value, i) => entryOf(state, value, axes[i] ?? 0));
  const walked = walkBody(state, { graph, prefix: `${name}/`, addNodes, before: [], after, lead: 0 }, initial);
  if (!walked) return false;
  const steps = sequences.map((value, i) => axisLength(value, axes[i] ?? 0)).find(length => length !== null) ?? null;
  const outputAxes = intsAttribute(context, 'scan_output_axes') ?? [];
  const made = walked.outputs.slice(initial.length);
  const lists = made.map((value, i) => collected(value, outputAxes[i] ?? 0, steps));
  finishLoop(state, context, name, [...walked.states, ...lists], [...sequences, ...walked.taken]);
  return true;
}

function finishLoop(
  state: GraphState,
  context: NodeContext,
  name: string,
  results: readonly OutputValue[],
  taken: readonly (Value | null)[],
): void {
  const { node } = context;
  addSubgraphLayer(
    state,
    context,
    name,
    `${node.opType} repeats its body; its layers are listed once.`,
    results,
    taken,
  );
}

interface WalkedBody {
  /** The states after any number of rounds. */
  readonly states: readonly OutputValue[];
  /** What the body's outputs are, and what of them the loop takes: with the states' initial values. */
  readonly outputs: readonly (Value | null)[];
  readonly taken: readonly (Value | null)[];
}

/** Walks the body until the shapes of its states do not change any more, and then once more to keep its layers. */
function walkBody(state: GraphState, body: Body, initial: readonly Value[]): WalkedBody | null {
  const first = body.before.length;
  const isPassedOn = (i: number) => body.graph.inputs[first + i]?.name === body.graph.outputs[body.lead + i]?.name;
  let states: readonly Value[] = initial.map((value, i) => (isPassedOn(i) ? value : changing(value)));
  for (let round = 0; ; round++) {
    const trial = walkOnce(trialState(state), body, states);
    if (!trial) return null;
    const next = states.map((value, i) => {
      const output = trial[body.lead + i] ?? null;
      const either = round < MAX_ROUNDS ? eitherOf(value, output) : { shape: null, batch: 'lost' as const };
      return isPassedOn(i) ? value : carried(state, value, output, either);
    });
    const settled = next.every((value, i) => sameKnowledge(value, states[i]!));
    states = next;
    if (settled) break;
    if (round > MAX_ROUNDS) return null;
  }
  const before = state.layers.length;
  const outputs = walkOnce(state, body, states);
  if (!outputs) return null;
  if (state.layers.slice(before).some(hasLearnedWeights)) {
    noteGap(state, `'${body.prefix.slice(0, -1)}' repeats layers with weights; they are listed once.`);
  }
  const results = states.map((value, i) => eitherOf(value, outputs[body.lead + i] ?? null));
  return { states: results, outputs, taken: [...initial, ...outputs] };
}

function hasLearnedWeights({ weights }: Layer): boolean {
  return weights.some(({ trainable }) => trainable);
}

function walkOnce(state: GraphState, body: Body, states: readonly Value[]): readonly (Value | null)[] | null {
  const inner = subgraphState(state, body.graph, body.prefix);
  if (!inner) return null;
  const values = [...body.before, ...states, ...body.after];
  for (const [index, { name }] of body.graph.inputs.entries()) {
    const value = values[index];
    if (value) define(inner, name, value);
  }
  addMissingValues(inner);
  body.addNodes(inner, body.graph.nodes);
  return body.graph.outputs.map(({ name }) => lookup(inner, name));
}

/** Takes layers and messages that nobody sees. The numbers of its layers follow those of the model. */
function trialState(state: GraphState): GraphState {
  const layers: Layer[] = [];
  layers.length = state.layers.length;
  return {
    ...state,
    layers,
    errors: newNotes(),
    gaps: newNotes(),
    names: new Map(),
    unnamed: new Map(),
    constantLayers: new Map(),
    ownLayers: new Set(),
  };
}

/** A state inside the body: as before, or as the body leaves it. */
function carried(state: GraphState, before: Value, after: Value | null, { shape, batch }: OutputValue): Value {
  if (before.kind === 'constant' && after?.kind === 'constant') return changing({ ...before, shape });
  const { edge } = edgeOf(state, before, batch);
  return { kind: 'activation', edge, shape, batch };
}

/** Values of a constant that is carried change from round to round. */
function changing(value: Value): Value {
  if (value.kind === 'activation') return value;
  return { ...value, elements: () => null, origin: null };
}

function sameKnowledge(a: Value, b: Value): boolean {
  return a.kind === b.kind && batchOf(a) === batchOf(b) && JSON.stringify(a.shape) === JSON.stringify(b.shape);
}

/** A number that changes from round to round or is not known. */
function opaque(name: string, element: number | null): ConstantValue {
  const elements = element === null ? null : [element];
  return {
    kind: 'constant',
    name,
    shape: [],
    dataType: element === null ? DataType.int64 : DataType.bool,
    elements: () => elements,
    origin: null,
  };
}

function elementOf(value: Value | null): number | null {
  const element = value?.kind === 'constant' ? value.elements()?.[0] : null;
  return typeof element === 'number' ? element : null;
}

function axisLength({ shape }: Value, axis: number): Dim {
  return shape ? (shape[normalizeAxis(axis, shape.length)] ?? null) : null;
}

/** One entry of a sequence along an axis. */
function entryOf(state: GraphState, value: Value, axis: number): Value {
  const { shape } = value;
  const position = shape ? normalizeAxis(axis, shape.length) : 0;
  const entry = {
    shape: shape?.toSpliced(position, 1) ?? null,
    batch: shape ? batchAfterRemoval(batchOf(value), [position]) : ('lost' as const),
  };
  if (value.kind === 'constant') return { ...value, shape: entry.shape, elements: () => null, origin: null };
  return { kind: 'activation', edge: edgeOf(state, value, entry.batch).edge, ...entry };
}

/** The list of what every round makes. */
function collected(value: Value | null, axis: number, length: Dim): OutputValue {
  if (!value?.shape) return { shape: null, batch: 'lost' };
  const position = normalizeAxis(axis, value.shape.length + 1);
  return { shape: value.shape.toSpliced(position, 0, length), batch: shifted(batchOf(value), position) };
}

function shifted(batch: Batch, added: number): Batch {
  if (batch === 'merged') return added === 0 ? 'lost' : batch;
  return typeof batch === 'number' && batch >= added ? batch + 1 : batch;
}
