import type { RecurrentOp, WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  inputElements,
  intAttribute,
  layerWeight,
  type NodeContext,
  notCovered,
  type Operator,
  type OutputValue,
  optionalInput,
  requiredInput,
  shapeText,
  stringAttribute,
} from '../context.ts';
import { allNumbers, checkedDim, type Dim, plainDim } from '../dimension.ts';
import type { Batch } from '../value.ts';

const attributes = [
  'activation_alpha',
  'activation_beta',
  'activations',
  'clip',
  'direction',
  'hidden_size',
  'layout',
  'output_sequence',
];

const ownAttributes = { simple: [], gru: ['linear_before_reset'], lstm: ['input_forget'] } as const;

/** Settings under which a cell is not the plain one of the textbook. */
const unusual = ['activation_alpha', 'activation_beta', 'clip', 'input_forget'];

const plainActivations = { simple: ['tanh'], gru: ['sigmoid', 'tanh'], lstm: ['sigmoid', 'tanh', 'tanh'] } as const;

/** Some exporters write the defaults too. */
function isSet({ node }: NodeContext, name: string): boolean {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return false;
  const isDefault = attribute.type === 'int' || attribute.type === 'float' ? attribute.value === 0 : false;
  return !isDefault && !((attribute.type === 'floats' || attribute.type === 'ints') && attribute.value.length === 0);
}

function hasPlainActivations({ node }: NodeContext, cell: keyof typeof plainActivations): boolean {
  const given = node.attributes.get('activations');
  if (given === undefined) return true;
  const plain: readonly string[] = plainActivations[cell];
  return given.type === 'strings' && given.value.every((name, i) => name.toLowerCase() === plain[i % plain.length]);
}

/**
 * RNN, GRU, LSTM. The sequence is [steps, batch, features], or [batch, steps, features] with layout 1; outputs are
 * Y [steps, directions, batch, units] or [batch, steps, directions, units], and the last states Y_h (and Y_c).
 */
function recurrent(cell: 'simple' | 'gru' | 'lstm'): Operator {
  return {
    attributes: [...attributes, ...ownAttributes[cell]],
    infer: context => {
      const input = requiredInput(context, 0);
      const kernel = requiredInput(context, 1);
      const recurrentKernel = requiredInput(context, 2);
      if (input.shape && input.shape.length !== 3)
        fail(`its input has shape ${shapeText(input.shape)}; 3 axes are needed`);
      const batchFirst = intAttribute(context, 'layout', 0) !== 0;
      const bidirectional = stringAttribute(context, 'direction', 'forward') === 'bidirectional';
      const units = unitsOf(context, recurrentKernel.shape?.at(-1) ?? null);
      const outputs = stateOutputs(input.shape ?? [null, null, null], batchOf(input), batchFirst, bidirectional, units);
      if (kernel.kind === 'activation' || recurrentKernel.kind === 'activation') {
        return notCovered('Its kernel is computed from the input of the model.', outputs);
      }
      const weights: WeightRef[] = [
        layerWeight(context, kernel, 'kernel'),
        layerWeight(context, recurrentKernel, 'recurrentKernel'),
      ];
      const bias = optionalInput(context, 3);
      if (bias?.kind === 'constant') weights.push(layerWeight(context, bias, 'bias'));
      if (cell === 'lstm' && optionalInput(context, 7))
        return notCovered('Its peepholes are not covered.', outputs, weights);
      if (hasLengths(context, input.shape?.[batchFirst ? 1 : 0] ?? null)) {
        return notCovered('Its sequences have lengths of their own.', outputs, weights);
      }
      const setting =
        unusual.find(name => isSet(context, name)) ?? (hasPlainActivations(context, cell) ? undefined : 'activations');
      if (setting) return notCovered(`Its attribute '${setting}' is not covered.`, outputs, weights);
      if (batchOf(input) !== (batchFirst ? 0 : 1) && batchOf(input) !== 'none') {
        return notCovered('The batch is not on the axis it takes for the batch.', outputs, weights);
      }
      const op: RecurrentOp = {
        kind: 'recurrent',
        cell,
        units: plainDim(units),
        bidirectional,
        returnSequences: usesSequence(context),
        ...(cell === 'gru' && intAttribute(context, 'linear_before_reset', 0) !== 0 ? { resetAfter: true } : {}),
        ...(stringAttribute(context, 'direction', 'forward') === 'reverse'
          ? ({ goBackwards: 'aligned' } as const)
          : {}),
        ...([5, 6].some(index => isNonzeroConstant(context, index)) ? { initialState: true } : {}),
      };
      return { op, outputs, weights };
    },
  };
}

/** Whether sequences may be shorter than the input is long. */
function hasLengths(context: NodeContext, steps: Dim): boolean {
  if (optionalInput(context, 4)?.kind !== 'constant') return false;
  const lengths = allNumbers(inputElements(context, 4));
  return !lengths || steps === null || lengths.some(length => length !== steps);
}

/** Whether a constant input is not known to be zero. */
function isNonzeroConstant(context: NodeContext, index: number): boolean {
  if (optionalInput(context, index)?.kind !== 'constant') return false;
  return allNumbers(inputElements(context, index))?.every(value => value === 0) !== true;
}

/** The first output holds every step; a node may name only the last state. */
function usesSequence({ node }: NodeContext): boolean {
  return node.outputs[0] !== undefined && node.outputs[0] !== '';
}

function unitsOf(context: NodeContext, ofKernel: Dim): Dim {
  const named = context.node.attributes.has('hidden_size') ? intAttribute(context, 'hidden_size', 0) : null;
  if (named !== null && ofKernel !== null && named !== ofKernel) {
    fail(`its hidden_size is ${named}, but its recurrent kernel is for ${ofKernel} units`);
  }
  return ofKernel ?? checkedDim(named);
}

function stateOutputs(
  shape: readonly Dim[],
  batch: Batch,
  batchFirst: boolean,
  bidirectional: boolean,
  units: Dim,
): readonly OutputValue[] {
  const directions = bidirectional ? 2 : 1;
  const samples = shape[batchFirst ? 0 : 1] ?? null;
  const steps = shape[batchFirst ? 1 : 0] ?? null;
  const elsewhere: Batch = batch === 'none' ? 'none' : 'lost';
  const expected = batch === (batchFirst ? 0 : 1);
  const sequence: OutputValue = batchFirst
    ? { shape: [samples, steps, directions, units], batch: expected ? 0 : elsewhere }
    : { shape: [steps, directions, samples, units], batch: expected ? 2 : elsewhere };
  const state: OutputValue = batchFirst
    ? { shape: [samples, directions, units], batch: expected ? 0 : elsewhere }
    : { shape: [directions, samples, units], batch: expected ? 1 : elsewhere };
  return [sequence, state, state];
}

export const recurrentOperators: Readonly<Record<string, Operator>> = {
  RNN: recurrent('simple'),
  GRU: recurrent('gru'),
  LSTM: recurrent('lstm'),
};
