/**
 * Runs a program forwards and backwards over GF(p), at random weights, inputs, activity patterns and derivatives of the
 * activations: what the observer of the gradient sees, and how it moves with every unknown.
 */
import { type CancellationToken, throwIfCancelled } from '../../readers/reader.ts';
import { lossGradient, push } from './backward.ts';
import { type Dual, DualSum, zero } from './dual.ts';
import { type Context, type Forward, run } from './forward.ts';
import type { Program, WeightedNode } from './program.ts';
import type { Pattern } from './typical-pattern.ts';

/** One use of a layer's parameters: its input and ∂L/∂output there. */
export interface ParameterUse {
  readonly node: WeightedNode;
  readonly input: readonly Dual[];
  readonly delta: readonly Dual[];
  readonly weights: Float64Array;
}

export interface Evaluation {
  /** Unknowns, over all examples: the length of a tangent. */
  readonly unknowns: number;
  readonly uses: readonly ParameterUse[];
  /** Gradients that are δ itself: those of the tables that tokens are looked up in. */
  readonly tables: readonly (readonly Dual[])[];
}

export function evaluate(
  program: Program,
  random: () => number,
  activeShare: number,
  cancel: CancellationToken,
  pattern?: Pattern,
): Evaluation {
  const unknowns = program.nodes.reduce((sum, node) => sum + (node.kind === 'input' ? node.size : 0), 0);
  const context: Context = { unknowns, random, activeShare, pattern, cancel, weights: new Map() };
  const forward: Forward[] = [];
  let inputs = 0;
  for (const node of program.nodes) {
    throwIfCancelled(cancel);
    forward.push(run(node, forward, inputs, context));
    if (node.kind === 'input') inputs += node.size;
  }
  return { unknowns, ...backward(program, forward, context) };
}

function backward(
  { nodes, output, distributions }: Program,
  forward: readonly Forward[],
  context: Context,
): Pick<Evaluation, 'uses' | 'tables'> {
  const { unknowns, cancel } = context;
  const uses: ParameterUse[] = [];
  const tables: (readonly Dual[])[] = [];
  const adjoints: (DualSum | undefined)[][] = nodes.map(({ size }) => new Array(size).fill(undefined));
  const into = (node: number, entry: number): DualSum => {
    const sum = adjoints[node]![entry] ?? new DualSum(unknowns);
    adjoints[node]![entry] = sum;
    return sum;
  };
  for (const [k, delta] of lossGradient(forward[output]!.value, distributions, context).entries()) {
    into(output, k).addScaled(1, delta);
  }
  for (let i = nodes.length - 1; i >= 0; i--) {
    throwIfCancelled(cancel);
    const node = nodes[i]!;
    const up = adjoints[i]!.map(sum => sum?.take() ?? zero);
    adjoints[i] = [];
    push(node, up, forward, forward[i]!, into, unknowns);
    if (node.kind === 'weighted') {
      uses.push({ node, input: forward[node.input]!.value, delta: up, weights: forward[i]!.weights! });
    }
    if (node.kind === 'input' && node.table?.observed) tables.push(up);
  }
  return { uses, tables };
}
