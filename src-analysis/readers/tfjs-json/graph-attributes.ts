import type { Node } from 'jsonc-parser';
import type { Dim } from '../../model/graph.ts';
import { elements, numberOf, property, stringOf } from './tree.ts';

/** Attributes of a node of a TensorFlow graph as JSON writes them (tensorflow/core/framework/attr_value.proto). */

/** One node of `modelTopology.node`. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names as written: `name`, `name:1`; control inputs (`^name`) left out. */
  readonly inputs: readonly string[];
  readonly attributes: Node | undefined;
  readonly node: Node;
}

export function graphNodes(list: Node | undefined): GraphNode[] {
  return elements(list).flatMap(node => {
    const name = stringOf(property(node, 'name'));
    const op = stringOf(property(node, 'op'));
    if (name === undefined || op === undefined) return [];
    const inputs = elements(property(node, 'input')).flatMap(input => stringOf(input) ?? []);
    const data = inputs.filter(input => !input.startsWith('^'));
    return { name, op, inputs: data, attributes: property(node, 'attr'), node };
  });
}

function attribute({ attributes }: GraphNode, name: string, kind: string): Node | undefined {
  return property(property(attributes, name), kind);
}

/** Integers are written as texts, for JavaScript's numbers cannot hold all of them. */
function integer(node: Node | undefined): number | undefined {
  const value = numberOf(node) ?? Number(stringOf(node) ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function integerOf(node: GraphNode, name: string): number | undefined {
  return integer(attribute(node, name, 'i'));
}

export function integersOf(node: GraphNode, name: string): readonly number[] | undefined {
  const list = property(attribute(node, name, 'list'), 'i');
  if (list?.type !== 'array') return undefined;
  const values = elements(list).map(integer);
  return values.every(value => value !== undefined) ? values : undefined;
}

export function floatOf(node: GraphNode, name: string): number | undefined {
  return numberOf(attribute(node, name, 'f'));
}

export function flagOf(node: GraphNode, name: string): boolean {
  return attribute(node, name, 'b')?.value === true;
}

/** Texts are bytes in base64. */
export function textOf(node: GraphNode, name: string): string | undefined {
  const text = stringOf(attribute(node, name, 's'));
  return text === undefined ? undefined : decodeBase64(text);
}

export function textsOf(node: GraphNode, name: string): readonly string[] {
  return elements(property(attribute(node, name, 'list'), 's')).map(text => decodeBase64(stringOf(text) ?? ''));
}

/** Dimensions with the batch axis; null where the rank is not known. */
export function shapeAttribute(node: GraphNode, name: string): readonly Dim[] | null {
  const shape = attribute(node, name, 'shape');
  return shape ? toShape(shape) : null;
}

/** Shapes of all outputs, where the converter has kept them. */
export function outputShapes(node: GraphNode): readonly (readonly Dim[] | null)[] {
  return elements(property(attribute(node, '_output_shapes', 'list'), 'shape')).map(toShape);
}

function toShape(shape: Node): readonly Dim[] | null {
  if (property(shape, 'unknownRank')?.value === true) return null;
  return elements(property(shape, 'dim')).map(dim => {
    const size = integer(property(dim, 'size'));
    return size === undefined || size < 0 ? null : size;
  });
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 of ASCII text. */
export function decodeBase64(text: string): string {
  let decoded = '';
  let bits = 0;
  let buffer = 0;
  for (const letter of text.replaceAll('-', '+').replaceAll('_', '/')) {
    const value = digits.indexOf(letter);
    if (value < 0) continue;
    buffer = ((buffer << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    decoded += String.fromCharCode((buffer >> bits) & 0xff);
  }
  return decoded;
}
