import type { Node, ParseErrorCode } from 'jsonc-parser';
import { parseTree } from 'jsonc-parser';
import type { Range } from '../../model/graph.ts';
import type { ReadError } from '../reader.ts';
import type { ConfigValue } from '../tfjs-layers/config.ts';

/** Access to a JSON tree with text positions, by the rules of JSON.parse: of equal keys the last one counts. */

const complaints: ReadonlyMap<ParseErrorCode, string> = new Map<ParseErrorCode, string>([
  [2, 'this is not a number'],
  [3, 'a property name in double quotes is expected'],
  [4, 'a value is expected'],
  [5, 'a colon is expected'],
  [6, 'a comma is expected'],
  [7, 'a closing brace is expected'],
  [8, 'a closing bracket is expected'],
  [9, 'the file should end'],
  [10, 'JSON has no comments'],
  [11, 'this comment does not end'],
  [12, 'this string does not end'],
  [13, 'this number is not complete'],
]);

/** More syntax errors than this are not listed one by one. */
const maximalErrors = 20;

/** Parses as far as it goes. The text must have passed `findExcess`. */
export function parseJson(text: string): { root: Node | undefined; errors: readonly ReadError[] } {
  const found: { error: ParseErrorCode; offset: number; length: number }[] = [];
  // A byte order mark is no JSON, but readers of files skip it; a space keeps all offsets.
  const body = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  const root = parseTree(body, found, { disallowComments: true, allowTrailingComma: false });
  const errors = found.slice(0, maximalErrors).map(({ error, offset, length }) => ({
    message: `This JSON is broken: ${complaints.get(error) ?? 'this character does not belong here'}.`,
    // The parser counts the end that a comment or string lacks.
    range: { start: Math.min(offset, text.length), end: Math.min(offset + length, text.length) },
  }));
  return { root, errors };
}

/** Value of a property of an object; undefined where there is none. */
export function property(node: Node | undefined, key: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  const found = node.children?.findLast(child => child.children?.[0]?.value === key);
  return found?.children?.[1];
}

/** Elements of an array, none for anything else. */
export function elements(node: Node | undefined): readonly Node[] {
  return node?.type === 'array' ? (node.children ?? []) : [];
}

export function stringOf(node: Node | undefined): string | undefined {
  return node?.type === 'string' ? (node.value as string) : undefined;
}

export function numberOf(node: Node | undefined): number | undefined {
  return node?.type === 'number' ? (node.value as number) : undefined;
}

/** Where a node stands; to the end of its last part where the text breaks off in it. */
export function rangeOf(node: Node): Range {
  if (node.length >= 0) return { start: node.offset, end: node.offset + node.length };
  let last = node;
  while (last.length < 0 && last.children?.length) last = last.children.at(-1) ?? last;
  return { start: node.offset, end: Math.max(last.offset + Math.max(last.length, 0), node.offset + 1) };
}

/** `fan_avg` → `fanAvg`, by the rule of tfjs-layers utils/generic_utils.ts. */
export function camelCase(text: string): string {
  if (text.length <= 1 || !text.includes('_')) return text;
  return text.replace(/_+(\w|$)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * A configuration as the code API has it: keys and words in camelCase, except names
 * (tfjs-layers utils/serialization_utils.ts, convertPythonicToTs).
 */
export function toConfig(node: Node | undefined, key = ''): ConfigValue {
  switch (node?.type) {
    case 'string':
      return key === 'name' ? (node.value as string) : camelCase(node.value as string);
    case 'number':
    case 'boolean':
      return node.value as number | boolean;
    case 'null':
      return null;
    case 'array':
      return elements(node).map(child => toConfig(child, key));
    case 'object':
      return numpyScalar(node) ?? toRecord(node);
    default:
      return undefined;
  }
}

/** Keras wrote NumPy numbers as `{"type": "ndarray", "value": 0.3}`. */
function numpyScalar(node: Node): number | undefined {
  return stringOf(property(node, 'type')) === 'ndarray' ? numberOf(property(node, 'value')) : undefined;
}

/** The properties of an object node as a configuration; without a prototype, so that no key is special. */
export function toRecord(node: Node): Readonly<Record<string, ConfigValue>> {
  const record = Object.create(null) as Record<string, ConfigValue>;
  for (const child of node.children ?? []) {
    const [name, value] = child.children ?? [];
    const key = camelCase(String(name?.value ?? ''));
    record[key] = toConfig(value, key);
  }
  return record;
}
