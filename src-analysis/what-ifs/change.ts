/** The vocabulary of what-ifs: one hyper-parameter of one layer with another value. Knows no format. */
import type { Range } from '../model/graph.ts';

export type Parameter =
  | 'strides'
  | 'filters'
  | 'kernelSize'
  | 'poolSize'
  | 'padding'
  | 'units'
  | 'activation'
  | 'trainable';

/** One number for each spatial axis, or for the layer; a word for padding and activation; false for a frozen layer. */
export type Value = readonly number[] | string | boolean;

export interface Change {
  /** Layer id in the graph that the change was proposed for; a call that makes several layers changes all of them. */
  readonly layer: number;
  readonly parameter: Parameter;
  readonly from: Value;
  readonly to: Value;
}

/** Replaces a range of the source text. An empty range inserts. */
export interface TextEdit {
  readonly range: Range;
  readonly newText: string;
}

/** `2`, `[2, 1]`, `'valid'`, `false`: the value as code writes it. */
export function valueText(value: Value): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'boolean') return String(value);
  const [first] = value;
  return value.every(entry => entry === first) ? String(first) : `[${value.join(', ')}]`;
}

/** The text with edits applied; edits must not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let at = 0;
  for (const { range, newText } of [...edits].sort((a, b) => a.range.start - b.range.start)) {
    result += text.slice(at, range.start) + newText;
    at = range.end;
  }
  return result + text.slice(at);
}
