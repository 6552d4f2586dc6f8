/** Changes of layers as edits of the TensorFlow.js code that makes them. */
import ts from 'typescript';
import type { Layer, Range } from '../model/graph.ts';
import type { SourceFile } from '../readers/reader.ts';
import { calleeName, unwrap } from '../readers/tfjs-code/names.ts';
import { parseSource } from '../readers/tfjs-code/parse.ts';
import { type Change, type TextEdit, type Value, valueText } from './change.ts';
import { createConstants } from './constants.ts';

/** The layer calls of one file, to be edited. */
export interface EditableCode {
  /** The edits that make these changes together; undefined where the code does not write a value as a literal, in the call or in a `const` that is used only there. */
  edits(layers: readonly Layer[], changes: readonly Change[]): TextEdit[] | undefined;
  /** Batch sizes that calls of `fit` write out. */
  readonly batchSizes: readonly BatchSize[];
}

export interface BatchSize {
  /** The property, `batchSize: 32`. */
  readonly range: Range;
  /** The number in it. */
  readonly literal: Range;
  readonly size: number;
  /** What `fit` is called on, as the code names it: `model`, `this.model`. */
  readonly model: string;
}

/** Undefined for a file that cannot be parsed. */
export function editableCode(file: SourceFile): EditableCode | undefined {
  const source = parseSource(file.path, file.text ?? '');
  if (!source) return undefined;
  const calls = callsOf(source);
  const resolve = createConstants(source);

  function edits(layers: readonly Layer[], changes: readonly Change[]): TextEdit[] | undefined {
    const inserted = new Map<ts.CallExpression, string[]>();
    const result: TextEdit[] = [];
    for (const change of changes) {
      const layer = layers[change.layer];
      const call = layer?.fullRange && calls.get(`${layer.fullRange.start} ${layer.fullRange.end}`);
      if (!layer || !call || calleeName(call).getText() !== layer.type) return undefined;
      const place = placeOf(call, change, resolve);
      if (place === undefined) return undefined;
      if (place === 'absent') {
        inserted.set(call, [...(inserted.get(call) ?? []), `${change.parameter}: ${valueText(change.to)}`]);
      } else result.push({ range: rangeOf(place), newText: literalLike(place, change.to) });
    }
    for (const [call, properties] of inserted) {
      result.push(insertion(source as ts.SourceFile, call, properties, resolve));
    }
    return result;
  }
  return { edits, batchSizes: [...calls.values()].flatMap(call => batchSizeOf(call, resolve)) };
}

type Resolve = ReturnType<typeof createConstants>;

function batchSizeOf(call: ts.CallExpression, resolve: Resolve): BatchSize[] {
  const callee = unwrap(call.expression);
  const config = call.arguments[2] && resolve(call.arguments[2]);
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== 'fit') return [];
  if (!config || !ts.isObjectLiteralExpression(config)) return [];
  return config.properties.flatMap(property => {
    const value = writtenIn(property, resolve);
    if (!value || !ts.isNumericLiteral(value) || !property.name || nameOf(property.name) !== 'batchSize') return [];
    const model = callee.expression.getText();
    return { range: rangeOf(property), literal: rangeOf(value), size: Number(value.text), model };
  });
}

function callsOf(source: ts.SourceFile): Map<string, ts.CallExpression> {
  const calls = new Map<string, ts.CallExpression>();
  const pending: ts.Node[] = [source];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (ts.isCallExpression(node)) calls.set(`${node.getStart(source)} ${node.end}`, node);
    ts.forEachChild(node, child => void pending.push(child));
  }
  return calls;
}

/** The literal that a change replaces, `absent` where the property is to be added, undefined where neither will do. */
function placeOf(
  call: ts.CallExpression,
  { parameter, from }: Change,
  resolve: Resolve,
): ts.Expression | 'absent' | undefined {
  const [argument] = call.arguments;
  if (!argument) return 'absent';
  const config = resolve(argument);
  if (!ts.isObjectLiteralExpression(config)) return undefined;
  const index = config.properties.findLastIndex(property => property.name && nameOf(property.name) === parameter);
  const property = config.properties[index];
  if (!property) return 'absent';
  // A spread or a computed key after it may set the value again.
  const certain = config.properties.slice(index).every(({ name }) => name && !ts.isComputedPropertyName(name));
  const value = certain ? writtenIn(property, resolve) : undefined;
  return value && isLiteral(value, from) ? value : undefined;
}

/** The value of `key: value` or of `key`; undefined for a method, an accessor, a spread. */
function writtenIn(property: ts.ObjectLiteralElementLike, resolve: Resolve): ts.Expression | undefined {
  if (ts.isPropertyAssignment(property)) return resolve(property.initializer);
  return ts.isShorthandPropertyAssignment(property) ? resolve(property.name) : undefined;
}

function nameOf(name: ts.PropertyName): string | undefined {
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : undefined;
}

/** A value that the code writes out; one that it computes may matter elsewhere too. */
function isLiteral(node: ts.Expression, value: Value): boolean {
  if (typeof value === 'string') return ts.isStringLiteralLike(node);
  if (typeof value === 'boolean') return node.kind === ts.SyntaxKind.TrueKeyword;
  return ts.isNumericLiteral(node) || (ts.isArrayLiteralExpression(node) && node.elements.every(ts.isNumericLiteral));
}

/** The value in the form of what it replaces: a list stays a list, quotes stay what they were. */
function literalLike(old: ts.Expression, value: Value): string {
  if (ts.isArrayLiteralExpression(old) && typeof value === 'object') return `[${value.join(', ')}]`;
  if (ts.isStringLiteralLike(old) && typeof value === 'string') {
    const quote = old.getText().charAt(0);
    return `${quote}${value}${quote}`;
  }
  return valueText(value);
}

/** Adds properties after the last one, on lines of their own where the object has its properties so. */
function insertion(
  source: ts.SourceFile,
  call: ts.CallExpression,
  properties: readonly string[],
  resolve: Resolve,
): TextEdit {
  const [argument] = call.arguments;
  const config = argument && resolve(argument);
  const all = properties.join(', ');
  if (!config || !ts.isObjectLiteralExpression(config)) return insertAt(call.end - 1, `{ ${all} }`);
  const last = config.properties.at(-1);
  if (!last) return { range: rangeOf(config), newText: `{ ${all} }` };
  const start = last.getStart(source);
  const lineStart = source.getPositionOfLineAndCharacter(source.getLineAndCharacterOfPosition(start).line, 0);
  const indent = source.text.slice(lineStart, start);
  const ownLine = /^\s*$/.test(indent);
  const lineEnd = source.text.includes('\r\n') ? '\r\n' : '\n';
  const separator = ownLine ? `,${lineEnd}${indent}` : ', ';
  return insertAt(last.end, properties.map(property => separator + property).join(''));
}

function insertAt(offset: number, newText: string): TextEdit {
  return { range: { start: offset, end: offset }, newText };
}

function rangeOf(node: ts.Node) {
  return { start: node.getStart(), end: node.end };
}
