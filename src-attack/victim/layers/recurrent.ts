import type { RecurrentOp } from '../../../src-analysis/model/graph.ts';
import { concat, reshape, sliceAxis } from '../../ir/arrange.ts';
import { add, mul } from '../../ir/elementwise.ts';
import type { Node } from '../../ir/graph.ts';
import { inOwnLayout, NotSupported, own, type Value } from '../value.ts';
import { isOnnx, type LayerContext } from './context.ts';
import { type Cell, type State, stepOf } from './recurrent-cell.ts';
import { onnxKernels, tfjsKernels } from './recurrent-kernels.ts';

/**
 * A recurrent layer unrolled in time: [B, T, F] to its states, in the shapes of TensorFlow.js ([B, T, U] or [B, U], then the last
 * states) or of ONNX ([B, T, directions, U], then [B, directions, U]).
 */
export function buildRecurrent(context: LayerContext, op: RecurrentOp): Value[] {
  const { layer, format } = context;
  if (op.cell === 'convLstm') {
    throw new NotSupported('Convolutions inside a recurrent cell are not covered by the attack engine.');
  }
  const x = own(context.inputs[0]!);
  if (x.shape.length !== 3) throw new NotSupported('Its input is no sequence of vectors.');
  if (op.initialState) throw new NotSupported('Its first state is not zero, or not known to be.');
  if (op.dropout) context.assume('Dropout is off: the attack sees the model as at inference.');
  const directions = op.bidirectional ? 2 : 1;
  const first = firstStates(context, directions, op.cell === 'lstm' ? 2 : 1);
  const runs = Array.from({ length: directions }, (_, direction) => {
    const kernels = isOnnx(format) ? onnxKernels(context, op, direction) : tfjsKernels(context, op, direction);
    const isBackward = (direction === 1) !== (op.goBackwards !== undefined);
    return run(stepOf(context, op, kernels), x, isBackward, first[direction]);
  });
  const outputs = isOnnx(format) ? onnxOutputs(runs) : tfjsOutputs(runs, op);
  return outputs.slice(0, layer.outputShapes.length).map(inOwnLayout);
}

/** The states that a layer of TensorFlow.js is called with, a direction's after the other's; none where they are zero. */
function firstStates({ inputs, format }: LayerContext, directions: number, each: 1 | 2): (State | undefined)[] {
  const given = inputs.slice(1).map(own);
  if (given.length === 0) return [];
  if (isOnnx(format))
    throw new NotSupported('Its first state is computed by the model, which is not covered for ONNX.');
  if (given.length !== directions * each) throw new NotSupported(`It is given ${given.length} first states.`);
  return Array.from({ length: directions }, (_, d): State => {
    const [h, c] = given.slice(d * each, (d + 1) * each);
    return { h: h!, ...(c ? { c } : {}) };
  });
}

interface Run {
  /** At every step, in the order of the input: [B, U]. */
  readonly states: readonly Node[];
  readonly last: State;
}

function run(cell: Cell, x: Node, isBackward: boolean, first: State | undefined): Run {
  const steps = x.shape[1]!;
  const fromInput = cell.fromInput(x);
  const states: Node[] = new Array(steps);
  let state = first;
  for (let i = 0; i < steps; i++) {
    const t = isBackward ? steps - 1 - i : i;
    const now = sliceAxis(fromInput, 1, t, t + 1);
    state = cell.step(reshape(now, [now.shape[0]!, now.shape[2]!]), state);
    states[t] = state.h;
  }
  return { states, last: state! };
}

/** [B, T, U]. */
function sequence(states: readonly Node[]): Node {
  return concat(
    states.map(h => reshape(h, [h.shape[0]!, 1, h.shape[1]!])),
    1,
  );
}

function tfjsOutputs(
  runs: readonly Run[],
  { returnSequences, goBackwards, mergeMode = 'concat' }: RecurrentOp,
): Node[] {
  const ends = runs.flatMap(({ last: { h, c } }) => (c ? [h, c] : [h]));
  const [forth, back] = runs.map(({ states, last }) => {
    if (!returnSequences) return last.h;
    return sequence(goBackwards === 'reversed' ? states.toReversed() : states);
  });
  if (!back) return [forth!, ...ends];
  switch (mergeMode) {
    case null:
      return [forth!, back, ...ends];
    case 'concat':
      return [concat([forth!, back], back.shape.length - 1), ...ends];
    case 'sum':
      return [add(forth!, back), ...ends];
    case 'ave':
      return [mul(add(forth!, back), 0.5), ...ends];
    case 'mul':
      return [mul(forth!, back), ...ends];
  }
}

function onnxOutputs(runs: readonly Run[]): Node[] {
  const beside = (nodes: readonly Node[]) => {
    const axis = nodes[0]!.shape.length - 1;
    return concat(
      nodes.map(node => reshape(node, node.shape.toSpliced(axis, 0, 1))),
      axis,
    );
  };
  const cells = runs.flatMap(({ last }) => (last.c ? [last.c] : []));
  return [
    beside(runs.map(({ states }) => sequence(states))),
    beside(runs.map(({ last }) => last.h)),
    ...(cells.length > 0 ? [beside(cells)] : []),
  ];
}
