import ts from 'typescript';
import { type StatedJson, statedValue } from './directives.ts';
import type { ObjectValue, UnknownValue, Value } from './values.ts';

/** `@param {number} [size=28]`, `@param {number} [options.units=10]`. */
const optional = /@param\s+(?:\{[^}\n]*\}\s*)?\[\s*([A-Za-z_$][\w$.]*)\s*=\s*(\[[^\]\n]*\]|[^\]\n]+)\s*\]/g;

/** Longer comments are not looked at. */
const maximalLength = 20_000;

/** Defaults of parameters that a function's documentation states, by name (`size`, `options.units`). */
export function documentedDefaults(node: ts.FunctionLikeDeclaration): ReadonlyMap<string, StatedJson> {
  const known = defaultsByNode.get(node);
  if (known) return known;
  const defaults = new Map<string, StatedJson>();
  for (const match of documentationOf(node).matchAll(optional)) {
    const value = literal(match[2]?.trim() ?? '');
    if (value !== undefined) defaults.set(match[1] ?? '', value);
  }
  defaultsByNode.set(node, defaults);
  return defaults;
}

const defaultsByNode = new WeakMap<ts.Node, ReadonlyMap<string, StatedJson>>();

/** The comment before a function, or before the statement or member that it is part of. */
function documentationOf(node: ts.FunctionLikeDeclaration): string {
  const { text } = node.getSourceFile();
  let around: ts.Node = node;
  while (
    ts.isArrowFunction(around) ||
    ts.isFunctionExpression(around) ||
    ts.isVariableDeclaration(around) ||
    ts.isVariableDeclarationList(around)
  ) {
    around = around.parent;
  }
  const ranges = ts.getLeadingCommentRanges(text, around.pos) ?? [];
  const last = ranges.findLast(({ pos }) => text.startsWith('/**', pos));
  return last && last.end - last.pos < maximalLength ? text.slice(last.pos, last.end) : '';
}

function literal(text: string): StatedJson | undefined {
  try {
    const value: unknown = JSON.parse(text.replaceAll("'", '"'));
    if (Array.isArray(value)) return value.every(isSimple) ? value : undefined;
    return isSimple(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSimple(value: unknown): value is null | boolean | number | string {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

/** What stands for a parameter that nobody passes, by its documentation; `missing` where that says nothing. */
export function documented(
  node: ts.FunctionLikeDeclaration,
  parameter: ts.ParameterDeclaration,
  missing: UnknownValue,
  clock: () => number,
): Value {
  if (!ts.isIdentifier(parameter.name) || parameter.dotDotDotToken) return missing;
  const defaults = documentedDefaults(node);
  const name = parameter.name.text;
  const own = defaults.get(name);
  if (own !== undefined) return statedValue(own, clock);
  const members = [...defaults].filter(([key]) => key.startsWith(`${name}.`));
  if (members.length === 0) return missing;
  const object: ObjectValue = { kind: 'object', born: clock(), entries: new Map(), open: missing };
  for (const [key, value] of members) object.entries.set(key.slice(name.length + 1), statedValue(value, clock));
  return object;
}
