/**
 * Recurrent layers, unrolled in time. Gates are taken for smooth functions. Every step uses the same kernels, whose gradient is
 * the sum over the steps.
 */
import type { Layer, RecurrentOp } from '../../model/graph.ts';
import { sizeOfKnown } from './index-maps.ts';
import { type PointwiseFunction, pointwiseKind, singleEntries } from './program.ts';
import { rowsTimesMatrix } from './unroll-kernels.ts';
import { bilinear, type Pair } from './unroll-merge.ts';
import {
  add,
  inputOf,
  NotCovered,
  notCovered,
  parameter,
  shapeOf,
  type Unrolling,
  unknownParameter,
} from './unrolling.ts';

/** Kernels side by side in one, by cell. */
const gates = { simple: 1, gru: 3, lstm: 4 } as const;

/** One direction of a layer. */
interface Cell {
  readonly u: Unrolling;
  readonly layer: Layer;
  readonly kind: keyof typeof gates;
  /** '' or the direction in front of its weights' roles. */
  readonly prefix: string;
  readonly units: number;
  readonly activation: PointwiseFunction | 'linear';
  readonly isBackward: boolean;
  /** GRU: the product with the recurrent kernel is reset, not the state in front of it. */
  readonly resetAfter: boolean;
}

/** The layer's outputs: every state or the last, then the last states (h, and c for LSTM). */
export function recurrent(u: Unrolling, layer: Layer, op: RecurrentOp): number[] {
  if (op.cell === 'convLstm' || layer.inputs.length > 1) throw notCovered(layer);
  const { node, shape } = inputOf(u, layer);
  const { units } = op;
  const [steps, features, ...more] = shape;
  if (!units) throw unknownParameter(layer);
  if (!steps || !features || more.length > 0)
    throw new NotCovered(`the input of '${layer.name}' is not covered`, layer.id);
  const activation = op.activation ? pointwiseKind(op.activation) : 'smooth';
  if (activation === undefined)
    throw new NotCovered(`the activation ${op.activation!.name} of '${layer.name}' is not covered`, layer.id);
  const directions = op.bidirectional ? ['forward.', 'backward.'] : [''];
  const common = { u, layer, kind: op.cell as Cell['kind'], units, activation, resetAfter: op.resetAfter === true };
  const runs = directions.map((prefix, direction) => {
    const isBackward = (direction === 1) !== (op.goBackwards !== undefined);
    return unrolledInTime({ ...common, prefix, isBackward }, node, steps, features);
  });
  const last = (of: (run: Run) => number) => gathered(u, runs.map(of), units);
  const order = Array.from({ length: steps }, (_, t) => (op.goBackwards === 'reversed' ? steps - 1 - t : t));
  const states = [last(run => run.last), ...(op.cell === 'lstm' ? [last(run => run.lastCell!)] : [])];
  const every = order.map(t => runs.map(run => run.states[t]!));
  const width = units * (runs.length === 1 || (op.mergeMode ?? 'concat') === 'concat' ? runs.length : 1);
  // ONNX has every state in its first output whether it is used or not.
  const isSequence = sizeOfKnown(shapeOf(layer, 0)) === steps * width;
  const outputs = [...joined(u, isSequence ? every : [runs.map(run => run.last)], units, op.mergeMode), ...states];
  return layer.outputShapes.flatMap((_, part) => {
    const output = outputs[part];
    const fits = output !== undefined && u.nodes[output]!.size === sizeOfKnown(shapeOf(layer, part));
    // Joined in another way than one behind the other.
    if (part === 0 && !fits) throw notCovered(layer);
    return fits ? [output] : [];
  });
}

/** The directions' states at some steps, one step behind the other: side by side, merged, or as two outputs. */
function joined(
  u: Unrolling,
  steps: readonly (readonly number[])[],
  units: number,
  mode: RecurrentOp['mergeMode'],
): number[] {
  const isOne = steps[0]!.length === 1;
  if (isOne || mode === undefined || mode === 'concat') return [gathered(u, steps.flat(), units)];
  const size = steps.length * units;
  const [forth, back] = [0, 1].map(direction =>
    gathered(
      u,
      steps.map(step => step[direction]!),
      units,
    ),
  ) as [number, number];
  switch (mode) {
    case null:
      return [forth, back];
    case 'mul':
      return [
        bilinear(
          u,
          forth,
          back,
          Array.from({ length: size }, (_, i): Pair[] => [[i, i]]),
        ),
      ];
    case 'sum':
    case 'ave':
      return [
        sum(
          u,
          size,
          [forth, back].map(node => ({ node, from: 0 })),
        ),
      ];
  }
}

interface Run {
  /** Node of the state at every step, in the order of the input. */
  readonly states: readonly number[];
  readonly last: number;
  readonly lastCell: number | undefined;
}

function unrolledInTime(cell: Cell, input: number, steps: number, features: number): Run {
  const fromInput = kernelProduct(cell, input, steps, features, 'kernel', 'bias');
  const order = Array.from({ length: steps }, (_, t) => (cell.isBackward ? steps - 1 - t : t));
  const states: number[] = new Array(steps);
  let state: State | undefined;
  for (const t of order) {
    state = step(cell, fromInput, t, state);
    states[t] = state.h;
  }
  return { states, last: state!.h, lastCell: state!.c };
}

interface State {
  readonly h: number;
  readonly c?: number;
}

/** One step; `before` is absent where the state is zero. */
function step(cell: Cell, fromInput: number, t: number, before: State | undefined): State {
  const { u, kind, units, activation, resetAfter } = cell;
  const width = units * gates[kind];
  const hasOwnBias = resetAfter && cell.layer.weights.some(weight => weight.role === 'bias');
  // A bias of the product with the state counts where the state is zero, too.
  const h =
    before || hasOwnBias
      ? kernelProduct(cell, before?.h ?? null, 1, units, 'recurrentKernel', hasOwnBias ? 'recurrentBias' : null)
      : undefined;
  /** Gate number g before its activation: its part of the input's product, and of the state's. */
  const gate = (g: number, fromState: number | undefined = h) =>
    sum(u, units, [
      { node: fromInput, from: t * width + g * units },
      ...(fromState === undefined ? [] : [{ node: fromState, from: g * units }]),
    ]);
  const bent = (node: number, kind: PointwiseFunction | 'linear' = 'smooth') =>
    kind === 'linear' ? node : add(u, { kind: 'pointwise', size: units, input: node, activation: kind });
  const times = (a: number, b: number) =>
    bilinear(
      u,
      a,
      b,
      Array.from({ length: units }, (_, i) => [[i, i] as const]),
    );
  if (kind === 'simple') return { h: bent(gate(0), activation) };
  if (kind === 'lstm') {
    const [i, f, o] = [0, 1, 3].map(g => bent(gate(g)));
    const candidate = bent(gate(2), activation);
    const kept = before?.c === undefined ? [] : [{ node: times(f!, before.c), from: 0 }];
    const c = sum(u, units, [{ node: times(i!, candidate), from: 0 }, ...kept]);
    return { h: times(o!, bent(c, activation)), c };
  }
  const [z, r] = [0, 1].map(g => bent(gate(g)));
  const candidate = bent(gate(2, resetPart(cell, r!, before, h)), activation);
  // z·h + (1 − z)·candidate
  const replaced = times(z!, candidate);
  const kept = before ? [{ node: times(z!, before.h), from: 0 }] : [];
  return { h: sum(u, units, [{ node: candidate, from: 0 }, { node: replaced, from: 0, sign: -1 }, ...kept]) };
}

/** What the state adds to the candidate of GRU, in the last third of a node: r reset in front of the product, or behind it. */
function resetPart(cell: Cell, r: number, before: State | undefined, h: number | undefined): number | undefined {
  const { u, units, resetAfter } = cell;
  const pairs = (from: number) => Array.from({ length: units }, (_, i): Pair[] => [[i, from + i]]);
  if (resetAfter) {
    if (h === undefined) return undefined;
    const none = Array.from({ length: 2 * units }, (): Pair[] => []);
    return bilinear(u, r, h, [...none, ...pairs(2 * units)]);
  }
  if (!before) return undefined;
  return kernelProduct(cell, bilinear(u, r, before.h, pairs(0)), 1, units, 'recurrentKernel', null);
}

/** Rows times one of the cell's kernels (none where `input` is null), and a bias of that role. */
function kernelProduct(
  { u, layer, kind, prefix, units }: Cell,
  input: number | null,
  rows: number,
  features: number,
  name: 'kernel' | 'recurrentKernel',
  biasRole: 'bias' | 'recurrentBias' | null,
): number {
  const width = units * gates[kind];
  const find = (role: string) =>
    layer.weights.find(w => w.role === prefix + role) ?? layer.weights.find(w => w.role === role);
  const [kernel, bias] = [find(name), find('bias')];
  const of = (role: string, count: number, weight: typeof kernel) =>
    parameter(u, layer, prefix + role, count, other => other === weight);
  const biasOf = Int32Array.from({ length: rows * width }, (_, k) => k % width);
  return add(u, {
    kind: 'weighted',
    size: rows * width,
    input: input ?? 0,
    ...rowsTimesMatrix(rows, input === null ? 0 : features, width),
    weight: of(name, features * width, kernel),
    bias: biasRole && bias ? { of: biasOf, parameter: of(biasRole, width, bias) } : null,
  });
}

/** `size` entries of each node from entry `from` on, added up. */
function sum(
  u: Unrolling,
  size: number,
  terms: readonly { readonly node: number; readonly from: number; readonly sign?: number }[],
): number {
  const sources = terms.map(({ node, from, sign = 1 }) => ({
    input: node,
    sign,
    lists: singleEntries(Int32Array.from({ length: size }, (_, i) => from + i)),
  }));
  return add(u, { kind: 'sum', size, sources, offset: false });
}

/** Nodes of `units` entries each, one behind the other. */
function gathered(u: Unrolling, nodes: readonly number[], units: number): number {
  const size = nodes.length * units;
  const sources = nodes.map((input, n) => ({
    input,
    sign: 1,
    lists: singleEntries(
      Int32Array.from({ length: size }, (_, k) => (Math.floor(k / units) === n ? k - n * units : -1)),
    ),
  }));
  return add(u, { kind: 'sum', size, sources, offset: false });
}
