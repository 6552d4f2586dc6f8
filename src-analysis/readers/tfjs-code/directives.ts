import ts from 'typescript';
import type { Range, Shape } from '../../model/graph.ts';
import type { Comment, ReadError } from '../reader.ts';
import type { Value } from './values.ts';

/**
 * What a user states because it cannot be inferred, in a comment on the line above the code that it is about:
 * - `leaklint-shape: [224, 224, 3]`: the input shape, without the batch axis, of the first layer in that code whose input
 *   shape is not known; `?` for a dimension that stays open.
 * - `leaklint-value: numFeatures = 14`: the value of a name or a member in that code, where it is not known. JSON after `=`.
 */
export interface Directives {
  readonly shapes: readonly StatedShape[];
  readonly values: ReadonlyMap<string, readonly StatedValue[]>;
  readonly errors: readonly ReadError[];
}

export interface StatedShape {
  readonly shape: NonNullable<Shape>;
  /** The comment. */
  readonly range: Range;
  /** The code that it is about. */
  readonly covers: Range;
}

export interface StatedValue {
  readonly value: StatedJson;
  readonly covers: Range;
}

/** What `leaklint-value` can state. */
export type StatedJson = null | boolean | number | string | readonly StatedJson[];

const marker = /^[\s*/]*leaklint-(shape|value)\b\s*:?\s*([\s\S]*)$/;

/** Finds the statements of fact among a file's comments. */
export function directivesIn(source: ts.SourceFile, comments: readonly Comment[]): Directives {
  const shapes: StatedShape[] = [];
  const values = new Map<string, StatedValue[]>();
  const errors: ReadError[] = [];
  for (const [index, comment] of comments.entries()) {
    const [, verb, body = ''] = marker.exec(comment.text) ?? [];
    if (verb === undefined) continue;
    const { range } = comment;
    const covers = codeAfter(source, comments, index);
    // A reason may follow, as in suppressions.
    const [stated = ''] = body.split(/(?:^|\s)--(?:\s|$)/);
    if (!covers) errors.push({ message: `leaklint-${verb} stands above no code: put it on the line above.`, range });
    else if (verb === 'shape') {
      const shape = parseShape(stated.trim());
      if (shape) shapes.push({ shape, range, covers });
      else errors.push({ message: 'Write the shape without the batch axis: leaklint-shape: [224, 224, 3].', range });
    } else {
      const { name, value } = parseValue(stated.trim());
      if (name === undefined || value === undefined) {
        errors.push({ message: 'Write a name and its value in JSON: leaklint-value: numFeatures = 14.', range });
      } else values.set(name, [...(values.get(name) ?? []), { value, covers }]);
    }
  }
  return { shapes, values, errors };
}

function parseShape(text: string): NonNullable<Shape> | undefined {
  const inner = /^\[([^[\]]*)\]$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  const parts = inner.split(',').map(part => part.trim());
  if (parts.length > 8 || !parts.every(part => part === '?' || /^[1-9]\d{0,8}$/.test(part))) return undefined;
  return parts.map(part => (part === '?' ? null : Number(part)));
}

function parseValue(text: string): { name?: string; value?: StatedJson } {
  const match = /^((?:this\.)?[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\s*=\s*([^=][\s\S]*)$/.exec(text);
  if (!match || (match[2]?.length ?? 0) > 1000) return {};
  try {
    const value: unknown = JSON.parse((match[2] ?? '').replaceAll("'", '"'));
    return isStated(value, 0) ? { name: match[1] ?? '', value } : {};
  } catch {
    return {};
  }
}

function isStated(value: unknown, depth: number): value is StatedJson {
  if (Array.isArray(value)) return depth < 3 && value.every(part => isStated(part, depth + 1));
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

/** The code that begins after a comment: the outermost piece of syntax that starts there. */
function codeAfter(source: ts.SourceFile, comments: readonly Comment[], index: number): Range | undefined {
  const { text } = source;
  let at = comments[index]?.range.end ?? 0;
  for (let next = index + 1; ; next++) {
    while (at < text.length && /\s/.test(text[at] ?? '')) at++;
    const following = comments[next]?.range;
    if (following?.start !== at) break;
    at = following.end;
  }
  let node: ts.Node | undefined = source;
  while (node && (node === source || node.getStart(source) !== at)) {
    node = ts.forEachChild(node, child => (child.pos <= at && at < child.end ? child : undefined));
  }
  return node && node.kind !== ts.SyntaxKind.EndOfFileToken ? { start: at, end: node.end } : undefined;
}

/** A stated value as one of the evaluator. */
export function statedValue(value: StatedJson, clock: () => number): Value {
  if (!isList(value)) return value;
  return { kind: 'array', born: clock(), elements: value.map(part => statedValue(part, clock)) };
}

function isList(value: StatedJson): value is readonly StatedJson[] {
  return Array.isArray(value);
}

export function isInside(node: ts.Node, source: ts.SourceFile, { start, end }: Range): boolean {
  return node.end <= end && node.getStart(source) >= start;
}
