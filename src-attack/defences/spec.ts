import { type Defence, DefenceError, type DefenceKind, type Parameter } from './defence.ts';
import { defences } from './registry.ts';
import { suggest } from './suggest.ts';

/**
 * Reads `name`, `name:value` or `name:value,option=value,flag`, as in `dp-sgd:1.1,clip=1`.
 * @throws {DefenceError}
 */
export function parseDefence(spec: string): Defence {
  const { kind, main, rest } = splitSpec(spec);
  const values = new Map<string, number>();
  if (kind.parameter) values.set(kind.parameter.name, parameterValue(spec, kind, kind.parameter, main));
  else if (main !== undefined) throw new DefenceError(`The defence "${spec}" takes no value: write ${kind.example}.`);
  for (const option of kind.options) {
    if (option.preset !== undefined) values.set(option.name, option.preset);
  }
  const flags = new Set<string>();
  for (const part of rest) {
    const [name, value] = part.split('=', 2) as [string, string | undefined];
    const option = kind.options.find(candidate => candidate.name === name);
    if (option) values.set(name, parameterValue(spec, kind, option, value));
    else if (kind.flags.includes(name) && value === undefined) flags.add(name);
    else {
      const known = [...kind.options.map(o => o.name), ...kind.flags];
      throw new DefenceError(`The defence "${spec}" has an unknown setting "${name}"${instead(name, known)}.`);
    }
  }
  return kind.create({ spec: spec.trim(), value: name => values.get(name)!, has: flag => flags.has(flag) });
}

/** Kind, value after the colon, and what follows it, still as text. @throws {DefenceError} for an unknown kind */
export function splitSpec(spec: string): { kind: DefenceKind; main: string | undefined; rest: string[] } {
  const text = spec.trim();
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const names = defences.map(kind => kind.name);
  const kind = defences[names.indexOf(name)];
  if (!kind) throw new DefenceError(`There is no defence "${name}"${instead(name, names)}.`);
  const [main, ...rest] =
    colon < 0
      ? []
      : text
          .slice(colon + 1)
          .split(',')
          .map(part => part.trim());
  return { kind, main: main === '' ? undefined : main, rest };
}

function instead(word: string, known: readonly string[]): string {
  const meant = suggest(word, known);
  const all = known.length === 0 ? 'it has none' : `there is ${known.join(', ')}`;
  return meant === undefined ? `; ${all}` : `: did you mean "${meant}"? Of these ${all}`;
}

function parameterValue(spec: string, kind: DefenceKind, parameter: Parameter, text: string | undefined): number {
  const { least, open, most, integer } = parameter;
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  const inside = (open ? value > least : value >= least) && value <= (most ?? Number.MAX_VALUE);
  if (inside && (!integer || Number.isInteger(value))) return value;
  const range = `${open ? 'above' : 'at least'} ${least}${most === undefined ? '' : ` and at most ${most}`}`;
  const found = text === undefined ? 'it is missing' : `it is "${text}"`;
  throw new DefenceError(
    `The defence "${spec}" needs ${parameter.name} (${parameter.meaning}) as a ${integer ? 'whole ' : ''}number ${range}; ${found}. Example: ${kind.example}.`,
  );
}
