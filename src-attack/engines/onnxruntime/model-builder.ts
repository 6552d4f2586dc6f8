import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../../src-analysis/readers/onnx/generated/onnx_pb.ts';
import type { Values } from '../../ir/graph.ts';
import type { Precision } from '../engine.ts';
import { convert } from '../inputs.ts';

/** The operator set and file version that the emitted operators are defined in; every ONNX Runtime since 1.15 has both. */
const opset = 18n;
const irVersion = 9n;

export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** Collects the parts of an ONNX model. Values are referred to by name; names are made up unless given. */
export interface ModelBuilder {
  /** Adds an operator with one output, and returns the output's name. Numbers become `int` attributes, lists `ints`. */
  node(type: string, inputs: readonly string[], attributes?: Attributes, output?: string): string;
  /** As `node`, for the one attribute that is a `float`. */
  scaled(type: string, input: string, alpha: number): string;
  /** A tensor of the model's precision. */
  constant(shape: readonly number[], data: Values): string;
  scalar(value: number): string;
  /** A vector of int64, as shapes, axes and indices are given. */
  integers(values: readonly number[]): string;
  input(name: string, shape: readonly number[]): string;
  output(name: string, shape: readonly number[]): void;
  /** Type of the model's tensors as ONNX numbers it, for Cast. */
  readonly elementType: number;
  toBytes(): Uint8Array;
}

export function createModelBuilder(precision: Precision): ModelBuilder {
  const elementType = precision === 'float32' ? DataType.FLOAT : DataType.DOUBLE;
  const nodes: NodeProto[] = [];
  const initializers: Uint8Array[] = [];
  const inputs: ValueInfoProto[] = [];
  const outputs: ValueInfoProto[] = [];
  const shared = new Map<string, string>();
  let names = 0;

  const initializer = (shape: readonly number[], dataType: DataType, rawData: Uint8Array): string => {
    const name = `c${names++}`;
    const tensor = create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType, rawData });
    // The schema declares tensor fields as bytes, which are the same on the wire.
    initializers.push(toBinary(TensorProtoSchema, tensor));
    return name;
  };
  const once = (key: string, make: () => string): string => {
    const name = shared.get(key) ?? make();
    shared.set(key, name);
    return name;
  };
  const append = (opType: string, input: readonly string[], attribute: AttributeProto[], output: string): string => {
    nodes.push(
      create(NodeProtoSchema, { opType, name: `n${nodes.length}`, input: [...input], output: [output], attribute }),
    );
    return output;
  };

  return {
    elementType,
    node: (type, input, attributes = {}, output = `v${names++}`) =>
      append(type, input, Object.entries(attributes).map(integerAttribute), output),
    scaled: (type, input, alpha) => {
      const attribute = create(AttributeProtoSchema, { name: 'alpha', type: AttributeType.FLOAT, f: alpha });
      return append(type, [input], [attribute], `v${names++}`);
    },
    constant: (shape, data) => initializer(shape, elementType, bytesOf(convert(data, precision))),
    scalar: value =>
      once(`scalar ${value}`, () => initializer([], elementType, bytesOf(convert(Float64Array.of(value), precision)))),
    integers: values =>
      once(`integers ${values}`, () =>
        initializer([values.length], DataType.INT64, bytesOf(BigInt64Array.from(values, BigInt))),
      ),
    input: (name, shape) => {
      inputs.push(valueInfo(name, shape, elementType));
      return name;
    },
    output: (name, shape) => {
      outputs.push(valueInfo(name, shape, elementType));
    },
    toBytes: () => {
      const graph = create(GraphProtoSchema, {
        name: 'leaklint',
        node: nodes,
        initializer: initializers,
        input: inputs,
        output: outputs,
      });
      const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: opset })];
      return toBinary(
        ModelProtoSchema,
        create(ModelProtoSchema, { irVersion, producerName: 'leaklint', graph, opsetImport }),
      );
    },
  };
}

function integerAttribute([name, value]: [string, number | readonly number[]]): AttributeProto {
  return typeof value === 'number'
    ? create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
    : create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function valueInfo(name: string, shape: readonly number[], elemType: number): ValueInfoProto {
  const dim = shape.map(size =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
  );
  const tensor = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, { dim }) });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

/** Raw bytes of a typed array. ONNX wants little-endian, which is what every platform that runs the engines has. */
function bytesOf(data: Values | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
