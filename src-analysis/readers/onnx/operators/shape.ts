import {
  fail,
  inputElements,
  inputScalar,
  listParameter,
  MAX_RANK,
  type NodeContext,
  type Operator,
  requiredInput,
  sameAsInput,
} from '../context.ts';
import { checkedDim, type Dim, floorQuotient, minus, plus } from '../dimension.ts';
import { broadcastValues } from './broadcast.ts';
import { known, plainConstants, sameShape } from './known.ts';

/** What exporters compute shapes with. The results are constants: no layer comes of these, only a shape. */
const constantOp = { kind: 'constant' } as const;

const shape: Operator = {
  attributes: ['start', 'end'],
  infer: context => {
    const [first, last] = shapeBounds(context);
    const rank = requiredInput(context, 0).shape?.length;
    const length = rank === undefined ? null : Math.max(0, last(rank) - first(rank));
    return { op: constantOp, outputs: [{ shape: [length], batch: 'none' }] };
  },
};

/** Shape's `start` and `end` (operator set 15) as positions, for a given rank. */
export function shapeBounds({ node }: NodeContext): readonly [(rank: number) => number, (rank: number) => number] {
  const bound = (name: string, fallback: (rank: number) => number) => (rank: number) => {
    const attribute = node.attributes.get(name);
    const given = attribute?.type === 'int' ? attribute.value : fallback(rank);
    return Math.min(Math.max(given < 0 ? given + rank : given, 0), rank);
  };
  return [bound('start', () => 0), bound('end', rank => rank)];
}

const size: Operator = { infer: () => ({ op: constantOp, outputs: [{ shape: [], batch: 'none' }] }) };

const constantOfShape: Operator = {
  attributes: ['value'],
  infer: context => {
    const wanted = listParameter(context, 'shape', 0);
    if (!wanted.given) fail('its shape is missing');
    if (wanted.values && wanted.values.length > MAX_RANK) fail(`its result would have ${wanted.values.length} axes`);
    const dims = wanted.values?.map(dim => checkedDim(dim)) ?? null;
    return { op: constantOp, outputs: [{ shape: dims, batch: 'none' }] };
  },
};

const range: Operator = {
  attributes: ['stash_type'],
  infer: context => {
    const [start, limit, delta] = [0, 1, 2].map(index => inputElements(context, index)?.[0] ?? null);
    if (delta === 0) fail('its step is 0');
    const length = rangeLength(start ?? null, limit ?? null, delta ?? null);
    return { op: constantOp, outputs: [{ shape: [length], batch: 'none' }] };
  },
};

function rangeLength(start: Dim, limit: Dim, delta: Dim): Dim {
  if (typeof delta !== 'number') return null;
  const span = minus(limit, start);
  if (typeof span === 'number') return checkedDim(Math.max(0, Math.ceil(span / delta)));
  return delta > 0 ? floorQuotient(plus(span, delta - 1), delta) : null;
}

/** A choice between two values by a condition, entry by entry. */
const where: Operator = {
  infer: context => {
    const values = [0, 1, 2].map(index => requiredInput(context, index));
    return {
      op: { kind: 'elementwise', name: 'where' },
      outputs: [broadcastValues(values)],
      weights: plainConstants(context),
    };
  },
};

export const shapeOperators: Readonly<Record<string, Operator>> = {
  Shape: shape,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
  Where: where,
  LpNormalization: known('lpNormalization', sameShape, ['axis', 'p']),
  MeanVarianceNormalization: known('meanVarianceNormalization', sameShape, [
    'across_channels',
    'axes',
    'normalize_variance',
  ]),
};

/** Dropout: the identity at inference; its rate is an attribute before operator set 12, an input since. */
export const dropout: Operator = {
  attributes: ['ratio', 'is_test', 'seed', 'consumed_inputs'],
  infer: context => {
    const output = sameAsInput(context);
    const attribute = context.node.attributes.get('ratio');
    const given = attribute?.type === 'float' ? attribute.value : null;
    const rate = given ?? (context.inputs[1] ? inputScalar(context, 1, 0.5) : 0.5);
    return { op: { kind: 'dropout', rate }, outputs: [output, output] };
  },
};
