import type { MergeOp, Op, WeightRef } from '../../../model/graph.ts';
import {
  batchOf,
  fail,
  intAttribute,
  type NodeContext,
  type Operator,
  type Outcome,
  requiredInput,
  sameAsInput,
  weightRef,
} from '../context.ts';
import type { ConstantValue, Value } from '../value.ts';
import { broadcastValues } from './broadcast.ts';
import { known } from './known.ts';

type Merge = MergeOp['merge'];

/** Two operands: two activations merge, one and a constant are elementwise arithmetic. */
function binary(name: string, merge: Merge | null, learned: boolean, more: readonly string[] = []): Operator {
  return {
    // `axis`, `broadcast`: how operator sets before 7 aligned the second operand.
    attributes: ['axis', 'broadcast', 'consumed_inputs', ...more],
    infer: context => {
      const a = requiredInput(context, 0);
      const b = alignedOperand(context, a, requiredInput(context, 1));
      const constants = [a, b].filter(value => value.kind === 'constant');
      const outputs = [broadcastValues([a, b])];
      const op: Op =
        merge && constants.length === 0
          ? { kind: 'merge', merge }
          : { kind: 'elementwise', name: a.kind === 'constant' ? (reversed[name] ?? name) : name };
      return { op, outputs, weights: constants.map(constant => operandRef(constant, name, learned)) };
    },
  };
}

/** Names of what is not commutative, where the constant stands on the left: c − x, c / x, c ** x. */
const reversed: Readonly<Record<string, string>> = {
  subtract: 'reverseSubtract',
  divide: 'reverseDivide',
  pow: 'reversePow',
  mod: 'reverseMod',
};

/**
 * A constant operand. Exporters write learned scales and offsets (layer scale, position embeddings, the last two steps
 * of a spelled-out normalisation) as initializers of Mul and Add, or parts of them; subtracted and divided constants, single numbers and
 * Constant nodes are the author's own figures.
 */
function operandRef(constant: ConstantValue, name: string, learned: boolean): WeightRef {
  const several = constant.shape === null || constant.shape.some(dim => dim !== 1);
  const isStored = constant.origin?.initializer ?? constant.derivation === 'part';
  const isLearned = learned && several && isStored;
  return weightRef(constant, isLearned ? (name === 'add' ? 'offset' : 'scale') : 'constant', isLearned);
}

/** Before operator set 7 the second operand's axes began at `axis` of the first, not at its right end. */
export function alignedOperand(context: NodeContext, a: Value, b: Value): Value {
  if (context.opset >= 7 || !context.node.attributes.has('axis')) return b;
  const axis = intAttribute(context, 'axis', 0);
  if (a.shape === null || b.shape === null) return { ...b, shape: null };
  const trailing = a.shape.length - axis - b.shape.length;
  if (axis < 0 || trailing < 0) fail(`its attribute 'axis' is ${axis}`);
  return { ...b, shape: [...b.shape, ...Array<number>(trailing).fill(1)] };
}

/** Any number of operands. */
function variadic(name: string, merge: Merge): Operator {
  return {
    attributes: ['consumed_inputs'],
    infer: context => {
      const values = context.inputs.filter(value => value !== null);
      if (values.length === 0) fail('it has no input');
      const outputs = [broadcastValues(values)];
      const activations = values.filter(value => value.kind === 'activation');
      if (values.length === 1) return { op: { kind: 'identity' }, outputs };
      if (activations.length === 1 && values.length === 2) {
        const constants = values.filter(value => value.kind === 'constant');
        return { op: { kind: 'elementwise', name }, outputs, weights: constants.map(c => operandRef(c, name, false)) };
      }
      return { op: { kind: 'merge', merge }, outputs, edges: values };
    },
  };
}

/** One operand, entry by entry. */
export function unary(describe: (context: NodeContext) => Op, attributes: readonly string[] = []): Operator {
  return {
    attributes: ['consumed_inputs', ...attributes],
    infer: (context): Outcome => {
      const input = requiredInput(context, 0);
      return { op: describe(context), outputs: [{ shape: input.shape, batch: batchOf(input) }] };
    },
  };
}

/** An operator of one operand that has no parameters and is not an activation function of its own. */
function plain(name: string, attributes: readonly string[] = []): Operator {
  return unary(() => ({ kind: 'elementwise', name }), attributes);
}

const floatTargets: ReadonlySet<number> = new Set([1, 11]);

/** To float32 or float64 every value and its gradient pass; to anything else they are rounded. */
function castOp(context: NodeContext): Op {
  const to = context.node.attributes.get('to');
  return to?.type === 'int' && floatTargets.has(to.value)
    ? { kind: 'identity' }
    : { kind: 'elementwise', name: 'cast' };
}

const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'And', 'Or', 'Xor'];

const plainUnary = [
  'Abs',
  'Acos',
  'Acosh',
  'Asin',
  'Asinh',
  'Atan',
  'Atanh',
  'Ceil',
  'Cos',
  'Cosh',
  'Erf',
  'Floor',
  'IsInf',
  'IsNaN',
  'Log',
  'Neg',
  'Not',
  'Reciprocal',
  'Round',
  'Sign',
  'Sin',
  'Sinh',
  'Sqrt',
  'Tan',
];

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export const elementwiseOperators: Readonly<Record<string, Operator>> = {
  Add: binary('add', 'add', true),
  Sub: binary('subtract', 'subtract', false),
  Mul: binary('multiply', 'multiply', true),
  Div: binary('divide', 'divide', false),
  Pow: binary('pow', null, false),
  Mod: binary('mod', null, false, ['fmod']),
  BitwiseAnd: binary('bitwiseAnd', null, false),
  BitwiseOr: binary('bitwiseOr', null, false),
  BitwiseXor: binary('bitwiseXor', null, false),
  BitwiseNot: plain('bitwiseNot'),
  BitShift: binary('bitShift', null, false, ['direction']),
  Sum: variadic('add', 'add'),
  Mean: variadic('average', 'average'),
  Max: variadic('maximum', 'maximum'),
  Min: variadic('minimum', 'minimum'),
  ...Object.fromEntries(comparisons.map(type => [type, binary(lowerFirst(type), null, false)])),
  ...Object.fromEntries(plainUnary.map(type => [type, plain(lowerFirst(type))])),
  IsInf: plain('isInf', ['detect_negative', 'detect_positive']),
  Cast: unary(castOp, ['to', 'saturate', 'round_mode']),
  CastLike: known('cast', context => [sameAsInput(context)], ['saturate', 'round_mode']),
  BitCast: plain('bitCast', ['to']),
  // Operators that were experimental before operator set 7.
  Affine: plain('affine', ['alpha', 'beta']),
  ImageScaler: plain('imageScaler', ['bias', 'scale']),
  Scale: plain('scale', ['scale']),
  ParametricSoftplus: plain('parametricSoftplus', ['alpha', 'beta']),
  ScaledTanh: plain('scaledTanh', ['alpha', 'beta']),
  Identity: unary(() => ({ kind: 'identity' })),
};
