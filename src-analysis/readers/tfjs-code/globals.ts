import { touch } from './branches.ts';
import { arrayOfLength, callback } from './builtin-arrays.ts';
import type { Context } from './context.ts';
import { unknownOf } from './context.ts';
import { importedModule } from './modules.ts';
import { spreadInto } from './object-literals.ts';
import { textOf } from './operators.ts';
import { elementsOf, keyOf } from './properties.ts';
import type { BuiltinValue, Call, ObjectValue, UnknownValue, Value } from './values.ts';
import { isArray, isObject, isPrimitive, isUnknown, truthiness, unknown } from './values.ts';

type Run = (context: Context, call: Call) => Value;

function builtin(name: string, run: Run, members?: Readonly<Record<string, Value | Run>>): BuiltinValue {
  return { kind: 'builtin', name, run, ...(members && { members: membersOf(name, members) }) };
}

function membersOf(owner: string, members: Readonly<Record<string, Value | Run>>): ReadonlyMap<string, Value> {
  return new Map(
    Object.entries(members).map(([key, member]) => [
      key,
      typeof member === 'function' ? builtin(`${owner}.${key}`, member) : member,
    ]),
  );
}

/** A function of known primitives; of anything else its result is unknown. */
function pure(compute: (...args: (undefined | null | boolean | number | string)[]) => Value): Run {
  return (_context, { args }) => (args.every(isPrimitive) ? compute(...args) : unknownOf(args));
}

const notAFunction: Run = () => unknown('it is not a function that is called like this');

const mathFunctions = [
  ['abs', 'acos', 'acosh', 'asin', 'asinh', 'atan', 'atan2', 'atanh', 'cbrt', 'ceil', 'clz32', 'cos', 'cosh', 'exp'],
  ['expm1', 'floor', 'fround', 'hypot', 'imul', 'log', 'log10', 'log1p', 'log2', 'max', 'min', 'pow', 'round', 'sign'],
  ['sin', 'sinh', 'sqrt', 'tan', 'tanh', 'trunc'],
].flat();

const math = builtin('Math', notAFunction, {
  PI: Math.PI,
  E: Math.E,
  LN2: Math.LN2,
  LN10: Math.LN10,
  SQRT2: Math.SQRT2,
  random: () => unknown('`Math.random()` is a random number'),
  ...Object.fromEntries(
    mathFunctions.map(name => {
      const compute = Reflect.get(Math, name) as (...numbers: number[]) => number;
      return [name, pure((...args) => compute(...args.map(Number)))];
    }),
  ),
});

const number = builtin(
  'Number',
  pure(value => Number(value)),
  {
    isInteger: pure(value => Number.isInteger(value)),
    isFinite: pure(value => Number.isFinite(value)),
    isNaN: pure(value => Number.isNaN(value)),
    parseInt: pure((text, radix) => Number.parseInt(String(text), radix === undefined ? undefined : Number(radix))),
    parseFloat: pure(text => Number.parseFloat(String(text))),
    MAX_SAFE_INTEGER: Number.MAX_SAFE_INTEGER,
    EPSILON: Number.EPSILON,
  },
);

const array = builtin('Array', makeArray, {
  isArray: (_context, { args }) => (isUnknown(args[0]) ? unknownOf(args) : isArray(args[0])),
  of: (context, { args }) => ({ kind: 'array', born: ++context.clock, elements: [...args] }),
  from: arrayFrom,
});

function makeArray(context: Context, { args }: Call): Value {
  const [length] = args;
  if (args.length !== 1 || (typeof length !== 'number' && !isUnknown(length))) {
    return { kind: 'array', born: ++context.clock, elements: [...args] };
  }
  return arrayOfLength(context, length);
}

function arrayFrom(context: Context, call: Call): Value {
  const [source, mapper] = call.args;
  let list: Value;
  if (isObject(source)) list = arrayOfLength(context, source.entries.get('length') ?? unknown('it is not a list'));
  else {
    const elements = isArray(source) ? source.elements : elementsOf(source);
    list = elements
      ? { kind: 'array', born: ++context.clock, elements: [...elements] }
      : arrayOfLength(context, unknownOf([source]));
  }
  if (mapper === undefined || !isArray(list)) return list;
  const map = callback(context, call, mapper);
  return { kind: 'array', born: ++context.clock, elements: list.elements.map((element, index) => map(element, index)) };
}

const object = builtin('Object', (_context, { args }) => args[0], {
  keys: (context, { args }) => entryList(context, args[0], key => key),
  values: (context, { args }) => entryList(context, args[0], (_key, value) => value),
  entries: (context, { args }) =>
    entryList(context, args[0], (key, value) => ({ kind: 'array', born: ++context.clock, elements: [key, value] })),
  assign: objectAssign,
  freeze: (_context, { args }) => args[0],
  seal: (_context, { args }) => args[0],
  fromEntries,
  create: context => ({ kind: 'object', born: ++context.clock, entries: new Map() }),
});

function objectAssign(context: Context, { args }: Call): Value {
  const [target, ...sources] = args;
  if (!isObject(target)) return unknownOf(args);
  const assigned: ObjectValue = { kind: 'object', born: ++context.clock, entries: new Map() };
  for (const source of [target, ...sources]) spreadInto(context, assigned, source);
  for (const [key, value] of assigned.entries) setKey(context, target, key, value);
  if (assigned.open) target.open = assigned.open;
  return target;
}

function setKey(context: Context, target: ObjectValue, key: string, value: Value): void {
  touch(context, target);
  target.entries.set(key, value);
}

function fromEntries(context: Context, { args }: Call): Value {
  const pairs = elementsOf(args[0]);
  if (!pairs) return unknownOf(args);
  const made: ObjectValue = { kind: 'object', born: ++context.clock, entries: new Map() };
  for (const pair of pairs) {
    const [key, value] = elementsOf(pair) ?? [];
    const name = keyOf(key);
    if (name === undefined || isUnknown(key)) made.open = unknown('one of its keys is not known here');
    else made.entries.set(name, value);
  }
  return made;
}

function entryList(context: Context, value: Value, view: (key: string, value: Value) => Value): Value {
  const entries: [string, Value][] | undefined = isObject(value)
    ? [...value.entries]
    : isArray(value)
      ? value.elements.map((element, index) => [String(index), element])
      : undefined;
  if (!entries) return arrayOfLength(context, unknownOf([value]));
  context.budget.spend(entries.length);
  const elements = entries.map(([key, entry]) => view(key, entry));
  const open: UnknownValue | undefined = isObject(value) ? value.open : undefined;
  if (open && !open.defaults) elements.push({ kind: 'unknown', reason: open.reason, spread: true });
  return { kind: 'array', born: ++context.clock, elements };
}

/** `Promise.all([...])`: promises are transparent, so it is the list itself. */
const promise = builtin('Promise', () => unknown('a promise made by hand is not followed'), {
  all: (_context, { args }) => args[0],
  resolve: (_context, { args }) => args[0],
});

const text = builtin('String', (_context, { args }) => textOf(args[0]) ?? unknownOf(args));
const boolean = builtin('Boolean', (_context, { args }) => truthiness(args[0]) ?? unknownOf(args));

const consoleObject = builtin('console', () => undefined, {
  ...Object.fromEntries(
    ['log', 'info', 'warn', 'error', 'debug', 'time', 'timeEnd', 'table'].map(m => [m, () => undefined]),
  ),
});

const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['Math', math],
  ['Number', number],
  ['Array', array],
  ['Object', object],
  ['Promise', promise],
  ['String', text],
  ['Boolean', boolean],
  ['console', consoleObject],
  ['parseInt', number.members?.get('parseInt')],
  ['parseFloat', number.members?.get('parseFloat')],
  [
    'isNaN',
    builtin(
      'isNaN',
      pure(value => Number.isNaN(Number(value))),
    ),
  ],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['require', builtin('require', (context, { args, node }) => importedModule(context, args[0], '*', node))],
  ['structuredClone', builtin('structuredClone', (_context, { args }) => args[0])],
]);

const globalObjects: ReadonlySet<string> = new Set(['window', 'globalThis', 'self', 'global']);

/** A global variable of JavaScript; undefined if it is none that is evaluated. */
export function globalValue(name: string): Value {
  if (globalObjects.has(name)) return globalObject;
  return globals.get(name);
}

const globalObject = builtin('globalThis', notAFunction, { tf: { kind: 'tf', path: '' } });
