import { inBranch, join, merge, touch } from './branches.ts';
import { limits } from './budget.ts';
import { callValue } from './calls.ts';
import type { Context, Why } from './context.ts';
import { dependsOn, unknownOf } from './context.ts';
import { calleeName } from './names.ts';
import { strictlyEqual, textOf } from './operators.ts';
import type { ArrayValue, Call, UnknownValue, Value } from './values.ts';
import { isArray, isExact, isUnknown, truthiness, unknown } from './values.ts';

type Method = (context: Context, array: ArrayValue, call: Call) => Value;

/** A list of `length` undefined elements; of an unknown length, one element that stands for any number. */
export function arrayOfLength(context: Context, length: Value): ArrayValue {
  const known = typeof length === 'number' && length >= 0 && length <= limits.arrayLength;
  if (!known) {
    const reason = isUnknown(length) ? length.reason : 'the list is longer than Leaklint follows';
    return list(context, [{ kind: 'unknown', reason, spread: true }]);
  }
  context.budget.spend(length);
  return list(context, new Array<Value>(Math.floor(length)).fill(undefined));
}

function list(context: Context, elements: Value[]): ArrayValue {
  context.budget.spend(elements.length >> 2);
  return { kind: 'array', born: ++context.clock, elements };
}

const anyNumber = (reason: string): UnknownValue => ({ kind: 'unknown', reason, spread: true });

/**
 * A function to be called for elements of a list. For an element that stands for any number of them it is called once,
 * as a branch that may not be taken, and what it returns stands for any number too.
 */
export function callback(context: Context, call: Call, fn: Value): (element: Value, index: number) => Value {
  if (typeof fn === 'object' && fn?.kind === 'function') context.called.add(fn.node);
  return (element, index) => {
    if (!isUnknown(element) || !element.spread) {
      return callValue(context, fn, undefined, [element, index, call.thisValue], call.node);
    }
    const why: Why = { clause: `the list is not known here: ${element.reason}`, node: calleeName(call.node) };
    const args = [unknown(element.reason), unknown(element.reason), call.thisValue];
    const once = inBranch(context, () => callValue(context, fn, undefined, args, call.node));
    merge(
      context,
      once,
      inBranch(context, () => undefined),
      why,
    );
    return anyNumber(element.reason);
  };
}

const mutating: Readonly<Record<string, Method>> = {
  push: (_context, array, { args }) => {
    for (const arg of args) array.elements.push(arg);
    return array.elements.length;
  },
  pop: (_context, array) => (isExact(array) ? array.elements.pop() : forget(array)),
  shift: (_context, array) => (isExact(array) ? array.elements.shift() : forget(array)),
  unshift: (_context, array, { args }) => {
    array.elements.unshift(...args);
    return array.elements.length;
  },
  splice: (context, array, { args }) => {
    const [start, count, ...inserted] = args;
    if (!isExact(array) || typeof start !== 'number' || (count !== undefined && typeof count !== 'number'))
      return forget(array);
    const removed = array.elements.splice(start, count ?? Number.POSITIVE_INFINITY, ...inserted);
    return list(context, removed);
  },
  reverse: (_context, array) => {
    array.elements.reverse();
    return array;
  },
  fill: (_context, array, { args }) => {
    const [value, start, end] = args;
    if (!isExact(array) || !isIndex(start) || !isIndex(end)) return forget(array);
    array.elements.fill(value, start, end);
    return array;
  },
  sort: (context, array, call) => sort(context, array, call),
};

function isIndex(value: Value): value is number | undefined {
  return value === undefined || typeof value === 'number';
}

/** A list changed in a way that is not followed. */
function forget(array: ArrayValue): Value {
  const reason = 'the list was changed in a way that is not followed';
  array.elements = [anyNumber(reason)];
  return unknown(reason);
}

function sort(context: Context, array: ArrayValue, call: Call): Value {
  if (!isExact(array)) return forget(array);
  const [comparator] = call.args;
  let followed = true;
  const compare = (a: Value, b: Value): number => {
    if (comparator === undefined) {
      const [x, y] = [textOf(a), textOf(b)];
      if (x === undefined || y === undefined) followed = false;
      return x === y ? 0 : String(x) < String(y) ? -1 : 1;
    }
    const order = callValue(context, comparator, undefined, [a, b], call.node);
    if (typeof order !== 'number') followed = false;
    return Number(order) || 0;
  };
  if (typeof comparator === 'object' && comparator?.kind === 'function') context.called.add(comparator.node);
  array.elements.sort(compare);
  return followed ? array : forget(array);
}

const reading: Readonly<Record<string, Method>> = {
  at: (_context, array, { args }) =>
    isExact(array) ? array.elements.at(Number(args[0] ?? 0)) : unknownOf(array.elements),
  concat: (context, array, { args }) =>
    list(context, [
      ...array.elements,
      ...args.flatMap(arg => (isArray(arg) ? arg.elements : isUnknown(arg) ? [anyNumber(arg.reason)] : [arg])),
    ]),
  entries: (context, array) =>
    list(
      context,
      array.elements.map((element, i) =>
        isUnknown(element) && element.spread ? element : list(context, [i, element]),
      ),
    ),
  every: (context, array, call) => quantify(context, array, call, false),
  filter,
  find: (context, array, call) => search(context, array, call, (element, _index) => element, undefined),
  findIndex: (context, array, call) => search(context, array, call, (_element, index) => index, -1),
  flat: (context, array, { args }) => {
    const depth = args[0] === undefined ? 1 : Number(args[0]);
    return list(context, flatten(array.elements, Math.min(depth, 10)));
  },
  flatMap: (context, array, call) => {
    const map = callback(context, call, call.args[0]);
    return list(context, flatten(array.elements.map(map), 1));
  },
  forEach: (context, array, call) => {
    const run = callback(context, call, call.args[0]);
    for (let i = 0; i < array.elements.length; i++) run(array.elements[i], i);
    return undefined;
  },
  includes: (_context, array, { args }) => contains(array, args[0]),
  indexOf: (_context, array, { args }) =>
    isExact(array) && !isUnknown(args[0]) ? indexOf(array, args[0]) : unknownOf(array.elements),
  join: (_context, array, { args }) => joinText(array, args[0]),
  keys: (context, array) =>
    isExact(array)
      ? list(
          context,
          array.elements.map((_, i) => i),
        )
      : array,
  map: (context, array, call) => {
    const map = callback(context, call, call.args[0]);
    return list(context, array.elements.map(map));
  },
  reduce: (context, array, call) => reduce(context, array.elements, call),
  reduceRight: (context, array, call) => reduce(context, [...array.elements].reverse(), call),
  slice: (context, array, { args }) => {
    const [start, end] = args;
    if (!isIndex(start) || !isIndex(end)) return list(context, [anyNumber(unknownOf(args).reason)]);
    // Counted from the front, the part before an element that stands for several is still known.
    const spread = array.elements.findIndex(e => isUnknown(e) && e.spread);
    const known =
      spread < 0 || ((start ?? 0) >= 0 && (start ?? 0) <= spread && (end === undefined || (end >= 0 && end <= spread)));
    return known
      ? list(context, array.elements.slice(start, end))
      : list(context, [anyNumber('the length of the list is not known here')]);
  },
  some: (context, array, call) => quantify(context, array, call, true),
  toString: (_context: Context, array: ArrayValue) => joinText(array, ','),
  values: (context, array) => list(context, [...array.elements]),
};

/** Methods of lists that are evaluated. */
export const arrayMethods: ReadonlySet<string> = new Set([...Object.keys(mutating), ...Object.keys(reading)]);

export function arrayMethod(context: Context, array: ArrayValue, name: string, call: Call): Value {
  context.budget.spend(1 + (name === 'push' || name === 'pop' ? call.args.length : array.elements.length >> 3));
  if (Object.hasOwn(reading, name)) return reading[name]?.(context, array, call);
  touch(context, array);
  const result = mutating[name]?.(context, array, call);
  if (array.elements.length > limits.arrayLength) return forget(array);
  return result;
}

function filter(context: Context, array: ArrayValue, call: Call): Value {
  const [predicate] = call.args;
  const keep = callback(context, call, predicate);
  const kept: Value[] = [];
  array.elements.forEach((element, index) => {
    const verdict = isUnknown(element) && element.spread ? element : truthiness(keep(element, index));
    if (verdict === true) kept.push(element);
    else if (verdict !== false)
      kept.push(isUnknown(element) ? { ...element, spread: true } : anyNumber(unknownOf([element]).reason));
  });
  return list(context, kept);
}

/** `some` (looking for true) and `every` (looking for false). */
function quantify(context: Context, array: ArrayValue, call: Call, sought: boolean): Value {
  const test = callback(context, call, call.args[0]);
  let open = false;
  for (const [index, element] of array.elements.entries()) {
    const verdict = truthiness(test(element, index));
    if (verdict === sought) return sought;
    if (verdict === undefined) open = true;
  }
  return open ? unknown('it depends on elements of a list that are not known here') : !sought;
}

function search(
  context: Context,
  array: ArrayValue,
  call: Call,
  view: (element: Value, index: number) => Value,
  absent: Value,
): Value {
  const test = callback(context, call, call.args[0]);
  for (const [index, element] of array.elements.entries()) {
    const verdict = truthiness(test(element, index));
    if (verdict === true) return view(element, index);
    if (verdict === undefined) return unknown('which element of the list is meant is not known here');
  }
  return absent;
}

function flatten(elements: readonly Value[], depth: number): Value[] {
  if (depth <= 0) return [...elements];
  return elements.flatMap(element => (isArray(element) ? flatten(element.elements, depth - 1) : [element]));
}

function contains(array: ArrayValue, sought: Value): Value {
  let open = false;
  for (const element of array.elements) {
    const equal = strictlyEqual(element, sought);
    if (equal) return true;
    if (equal === undefined) open = true;
  }
  return open ? unknownOf([sought, ...array.elements]) : false;
}

function indexOf(array: ArrayValue, sought: Value): Value {
  for (const [index, element] of array.elements.entries()) {
    const equal = strictlyEqual(element, sought);
    if (equal === undefined) return unknownOf([element]);
    if (equal) return index;
  }
  return -1;
}

function joinText(array: ArrayValue, separator: Value): Value {
  const parts = array.elements.map(element => (element == null ? '' : textOf(element)));
  const glue = separator === undefined ? ',' : textOf(separator);
  if (glue === undefined || parts.includes(undefined)) return unknownOf(array.elements);
  const length = parts.reduce((sum, part) => sum + (part?.length ?? 0) + glue.length, 0);
  return length > limits.stringLength ? unknown('the text is longer than Leaklint follows') : parts.join(glue);
}

function reduce(context: Context, elements: readonly Value[], call: Call): Value {
  const [reducer, initial] = call.args;
  if (typeof reducer === 'object' && reducer?.kind === 'function') context.called.add(reducer.node);
  const seeded = call.args.length > 1;
  let value = seeded ? initial : elements[0];
  for (let i = seeded ? 0 : 1; i < elements.length; i++) {
    const element = elements[i];
    const step = (current: Value): Value =>
      callValue(context, reducer, undefined, [value, current, i, call.thisValue], call.node);
    if (!isUnknown(element) || !element.spread) {
      value = step(element);
      continue;
    }
    const why = dependsOn(call.node, element);
    const once = inBranch(context, () => step(unknown(element.reason)));
    merge(
      context,
      once,
      inBranch(context, () => undefined),
      why,
    );
    value = join(context, value, once.result, why);
  }
  return value;
}
