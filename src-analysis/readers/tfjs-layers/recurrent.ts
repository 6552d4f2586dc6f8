import { convOutputLength } from '../../model/geometry.ts';
import type { Activation, Dim, Op, RecurrentOp, Shape, WeightRef } from '../../model/graph.ts';
import { activationOf } from './activations.ts';
import { type ConfigValue, isUnknown } from './config.ts';
import { dataFormatOf, joinMap, splitMap } from './convolution.ts';
import { type InnerLayer, innerContext, innerLayer } from './inner.ts';
import {
  choice,
  type Describe,
  field,
  finiteNumber,
  flag,
  type LayerContext,
  positiveInteger,
  positiveIntegers,
  showShape,
  singleInput,
  times,
} from './values.ts';
import { biasWeight, isTrainable, trainableFirst, weight } from './weights.ts';

/** Source: tfjs-layers recurrent.ts and convolutional_recurrent.ts. */

interface Cell {
  readonly kind: RecurrentOp['cell'];
  readonly units: Dim;
  /** Number of states, each of `units` entries: h, and c for the LSTM. */
  readonly states: 1 | 2;
  readonly weights: readonly WeightRef[];
  readonly activation: Activation;
  /** Of the gates; undefined for the simple cell, which has none. */
  readonly recurrentActivation: Activation | undefined;
  readonly dropout: boolean;
}

/** Gates of each cell: the kernels of all gates are stored side by side. */
const gates = { SimpleRNNCell: 1, GRUCell: 3, LSTMCell: 4 } as const;
const kinds = { SimpleRNNCell: 'simple', GRUCell: 'gru', LSTMCell: 'lstm' } as const;
type CellClass = keyof typeof gates;

function isCellClass(name: string): name is CellClass {
  return Object.hasOwn(gates, name);
}

/** With `unitForgetBias` the forget gate's bias starts at one and the others as `biasInitializer` says. */
function recurrentBias(c: LayerContext, useBias: boolean, length: Dim): readonly WeightRef[] {
  const [bias] = biasWeight(c, useBias, [length]);
  if (!bias) return [];
  const forgetful = c.className.startsWith('LSTM') || c.className.startsWith('ConvLSTM');
  if (!forgetful || !flag(c, 'unitForgetBias', false)) return [bias];
  const { source } = bias;
  const others = source.kind === 'initializer' && source.initializer !== 'zeros' ? ` and ${source.initializer}` : '';
  return [{ ...bias, source: { kind: 'initializer', initializer: `unitForgetBias${others}` } }];
}

/** A SimpleRNN, GRU or LSTM cell on inputs of `features` entries a step. */
function describeCell(c: LayerContext, cellClass: CellClass, features: Dim): Cell {
  const units = positiveInteger(c, 'units');
  const columns = times(units, gates[cellClass]);
  const useBias = flag(c, 'useBias', true);
  const activation = activationOf(c, 'activation', defaultActivation(c, cellClass));
  const hasGates = cellClass !== 'SimpleRNNCell';
  if (cellClass === 'GRUCell' && flag(c, 'resetAfter', false)) {
    c.problems.push('TensorFlow.js does not support GRU with resetAfter.');
  }
  return {
    kind: kinds[cellClass],
    units,
    states: cellClass === 'LSTMCell' ? 2 : 1,
    weights: [
      weight(c, 'kernel', [features, columns], 'kernelInitializer', 'glorotNormal'),
      weight(c, 'recurrentKernel', [units, columns], 'recurrentInitializer', 'orthogonal'),
      ...recurrentBias(c, useBias, columns),
    ],
    activation,
    recurrentActivation: hasGates ? activationOf(c, 'recurrentActivation', 'hardSigmoid') : undefined,
    dropout: [finiteNumber(c, 'dropout', 0), finiteNumber(c, 'recurrentDropout', 0)].some(rate => rate !== 0),
  };
}

/** Of the layer's output: only the simple cell's output is that of an activation. */
function outputActivation({ kind, activation }: Cell): Activation | undefined {
  return kind === 'simple' && activation.name !== 'linear' ? activation : undefined;
}

function opOf(cell: Cell, returnSequences: boolean, goBackwards: boolean): RecurrentOp {
  const { kind, units, activation, recurrentActivation, dropout } = cell;
  return {
    ...{ kind: 'recurrent', cell: kind, units, bidirectional: false, returnSequences, activation },
    ...(recurrentActivation ? { recurrentActivation } : {}),
    ...(goBackwards ? { goBackwards: 'reversed' } : {}),
    ...(dropout ? { dropout } : {}),
  };
}

/** tanh where no activation is named; for GRU and LSTM, not for the simple cell, an explicit null means none. */
function defaultActivation(c: LayerContext, cellClass: CellClass): string {
  const isNull = Object.hasOwn(c.config, 'activation') && c.config.activation === null;
  return isNull && cellClass !== 'SimpleRNNCell' ? 'linear' : 'tanh';
}

/** The cells of an RNN from the input on; stacks are laid out flat. Null where one is not understood. */
function cellsOf(c: LayerContext, value: ConfigValue, features: Dim): readonly Cell[] | null {
  const inner = Array.isArray(value)
    ? { className: 'StackedRNNCells', config: { cells: value } }
    : innerLayer(c, 'cell', value);
  if (inner === null) return null;
  if (inner.className === 'StackedRNNCells') return stackedCells(c, inner, features);
  if (isCellClass(inner.className)) {
    return [describeCell(innerContext(c, inner, [[features]]), inner.className, features)];
  }
  c.unknowns.push(`the cell class ${inner.className} is not understood`);
  return null;
}

function stackedCells(c: LayerContext, stack: InnerLayer, features: Dim): readonly Cell[] | null {
  const list = Object.hasOwn(stack.config, 'cells') ? stack.config.cells : undefined;
  if (!Array.isArray(list) || list.length === 0) {
    if (isUnknown(list)) c.unknowns.push(`cells are not known: ${list.unknown}`);
    else c.problems.push('cells must be an array of RNN cells.');
    return null;
  }
  const inner = innerContext(c, stack, c.inputShapes);
  const cells: Cell[] = [];
  for (const value of list) {
    const next = cellsOf(inner, value, cells.at(-1)?.units ?? (cells.length === 0 ? features : null));
    if (next === null) return null;
    for (const cell of next) {
      const weights = isTrainable(inner) ? cell.weights : cell.weights.map(w => ({ ...w, trainable: false }));
      cells.push({ ...cell, weights });
    }
  }
  return cells;
}

/** SimpleRNN, GRU, LSTM over [time, features]. */
export function recurrent(cellClass: CellClass): Describe {
  return c => unrolled(c, input => [describeCell(c, cellClass, input?.[1] ?? null)]);
}

/** RNN over a cell or a stack of cells. */
export const rnn: Describe = c => unrolled(c, input => cellsOf(c, field(c, 'cell'), input?.[1] ?? null));

function unrolled(c: LayerContext, cellsFor: (input: Shape) => readonly Cell[] | null) {
  const [returnSequences, returnState] = [flag(c, 'returnSequences', false), flag(c, 'returnState', false)];
  const input = singleInput({ ...c, inputShapes: c.inputShapes.slice(0, 1) }, 2);
  const cells = cellsFor(input);
  const last = cells?.at(-1);
  if (!cells || !last) {
    return { op: { kind: 'unknown', reason: 'The RNN cell is not known.' } as const, outputShapes: [null] };
  }
  // States come in the reverse order of the stack, so that the first is the output's.
  const states = [...cells].reverse().flatMap(cell => new Array<Dim>(cell.states).fill(cell.units));
  checkInitialState(c, states);
  const output = returnSequences ? [input?.[0] ?? null, last.units] : [last.units];
  const roles = (cell: Cell, i: number) =>
    cells.length === 1 ? cell.weights : cell.weights.map(w => ({ ...w, role: `cell${i}.${w.role}` }));
  const weights = trainableFirst(cells.flatMap(roles)).map(w => ({ ...w, trainable: w.trainable && isTrainable(c) }));
  const op: Op =
    cells.length === 1
      ? opOf(last, returnSequences, flag(c, 'goBackwards', false))
      : { kind: 'unknown', reason: stackedReason };
  return {
    op,
    outputShapes: [output, ...(returnState ? states.map(units => [units]) : [])],
    activation: outputActivation(last),
    weights,
  };
}

const stackedReason =
  'The cells of a stack run in turn at each step, and the law for recurrent layers holds for one cell: recurrent layers in a row, all but the last with returnSequences, compute the same and are covered.';

function checkInitialState(c: LayerContext, states: readonly Dim[]): void {
  const given = c.inputShapes.slice(1);
  if (given.length === 0) return;
  const fits =
    given.length === states.length &&
    given.every(
      (shape, i) => shape === null || shape.at(-1) === null || states[i] === null || shape.at(-1) === states[i],
    );
  if (!fits) {
    c.problems.push(
      `The initial state needs shapes ${states.map(units => showShape([units])).join(', ')}, but is ${given.map(showShape).join(', ')}.`,
    );
  }
}

/** ConvLSTM2D over [time, …image]; kernels [kernelSize…, inChannels, 4·filters]. */
export const convLstm2d: Describe = c => {
  const [returnSequences, returnState] = [flag(c, 'returnSequences', false), flag(c, 'returnState', false)];
  const input = singleInput({ ...c, inputShapes: c.inputShapes.slice(0, 1) }, 4);
  const format = dataFormatOf(c);
  const map = splitMap(input === null ? null : input.slice(1), 2, format);
  const filters = positiveInteger(c, 'filters');
  const kernelSize = positiveIntegers(c, 'kernelSize', 2);
  const [strides, dilations] = [
    positiveIntegers(c, 'strides', 2, [1, 1]),
    positiveIntegers(c, 'dilationRate', 2, [1, 1]),
  ];
  const padding = { mode: choice(c, 'padding', ['valid', 'same'], 'valid') } as const;
  activationOf(c, 'activation', 'tanh');
  activationOf(c, 'recurrentActivation', 'hardSigmoid');
  if (flag(c, 'unroll', false)) c.problems.push('TensorFlow.js cannot unroll ConvLSTM2D.');
  if ([strides, dilations].every(sizes => sizes.some(size => size !== null && size > 1))) {
    c.problems.push('TensorFlow.js cannot run a convolution whose strides and dilationRate are both larger than 1.');
  }
  const lengths = map.spatial.map((n, i) =>
    convOutputLength(n, kernelSize[i] ?? null, strides[i] ?? null, dilations[i] ?? null, padding, i),
  );
  if (lengths.some(n => n !== null && n <= 0)) {
    c.problems.push(`The kernel ${showShape(kernelSize)} is larger than the input ${showShape(map.spatial)}.`);
  }
  const image = joinMap({ channels: filters, spatial: lengths.map(n => (n !== null && n <= 0 ? null : n)) }, format);
  const columns = times(filters, 4);
  return {
    op: { kind: 'recurrent', cell: 'convLstm', units: filters, bidirectional: false, returnSequences },
    outputShapes: [returnSequences ? [input?.[0] ?? null, ...image] : image, ...(returnState ? [image, image] : [])],
    weights: [
      weight(c, 'kernel', [...kernelSize, map.channels, columns], 'kernelInitializer', 'glorotNormal'),
      weight(c, 'recurrentKernel', [...kernelSize, filters, columns], 'recurrentInitializer', 'orthogonal'),
      ...recurrentBias(c, flag(c, 'useBias', true), columns),
    ],
  };
};

/** Cells are no layers of a model by themselves. */
export const cellAlone: Describe = c => {
  c.problems.push(`${c.className} is a cell: it works inside tf.layers.rnn only.`);
  return { op: { kind: 'unknown', reason: 'A cell outside an RNN is not covered.' }, outputShapes: [null] };
};
