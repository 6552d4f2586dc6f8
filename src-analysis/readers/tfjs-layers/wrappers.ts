import type { ConvOp, MergeMode, Op, PoolOp, Shape, WeightRef } from '../../model/graph.ts';
import { isUnknown } from './config.ts';
import { innerContext, innerLayer } from './inner.ts';
import {
  type Describe,
  type Described,
  field,
  type LayerContext,
  noteUnknown,
  show,
  showShape,
  singleInput,
  times,
} from './values.ts';
import { isTrainable, trainableFirst } from './weights.ts';

/** Source: tfjs-layers wrappers.ts. Both wrappers ignore their own `trainable` and follow that of the inner layer. */

const recurrentClasses = new Set(['RNN', 'SimpleRNN', 'GRU', 'LSTM', 'ConvLSTM2D']);

/** The inner layer's operator as one over the whole sequence, where there is such an operator. */
function overTime(op: Op, className: string): Op {
  switch (op.kind) {
    case 'dense':
    case 'dropout':
    case 'elementwise':
    case 'identity':
    case 'unknown':
      return op;
    case 'activation': {
      const { axis } = op.activation;
      // An axis counted from the front has moved by the time axis.
      return axis === undefined || axis < 0 ? op : { ...op, activation: { ...op.activation, axis: axis + 1 } };
    }
    case 'embedding':
      return op;
    case 'conv':
      // The window reaches over one step of time: a convolution in a dimension more, whose kernel has the same values.
      if (op.spatialRank < 3 && op.dataFormat === 'channelsLast')
        return { ...op, ...stretched(op), kernelSize: [1, ...op.kernelSize] };
      break;
    case 'pool':
      if (op.dataFormat !== 'channelsLast') break;
      if (op.global && op.pool !== 'lp') {
        const axes = Array.from({ length: op.spatialRank }, (_, i) => i + 1);
        return { kind: 'reduce', name: op.pool === 'average' ? 'mean' : 'max', axes, keepDims: false };
      }
      if (op.spatialRank < 3) return { ...op, ...stretched(op), window: [1, ...op.window] };
      break;
    case 'norm':
      return { ...op, axes: op.axes.map(axis => (axis < 0 ? axis : axis + 1)) };
    case 'rearrange':
      if ((op.how === 'flatten' || op.how === 'reshape') && !op.permutation)
        return { kind: 'rearrange', how: 'reshape' };
      break;
    case 'recurrent': {
      const reason = `TimeDistributed runs its ${className} over a sequence of its own at each step: the law for recurrent layers holds for one sequence an example.`;
      return { kind: 'unknown', reason };
    }
  }
  return { kind: 'unknown', reason: `TimeDistributed over ${className} is not covered.` };
}

/** What a window over an image and one over a sequence of images have in common, the sequence's axis first. */
function stretched({ spatialRank, strides, dilations, padding }: ConvOp | PoolOp) {
  return {
    spatialRank: (spatialRank + 1) as 2 | 3,
    strides: [1, ...strides],
    dilations: [1, ...dilations],
    padding:
      padding.mode === 'explicit'
        ? { ...padding, before: [0, ...padding.before], after: [0, ...padding.after] }
        : padding,
  };
}

/** TimeDistributed: the inner layer (or sequential model) at each step of the first axis. */
export function timeDistributed(describe: Describe): Describe {
  return c => {
    const input = singleInput(c, { atLeast: 2 });
    const inner = innerLayer(c, 'layer', field(c, 'layer'));
    if (inner === null)
      return { op: { kind: 'unknown', reason: 'The wrapped layer is not known.' }, outputShapes: [null] };
    const stepShape = input === null ? null : input.slice(1);
    const context = innerContext(c, inner, [stepShape]);
    const described = inner.className === 'Sequential' ? sequence(context, describe) : describe(context);
    const [step] = described.outputShapes;
    if (described.outputShapes.length > 1) c.problems.push('TimeDistributed takes a layer with one output.');
    return {
      ...described,
      op: overTime(described.op, inner.className),
      outputShapes: [step == null || input === null ? null : [input[0] ?? null, ...step]],
      trainable: described.trainable ?? isTrainable(context),
    };
  };
}

/** A sequential model as one layer: its shapes and weights, but no operator. */
function sequence(c: LayerContext, describe: Describe): Described {
  const layers = field(c, 'layers');
  const op: Op = { kind: 'unknown', reason: 'A model inside TimeDistributed is not covered.' };
  if (!Array.isArray(layers)) {
    if (isUnknown(layers)) noteUnknown(c, 'layers', layers.unknown);
    else c.problems.push('The wrapped model has no layers.');
    return { op, outputShapes: [null] };
  }
  let shape: Shape = c.inputShapes[0] ?? null;
  const weights: WeightRef[] = [];
  for (const [position, value] of layers.entries()) {
    const inner = innerLayer(c, 'layers', value);
    if (inner === null) return { op, outputShapes: [null], weights };
    if (inner.className === 'InputLayer') continue;
    const context = innerContext(c, inner, [shape]);
    const described = inner.className === 'Sequential' ? sequence(context, describe) : describe(context);
    shape = described.outputShapes[0] ?? null;
    const name = field(context, 'name');
    const scope = typeof name === 'string' ? name : `layer${position}`;
    weights.push(...(described.weights ?? []).map(w => ({ ...w, role: `${scope}.${w.role}` })));
  }
  return { op, outputShapes: [shape], weights };
}

const mergeModes = ['concat', 'sum', 'ave', 'mul'] as const;

/** How the two directions' outputs are joined; null keeps them apart. */
function mergeModeOf(c: LayerContext): MergeMode | null {
  const value = Object.hasOwn(c.config, 'mergeMode') ? c.config.mergeMode : undefined;
  if (value === null) return null;
  if (value === undefined) return 'concat';
  const known = mergeModes.find(mode => mode === value);
  if (known) return known;
  if (isUnknown(value)) noteUnknown(c, 'mergeMode', value.unknown);
  else c.problems.push(`mergeMode must be ${mergeModes.map(m => `'${m}'`).join(', ')} or null, but is ${show(value)}.`);
  return 'concat';
}

/** Bidirectional: the inner recurrent layer forwards and backwards, each with weights of its own. */
export function bidirectional(describe: Describe): Describe {
  return c => {
    const inner = innerLayer(c, 'layer', field(c, 'layer'));
    const mergeMode = mergeModeOf(c);
    if (inner === null)
      return { op: { kind: 'unknown', reason: 'The wrapped layer is not known.' }, outputShapes: [null] };
    if (!recurrentClasses.has(inner.className)) {
      c.problems.push(`Bidirectional takes a recurrent layer, but gets ${inner.className}.`);
      return {
        op: { kind: 'unknown', reason: `Bidirectional over ${inner.className} is not covered.` },
        outputShapes: [null],
      };
    }
    const states = c.inputShapes.slice(1);
    if (states.length % 2 > 0)
      c.problems.push(`Bidirectional takes an even number of states, but gets ${states.map(showShape).join(', ')}.`);
    const context = innerContext(c, inner, [c.inputShapes[0] ?? null, ...states.slice(0, states.length / 2)]);
    const described = describe(context);
    const [output = null, ...stateShapes] = described.outputShapes;
    const joined =
      mergeMode !== 'concat' || output === null ? output : [...output.slice(0, -1), times(output.at(-1) ?? null, 2)];
    const weights = described.weights ?? [];
    return {
      op: described.op.kind === 'recurrent' ? { ...described.op, bidirectional: true, mergeMode } : described.op,
      outputShapes: [joined, ...(mergeMode === null ? [joined] : []), ...stateShapes, ...stateShapes],
      weights: trainableFirst(
        ['forward', 'backward'].flatMap(way => weights.map(w => ({ ...w, role: `${way}.${w.role}` }))),
      ),
      trainable: described.trainable ?? isTrainable(context),
    };
  };
}
