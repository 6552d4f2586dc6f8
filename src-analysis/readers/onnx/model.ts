/**
 * An ONNX model as its text and its binary form both mean it, in plain numbers and strings: what the graph builder
 * works on. Tensors keep their values behind {@link OnnxTensor.read}.
 */

import type { Range } from '../../model/graph.ts';

export interface OnnxModel {
  readonly graph: OnnxGraph;
  /** Version of every imported operator set by its domain; '' holds the standard operators. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Functions that the model itself defines, by {@link functionKey}. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  /** The file also holds training graphs, which are not read. */
  readonly hasTrainingInfo: boolean;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Shapes that the exporter recorded for values inside the graph. */
  readonly valueInfo: readonly ValueInfo[];
}

/** An operator made of others: its nodes see its parameters only, not the graph around a call. */
export interface OnnxFunction {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  /** Values of the attributes that a call may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly valueInfo: readonly ValueInfo[];
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Tells functions of one name apart; '' almost always. */
  readonly overload: string;
  /** Names of values; '' where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Values of the shape of its output that the file has in its midst, where the node stands for several. */
  readonly between?: readonly string[];
  readonly range?: Range;
  readonly fullRange?: Range;
}

export interface ValueInfo {
  readonly name: string;
  /** With the batch axis; a string is a symbolic dimension, null one that is not told. Null: no shape is told. */
  readonly shape: readonly (number | string | null)[] | null;
}

export interface OnnxTensor {
  readonly name: string;
  /** As the file says, unchecked: may be negative or huge. */
  readonly dims: readonly number[];
  readonly dataType: number;
  /** The file beside the model that holds the values (external data). */
  readonly location: string | null;
  /**
   * Decodes the values.
   * @throws Error with a sentence for the user, when they are stored elsewhere, or do not agree with `dims`.
   */
  read(): TensorData;
}

/** Element values: bool as 0 and 1, float16 and bfloat16 widened to float32. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export type Attribute =
  | { readonly type: 'float' | 'int'; readonly value: number }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'graphs'; readonly value: readonly OnnxGraph[] }
  /** Inside a function: the attribute of that name which the function is called with. */
  | { readonly type: 'reference'; readonly name: string }
  /** Types, sparse tensors, lists of tensors: no operator that is read here has them. */
  | { readonly type: 'other' };

/** ONNX element types (TensorProto.DataType). */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

const floatTypes: ReadonlySet<number> = new Set([DataType.float, DataType.float16, DataType.double, DataType.bfloat16]);

export function isFloatType(dataType: number): boolean {
  return floatTypes.has(dataType);
}

export function functionKey(domain: string, name: string, overload: string): string {
  return `${domain}:${name}:${overload}`;
}

/** `ai.onnx` is another spelling of the standard domain. */
export function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}
