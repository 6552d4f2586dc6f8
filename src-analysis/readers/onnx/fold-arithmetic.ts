import { inputElements, type NodeContext } from './context.ts';
import { broadcastReader, type Fold, tabulate } from './fold-tensor.ts';
import { isFloatType } from './model.ts';
import { product } from './value.ts';

function inputIsInteger({ inputs }: NodeContext): boolean {
  const first = inputs[0];
  return first?.kind === 'constant' && !isFloatType(first.dataType);
}

/** Operands that are computed with; the operators of any number of them are given two or three. */
const MAX_OPERANDS = 64;

function elementwise(count: number, compute: (integer: boolean, ...operands: number[]) => number): Fold {
  return (context, shape) => {
    if (count > MAX_OPERANDS) return null;
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

/** Folds of operators that compute new numbers, by the operator's name. */
export const arithmeticFolds: readonly (readonly [string, Fold])[] = [
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
];
