import { AttributeProto_AttributeType as AttributeType, TensorProto_DataType } from '../onnx/generated/onnx_pb.ts';

/**
 * Words of the ONNX textual syntax (onnx/docs/Syntax.md and onnx/defs/parser.h of onnx 1.23.2): element types are the
 * lower-case names of TensorProto.DataType, attribute types those of AttributeProto.AttributeType.
 */

const elementTypes: ReadonlyMap<string, number> = lowerCaseNames(TensorProto_DataType);
const attributeTypes: ReadonlyMap<string, AttributeType> = lowerCaseNames(AttributeType);
const elementTypeNames: ReadonlyMap<number, string> = inverse(elementTypes);
const attributeTypeNames: ReadonlyMap<number, string> = inverse(attributeTypes);

/** Words that begin a type which is no tensor type. */
const typeConstructors: ReadonlySet<string> = new Set(['seq', 'map', 'optional', 'sparse_tensor', 'opaque']);

/** The number of an element type such as `float16`; undefined if the word is none. */
export function elementTypeOf(word: string): number | undefined {
  return elementTypes.get(word);
}

/** The word of an element type; undefined where the syntax has none. */
export function elementTypeName(type: number): string | undefined {
  return elementTypeNames.get(type);
}

export function attributeTypeOf(word: string): AttributeType | undefined {
  return attributeTypes.get(word);
}

export function attributeTypeName(type: AttributeType): string | undefined {
  return attributeTypeNames.get(type);
}

/** Whether a word begins a type, so that it cannot stand for a value unless it is quoted. */
export function isTypeWord(word: string): boolean {
  return elementTypes.has(word) || typeConstructors.has(word);
}

/** Numbers that are written as words. */
export function isNumberWord(word: string): boolean {
  return /^(inf|infinity|nan)$/i.test(word);
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a name may stand without quotes. */
export function isIdentifier(name: string): boolean {
  return identifier.test(name);
}

function lowerCaseNames<T extends number>(enumeration: Readonly<Record<string, T | string>>): Map<string, T> {
  const names = new Map<string, T>();
  for (const [name, value] of Object.entries(enumeration)) {
    if (typeof value === 'number' && value !== 0) names.set(name.toLowerCase(), value);
  }
  return names;
}

function inverse<T>(names: ReadonlyMap<string, T>): Map<T, string> {
  return new Map([...names].map(([name, value]) => [value, name]));
}
