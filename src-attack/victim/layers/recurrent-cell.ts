import type { Activation, RecurrentOp } from '../../../src-analysis/model/graph.ts';
import { expand, sliceAxis } from '../../ir/arrange.ts';
import { add, mul, sub } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { dense } from '../../ir/matmul.ts';
import { inOwnLayout } from '../value.ts';
import { buildActivation } from './activation.ts';
import type { LayerContext } from './context.ts';
import type { Kernels } from './recurrent-kernels.ts';

/** h, and for LSTM the inner state c: [B, U]. */
export interface State {
  readonly h: Node;
  readonly c?: Node;
}

/** One direction's cell. */
export interface Cell {
  /** Every step's product with the kernel, and its bias: [B, T, g·U]. */
  fromInput(x: Node): Node;
  /** @param now what the input adds at this step: [B, g·U]; @param before absent where the state is zero */
  step(now: Node, before: State | undefined): State;
}

/** What the formulas of a cell are written with. */
interface Terms {
  /** What goes into a gate, by its letter, before its activation. */
  readonly into: (gate: string) => Node;
  /** The state's product with a gate's kernel, and its bias; undefined where both are zero. */
  readonly fromState: (gate: string, h: Node | undefined) => Node | undefined;
  readonly ofInput: (gate: string) => Node;
  readonly gate: (node: Node) => Node;
  readonly activate: (node: Node) => Node;
}

/**
 * Simple cell, GRU (Cho et al. 2014, z·h + (1 − z)·candidate) and LSTM (Hochreiter & Schmidhuber 1997, with forget gate) as
 * tfjs-layers' recurrent.ts and the ONNX operators RNN, GRU and LSTM compute them.
 */
export function stepOf(context: LayerContext, op: RecurrentOp, kernels: Kernels): Cell {
  const { kernel, transposed, bias } = kernels;
  const apply = (activation: Activation) => (node: Node) =>
    buildActivation(context, inOwnLayout(node), activation).node;
  const activate = apply(op.activation ?? { name: 'tanh' });
  const gate = apply(op.recurrentActivation ?? { name: 'sigmoid' });
  return {
    fromInput(x) {
      const product = dense(x, kernel, transposed);
      return bias ? add(product, bias) : product;
    },
    step(now, before) {
      const fromState = stateProducts(kernels, now.shape);
      const ofInput = (letter: string) => part(now, kernels, letter, 1);
      const into = (letter: string) => addPresent(ofInput(letter), fromState(letter, before?.h));
      const terms: Terms = { into, fromState, ofInput, gate, activate };
      if (op.cell === 'lstm') return lstm(terms, before);
      if (op.cell === 'gru') return gru(terms, before, op.resetAfter === true);
      return { h: activate(into('h')) };
    },
  };
}

function lstm({ into, gate, activate }: Terms, before: State | undefined): State {
  const fresh = mul(gate(into('i')), activate(into('c')));
  const c = before?.c ? add(mul(gate(into('f')), before.c), fresh) : fresh;
  return { h: mul(gate(into('o')), activate(c)), c };
}

function gru(
  { into, fromState, ofInput, gate, activate }: Terms,
  before: State | undefined,
  resetAfter: boolean,
): State {
  const z = gate(into('z'));
  const product = resetAfter ? fromState('h', before?.h) : undefined;
  const reset = product || before ? gate(into('r')) : undefined;
  const fromReset = () => (before ? fromState('h', mul(reset!, before.h)) : undefined);
  const candidate = activate(addPresent(ofInput('h'), product ? mul(reset!, product) : fromReset()));
  const fresh = mul(sub(1, z), candidate);
  return { h: before ? add(mul(z, before.h), fresh) : fresh };
}

/** The state's product with one gate's kernel, and its bias where it has one of its own. */
function stateProducts(kernels: Kernels, [batch]: readonly number[]) {
  const { recurrentKernel, transposed, recurrentBias, units } = kernels;
  return (letter: string, h: Node | undefined): Node | undefined => {
    const bias = recurrentBias && part(recurrentBias, kernels, letter, 0);
    if (!h) return bias && expand(bias, [batch!, units]);
    const product = dense(h, part(recurrentKernel, kernels, letter, transposed ? 0 : 1), transposed);
    return addPresent(product, bias);
  };
}

function addPresent(a: Node, b: Node | undefined): Node {
  return b ? add(a, b) : a;
}

/** What belongs to one gate of those side by side along an axis. */
function part(node: Node, { order, units }: Kernels, letter: string, axis: number): Node {
  const start = order.indexOf(letter) * units;
  return sliceAxis(node, axis, start, start + units);
}
