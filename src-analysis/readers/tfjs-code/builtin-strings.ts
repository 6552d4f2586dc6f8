import { limits } from './budget.ts';
import type { Context } from './context.ts';
import { unknownOf } from './context.ts';
import { concatenate, textOf } from './operators.ts';
import type { Call, Value } from './values.ts';
import { isPrimitive, unknown } from './values.ts';

type Method = (text: string, args: readonly (undefined | null | boolean | number | string)[]) => Value;

const numberOr = (value: unknown, fallback: number | undefined): number | undefined =>
  value === undefined ? fallback : Number(value);

const methods: Readonly<Record<string, Method>> = {
  at: (text, [index]) => text.at(Number(index ?? 0)),
  charAt: (text, [index]) => text.charAt(Number(index ?? 0)),
  charCodeAt: (text, [index]) => text.charCodeAt(Number(index ?? 0)),
  codePointAt: (text, [index]) => text.codePointAt(Number(index ?? 0)),
  endsWith: (text, [end]) => text.endsWith(String(end)),
  includes: (text, [part]) => text.includes(String(part)),
  indexOf: (text, [part]) => text.indexOf(String(part)),
  lastIndexOf: (text, [part]) => text.lastIndexOf(String(part)),
  slice: (text, [start, end]) => text.slice(numberOr(start, 0), numberOr(end, undefined)),
  startsWith: (text, [start]) => text.startsWith(String(start)),
  substring: (text, [start, end]) => text.substring(Number(start ?? 0), numberOr(end, undefined)),
  substr: (text, [start, length]) => {
    const from = Number(start ?? 0) < 0 ? Math.max(0, text.length + Number(start)) : Number(start ?? 0);
    return text.slice(from, length === undefined ? undefined : from + Number(length));
  },
  toLowerCase: text => text.toLowerCase(),
  toString: (text: string) => text,
  toUpperCase: text => text.toUpperCase(),
  trim: text => text.trim(),
  trimEnd: text => text.trimEnd(),
  trimStart: text => text.trimStart(),
  replace: (text, [search, by]) => text.replace(String(search), () => String(by)),
  valueOf: (text: string) => text,
};

/** Methods of strings that are evaluated; `replace` takes strings only. */
export const stringMethods: ReadonlySet<string> = new Set([
  ...Object.keys(methods),
  'concat',
  'padEnd',
  'padStart',
  'repeat',
  'replaceAll',
  'split',
]);

export function stringMethod(context: Context, text: string, name: string, { args }: Call): Value {
  if (!args.every(isPrimitive)) return unknownOf(args);
  context.budget.spend(text.length >> 5);
  if (Object.hasOwn(methods, name)) return methods[name]?.(text, args);
  switch (name) {
    case 'concat':
      return concatenate(context, [text, ...args.map(arg => textOf(arg) ?? '')]);
    case 'padEnd':
    case 'padStart':
    case 'repeat':
      return sized(context, text, name, args);
    case 'replaceAll':
      if (args[0] === '' || typeof args[0] !== 'string') break;
      return concatenate(
        context,
        text.split(args[0]).flatMap((part, i) => (i === 0 ? [part] : [String(args[1]), part])),
      );
    case 'split': {
      if (args[0] !== undefined && typeof args[0] !== 'string') break;
      const parts = args[0] === undefined ? [text] : text.split(args[0]);
      context.budget.spend(parts.length);
      return { kind: 'array', born: ++context.clock, elements: parts };
    }
  }
  return unknown(`what \`${name}()\` of a text returns is not known here`);
}

function sized(context: Context, text: string, name: 'padEnd' | 'padStart' | 'repeat', args: readonly Value[]): Value {
  const count = Number(args[0] ?? 0);
  const length = name === 'repeat' ? text.length * count : count;
  if (!(count >= 0) || length > limits.stringLength) return unknown('the text is longer than Leaklint follows');
  context.budget.spend(length >> 5);
  if (name === 'repeat') return text.repeat(count);
  const filler = args[1] === undefined ? ' ' : String(args[1]);
  return name === 'padEnd' ? text.padEnd(count, filler) : text.padStart(count, filler);
}
