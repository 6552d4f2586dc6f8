import { inputElements, type NodeContext } from './context.ts';
import {
  allNumbers,
  type Dim,
  differ,
  exactQuotient,
  floorQuotient,
  minus,
  plus,
  product,
  times,
} from './dimension.ts';
import { broadcastReader, type Fold, tabulate } from './fold-tensor.ts';
import { isFloatType } from './model.ts';

function inputIsInteger({ inputs }: NodeContext): boolean {
  const first = inputs[0];
  return first?.kind === 'constant' && !isFloatType(first.dataType);
}

/** Operands that are computed with; the operators of any number of them are given two or three. */
const MAX_OPERANDS = 64;

/** The same operation on lengths that are expressions; null where it cannot be told. */
type Symbolic = (...operands: Dim[]) => Dim;

function elementwise(
  count: number,
  compute: (integer: boolean, ...operands: number[]) => number,
  symbolic: Symbolic = () => null,
): Fold {
  return (context, shape) => {
    if (count > MAX_OPERANDS) return null;
    const operands = context.inputs.slice(0, count).map((_, index) => broadcastReader(context, index));
    if (operands.length < count || operands.includes(null)) return null;
    const integer = inputIsInteger(context);
    return tabulate(shape, coordinates => {
      const values = operands.map(read => read!(coordinates));
      if (values.includes(null)) return null;
      const numbers = allNumbers(values);
      if (numbers === null) return symbolic(...values);
      const result = compute(integer, ...numbers);
      return Number.isNaN(result) || (integer && !Number.isFinite(result)) ? null : result;
    });
  };
}

function unary(compute: (x: number) => number, symbolic?: Symbolic): Fold {
  return elementwise(1, (_, x) => compute(x!), symbolic);
}
function binary(compute: (x: number, y: number) => number, symbolic?: Symbolic): Fold {
  return elementwise(2, (_, x, y) => compute(x!, y!), symbolic);
}

/** Entry by entry over any number of inputs. */
function variadic(combine: (x: number, y: number) => number): Fold {
  return (context, shape, output) =>
    elementwise(context.inputs.length, (_, first, ...rest) => rest.reduce(combine, first!))(context, shape, output);
}

/** Reductions of a whole list to one number, as exporters use them on shapes. */
function reduction(start: number, combine: (x: number, y: number) => number, symbolic?: typeof times): Fold {
  return (context, shape) => {
    const values = inputElements(context, 0);
    if (!values || product(shape) !== 1) return null;
    const numbers = allNumbers(values);
    if (numbers) return [numbers.reduce(combine, start)];
    return [symbolic ? values.reduce(symbolic, start) : null];
  };
}

const truth = (condition: boolean) => (condition ? 1 : 0);

/** Expressions are whole. */
const same: Symbolic = (dim = null) => dim;

const division: Fold = (context, shape, output) => {
  const compute = (integer: boolean, x = 0, y = 0) => (integer ? Math.trunc(x / y) : x / y);
  return elementwise(2, compute, inputIsInteger(context) ? quotient : exactQuotient)(context, shape, output);
};

/** Lengths are not negative, so that rounding to zero is rounding down. */
function quotient(a: Dim, b: Dim): Dim {
  return typeof b === 'number' ? floorQuotient(a, b) : exactQuotient(a, b);
}

/** An axis has at least one entry: exporters compare its length with the −1 and 0 that target shapes may hold. */
function equal(a: Dim, b: Dim): Dim {
  if (a === b) return a === null ? null : 1;
  return differ(a, b) || (isPositive(a) && isNoLength(b)) || (isPositive(b) && isNoLength(a)) ? 0 : null;
}

/** A sum and product of lengths without a difference or quotient. */
function isPositive(dim: Dim): boolean {
  return typeof dim === 'string' && !/[-(]/.test(dim);
}

function isNoLength(dim: Dim): boolean {
  return typeof dim === 'number' && dim <= 0;
}

/** Folds of operators that compute new numbers, by the operator's name. */
export const arithmeticFolds: readonly (readonly [string, Fold])[] = [
  ['Add', binary((x, y) => x + y, plus)],
  ['Sub', binary((x, y) => x - y, minus)],
  ['Mul', binary((x, y) => x * y, times)],
  ['Div', division],
  // Integer remainders take the divisor's sign in ONNX; fmod, which takes the dividend's, is not used on shapes.
  ['Mod', binary((x, y) => x - y * Math.floor(x / y))],
  ['Pow', binary((x, y) => x ** y)],
  ['Max', variadic((x, y) => Math.max(x, y))],
  ['Min', variadic((x, y) => Math.min(x, y))],
  ['Sum', variadic((x, y) => x + y)],
  ['Equal', binary((x, y) => truth(x === y), equal)],
  ['Greater', binary((x, y) => truth(x > y))],
  ['GreaterOrEqual', binary((x, y) => truth(x >= y))],
  ['Less', binary((x, y) => truth(x < y))],
  ['LessOrEqual', binary((x, y) => truth(x <= y))],
  ['And', binary((x, y) => truth(x !== 0 && y !== 0))],
  ['Or', binary((x, y) => truth(x !== 0 || y !== 0))],
  ['Not', unary(x => truth(x === 0))],
  ['Neg', unary(x => -x)],
  ['Abs', unary(Math.abs)],
  ['Floor', unary(Math.floor, same)],
  ['Ceil', unary(Math.ceil, same)],
  ['Sqrt', unary(Math.sqrt)],
  ['Reciprocal', unary(x => 1 / x)],
  ['ReduceProd', reduction(1, (x, y) => x * y, times)],
  ['ReduceSum', reduction(0, (x, y) => x + y, plus)],
  ['ReduceMax', reduction(Number.NEGATIVE_INFINITY, (x, y) => Math.max(x, y))],
  ['ReduceMin', reduction(Number.POSITIVE_INFINITY, (x, y) => Math.min(x, y))],
];
