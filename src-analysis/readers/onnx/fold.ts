import { inputElements, intAttribute, type NodeContext, normalizeAxis } from './context.ts';
import { isFloatType } from './model.ts';
import { shapeBounds } from './operators/shape.ts';
import { readSlices } from './operators/slicing.ts';
import { type Elements, product, type Value } from './value.ts';

/** Values of more entries are neither shapes nor parameters; they are not computed. */
export const MAX_FOLDED_ELEMENTS = 4096;

/** Work that folding one model may take, in element reads. Real models need a few thousand. */
export interface FoldBudget {
  remaining: number;
}

export function foldBudget(): FoldBudget {
  return { remaining: 4_000_000 };
}

type Element = number | null;

/** Computes an operator's output elements, given the output's shape. Null: cannot be told. */
type Fold = (context: NodeContext, shape: readonly number[], output: number) => Elements | null;

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
  const count = product(shape);
  if (count === null || count > MAX_FOLDED_ELEMENTS) return null;
  const cost = (count + 1) * (context.inputs.length + 1);
  if (cost > budget.remaining) return null;
  budget.remaining -= cost;
  const elements = folds.get(context.node.opType)?.(context, shape, output) ?? null;
  return elements?.length === count ? elements : null;
}

function completeShape(value: Value | null | undefined): readonly number[] | null {
  if (!value?.shape || value.shape.includes(null)) return null;
  return value.shape as readonly number[];
}

/** Row-major position of every entry of `shape`, as coordinates, given to `at`. */
function tabulate(shape: readonly number[], at: (coordinates: readonly number[]) => Element): Element[] {
  const result: Element[] = [];
  const coordinates = shape.map(() => 0);
  const count = product(shape) ?? 0;
  for (let i = 0; i < count; i++) {
    result.push(at(coordinates));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      coordinates[axis]! += 1;
      if (coordinates[axis]! < shape[axis]!) break;
      coordinates[axis] = 0;
    }
  }
  return result;
}

function flatIndex(shape: readonly number[], coordinates: readonly number[]): number {
  return shape.reduce((index, dim, axis) => index * dim + coordinates[axis]!, 0);
}

/** Reads an input by the coordinates of a shape it is broadcast to. */
function broadcastReader(context: NodeContext, index: number): ((coordinates: readonly number[]) => Element) | null {
  const shape = completeShape(context.inputs[index]);
  const elements = inputElements(context, index);
  if (!shape || !elements) return null;
  return coordinates => {
    const lead = coordinates.length - shape.length;
    const own = shape.map((dim, axis) => (dim === 1 ? 0 : coordinates[lead + axis]!));
    return elements[flatIndex(shape, own)] ?? null;
  };
}

function inputIsInteger({ inputs }: NodeContext): boolean {
  const first = inputs[0];
  return first?.kind === 'constant' && !isFloatType(first.dataType);
}

function elementwise(count: number, compute: (integer: boolean, ...operands: number[]) => number): Fold {
  return (context, shape) => {
    const operands = context.inputs.slice(0, count).map((_, index) => broadcastReader(context, index));
    if (operands.length < count || operands.includes(null)) return null;
    const integer = inputIsInteger(context);
    return tabulate(shape, coordinates => {
      const values = operands.map(read => read!(coordinates));
      if (values.includes(null)) return null;
      const result = compute(integer, ...(values as number[]));
      return Number.isNaN(result) || (integer && !Number.isFinite(result)) ? null : result;
    });
  };
}

const unary = (compute: (x: number) => number) => elementwise(1, (_, x) => compute(x!));
const binary = (compute: (x: number, y: number) => number) => elementwise(2, (_, x, y) => compute(x!, y!));

/** Entry by entry over any number of inputs. */
function variadic(combine: (x: number, y: number) => number): Fold {
  return (context, shape, output) =>
    elementwise(context.inputs.length, (_, first, ...rest) => rest.reduce(combine, first!))(context, shape, output);
}

/** Entries stay in their order: Reshape and its like. */
const sameElements: Fold = context => inputElements(context, 0);

const cast: Fold = context => {
  const to = context.node.attributes.get('to');
  const toInteger = to?.type === 'int' && !isFloatType(to.value);
  return inputElements(context, 0)?.map(x => (x === null || !toInteger ? x : Math.trunc(x))) ?? null;
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
    if (pick === null) return null;
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
      return cut ? (cut.start ?? Number.NaN) + position * (cut.step ?? Number.NaN) : position;
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
    ? given.slice(0, output).reduce<Element>((sum, n) => (sum === null || n === null ? null : sum + n), 0)
    : output * Math.ceil(data[axis]! / intAttribute(context, 'num_outputs', context.node.outputs.length));
  if (offset === null) return null;
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
  return Array<Element>(product(shape) ?? 0).fill(fill);
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
  if (start == null || delta == null) return null;
  return tabulate(shape, ([position]) => start + position! * delta);
};

/** Reductions of a whole list to one number, as exporters use them on shapes. */
function reduction(start: number, combine: (x: number, y: number) => number): Fold {
  return (context, shape) => {
    const values = inputElements(context, 0);
    if (!values || product(shape) !== 1) return null;
    if (values.includes(null)) return [null];
    return [(values as readonly number[]).reduce(combine, start)];
  };
}

const truth = (condition: boolean) => (condition ? 1 : 0);

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
  ['Add', binary((x, y) => x + y)],
  ['Sub', binary((x, y) => x - y)],
  ['Mul', binary((x, y) => x * y)],
  ['Div', elementwise(2, (integer, x, y) => (integer ? Math.trunc(x! / y!) : x! / y!))],
  // Integer remainders take the divisor's sign in ONNX; fmod, which takes the dividend's, is not used on shapes.
  ['Mod', binary((x, y) => x - y * Math.floor(x / y))],
  ['Pow', binary((x, y) => x ** y)],
  ['Max', variadic((x, y) => Math.max(x, y))],
  ['Min', variadic((x, y) => Math.min(x, y))],
  ['Sum', variadic((x, y) => x + y)],
  ['Equal', binary((x, y) => truth(x === y))],
  ['Greater', binary((x, y) => truth(x > y))],
  ['GreaterOrEqual', binary((x, y) => truth(x >= y))],
  ['Less', binary((x, y) => truth(x < y))],
  ['LessOrEqual', binary((x, y) => truth(x <= y))],
  ['And', binary((x, y) => truth(x !== 0 && y !== 0))],
  ['Or', binary((x, y) => truth(x !== 0 || y !== 0))],
  ['Not', unary(x => truth(x === 0))],
  ['Neg', unary(x => -x)],
  ['Abs', unary(Math.abs)],
  ['Floor', unary(Math.floor)],
  ['Ceil', unary(Math.ceil)],
  ['Sqrt', unary(Math.sqrt)],
  ['Reciprocal', unary(x => 1 / x)],
  ['ReduceProd', reduction(1, (x, y) => x * y)],
  ['ReduceSum', reduction(0, (x, y) => x + y)],
  ['ReduceMax', reduction(Number.NEGATIVE_INFINITY, (x, y) => Math.max(x, y))],
  ['ReduceMin', reduction(Number.POSITIVE_INFINITY, (x, y) => Math.min(x, y))],
]);
