import { inputElements, intAttribute, type NodeContext, normalizeAxis } from './context.ts';
import { plainDim, plus, product } from './dimension.ts';
import { arithmeticFolds } from './fold-arithmetic.ts';
import { broadcastReader, completeShape, type Element, type Fold, flatIndex, tabulate } from './fold-tensor.ts';
import { isFloatType } from './model.ts';
import { shapeBounds } from './operators/shape.ts';
import { readSlices } from './operators/slicing.ts';
import type { Elements } from './value.ts';

/** Values of more entries are neither shapes nor parameters; they are not computed. */
export const MAX_FOLDED_ELEMENTS = 4096;

/** Work that folding one model may take, in element reads. Real models need a few thousand. */
export interface FoldBudget {
  remaining: number;
}

export function foldBudget(): FoldBudget {
  return { remaining: 4_000_000 };
}

/** Arithmetic on an expression takes that much longer than on a number. */
const EXPRESSION_COST = 20;

function hasExpressions({ inputs }: NodeContext): boolean {
  return inputs.some(
    value => value?.kind === 'constant' && value.elements()?.some(element => typeof element === 'string'),
  );
}

/**
 * The elements that a node of constants gives, for the arithmetic on shapes that exporters emit. An element that is not
 * known (a symbolic dimension) stays unknown through everything that uses it, and leaves the others known.
 *
 * @param shape of the output, complete.
 */
export function foldElements(
  context: NodeContext,
  shape: readonly number[],
  output: number,
  budget: FoldBudget,
): Elements | null {
  const count = plainDim(product(shape));
  if (count === null || count > MAX_FOLDED_ELEMENTS) return null;
  const cost = (count + 1) * (context.inputs.length + 1) * (hasExpressions(context) ? EXPRESSION_COST : 1);
  if (cost > budget.remaining) return null;
  budget.remaining -= cost;
  const elements = folds.get(context.node.opType)?.(context, shape, output) ?? null;
  return elements?.length === count ? elements : null;
}

/** Entries stay in their order: Reshape and its like. */
const sameElements: Fold = context => inputElements(context, 0);

const cast: Fold = context => {
  const to = context.node.attributes.get('to');
  const toInteger = to?.type === 'int' && !isFloatType(to.value);
  return inputElements(context, 0)?.map(x => (typeof x === 'number' && toInteger ? Math.trunc(x) : x)) ?? null;
};

const shapeOf: Fold = context => {
  const dims = context.inputs[0]?.shape;
  if (!dims) return null;
  const [start, end] = shapeBounds(context);
  return dims.slice(start(dims.length), end(dims.length));
};

const sizeOf: Fold = context => {
  const dims = context.inputs[0]?.shape;
  return dims ? [product(dims)] : null;
};

const gather: Fold = (context, shape) => {
  const data = completeShape(context.inputs[0]);
  const indices = completeShape(context.inputs[1]);
  const values = inputElements(context, 0);
  const picks = inputElements(context, 1);
  if (!data || !indices || !values || !picks) return null;
  const axis = normalizeAxis(intAttribute(context, 'axis', 0), data.length);
  return tabulate(shape, coordinates => {
    const pick = picks[flatIndex(indices, coordinates.slice(axis, axis + indices.length))] ?? null;
    if (typeof pick !== 'number') return null;
    const position = pick < 0 ? pick + data[axis]! : pick;
    if (position < 0 || position >= data[axis]!) return null;
    const source = [...coordinates.slice(0, axis), position, ...coordinates.slice(axis + indices.length)];
    return values[flatIndex(data, source)] ?? null;
  });
};

const concat: Fold = (context, shape) => {
  const parts = context.inputs.map((input, index) => ({
    shape: completeShape(input),
    elements: inputElements(context, index),
  }));
  const axis = normalizeAxis(intAttribute(context, 'axis', 0), shape.length);
  return tabulate(shape, coordinates => {
    let position = coordinates[axis]!;
    for (const part of parts) {
      const length = part.shape?.[axis];
      if (length === undefined) return null;
      if (position < length) {
        return part.elements?.[flatIndex(part.shape!, coordinates.with(axis, position))] ?? null;
      }
      position -= length;
    }
    return null;
  });
};

const slice: Fold = (context, shape) => {
  const data = completeShape(context.inputs[0]);
  const values = inputElements(context, 0);
  const slices = data && readSlices(context, data);
  if (!data || !values || !slices) return null;
  return tabulate(shape, coordinates => {
    const source = coordinates.map((position, axis) => {
      const cut = slices.get(axis);
      return cut ? (plainDim(cut.start) ?? Number.NaN) + position * (cut.step ?? Number.NaN) : position;
    });
    return values[flatIndex(data, source)] ?? null;
  });
};

const split: Fold = (context, shape, output) => {
  const data = completeShape(context.inputs[0]);
  const values = inputElements(context, 0);
  if (!data || !values) return null;
  const axis = normalizeAxis(intAttribute(context, 'axis', 0), data.length);
  const given = inputElements(context, 1) ?? attributeInts(context, 'split');
  const offset = given
    ? given.slice(0, output).reduce<Element>(plus, 0)
    : output * Math.ceil(data[axis]! / intAttribute(context, 'num_outputs', context.node.outputs.length));
  if (typeof offset !== 'number') return null;
  return tabulate(shape, coordinates => {
    const source = coordinates.with(axis, coordinates[axis]! + offset);
    return values[flatIndex(data, source)] ?? null;
  });
};

function attributeInts({ node }: NodeContext, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value : null;
}

const transpose: Fold = (context, shape) => {
  const data = completeShape(context.inputs[0]);
  const values = inputElements(context, 0);
  if (!data || !values) return null;
  const perm = attributeInts(context, 'perm') ?? data.map((_, axis) => data.length - 1 - axis);
  return tabulate(shape, coordinates => {
    const source = data.map((_, axis) => coordinates[perm.indexOf(axis)] ?? 0);
    return values[flatIndex(data, source)] ?? null;
  });
};

const expand: Fold = (context, shape) => {
  const read = broadcastReader(context, 0);
  return read && tabulate(shape, read);
};

const tile: Fold = (context, shape) => {
  const data = completeShape(context.inputs[0]);
  const values = inputElements(context, 0);
  if (!data || !values) return null;
  return tabulate(
    shape,
    at =>
      values[
        flatIndex(
          data,
          at.map((position, axis) => position % data[axis]!),
        )
      ] ?? null,
  );
};

const where: Fold = (context, shape) => {
  const [condition, yes, no] = [0, 1, 2].map(index => broadcastReader(context, index));
  if (!condition || !yes || !no) return null;
  return tabulate(shape, coordinates => {
    const chosen = condition(coordinates);
    return chosen === null ? null : (chosen === 0 ? no : yes)(coordinates);
  });
};

const constantOfShape: Fold = (context, shape) => {
  const attribute = context.node.attributes.get('value');
  const fill = attribute?.type === 'tensor' ? tensorScalar(attribute.value.read) : 0;
  return Array<Element>(plainDim(product(shape)) ?? 0).fill(fill);
};

function tensorScalar(read: () => ArrayLike<number | bigint>): Element {
  try {
    const value = read()[0];
    return value === undefined ? null : Number(value);
  } catch {
    return null;
  }
}

const range: Fold = (context, shape) => {
  const [start, , delta] = [0, 1, 2].map(index => inputElements(context, index)?.[0] ?? null);
  if (typeof start !== 'number' || typeof delta !== 'number') return null;
  return tabulate(shape, ([position]) => start + position! * delta);
};

const folds: ReadonlyMap<string, Fold> = new Map<string, Fold>([
  ['Shape', shapeOf],
  ['Size', sizeOf],
  ['ConstantOfShape', constantOfShape],
  ['Range', range],
  ['Identity', sameElements],
  ['Reshape', sameElements],
  ['Flatten', sameElements],
  ['Squeeze', sameElements],
  ['Unsqueeze', sameElements],
  ['Cast', cast],
  ['Gather', gather],
  ['Concat', concat],
  ['Slice', slice],
  ['Split', split],
  ['Transpose', transpose],
  ['Expand', expand],
  ['Tile', tile],
  ['Where', where],
  ...arithmeticFolds,
]);
