import { fromBinary, isFieldSet } from '@bufbuild/protobuf';
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import type { Range } from '../../model/graph.ts';
import { type CancellationToken, throwIfCancelled } from '../reader.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  SparseTensorProtoSchema,
  TensorHeaderSchema,
  TensorProto_DataLocation,
  type TypeProto,
  type ValueInfoProto,
} from './generated/onnx_pb.ts';
import {
  type Attribute,
  functionKey,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  standardDomain,
  type ValueInfo,
} from './model.ts';
import { decodeTensorData } from './tensor-data.ts';
import { findWireFault } from './wire.ts';

/** A tensor's header is a handful of fields; external data adds a few strings. */
const MAX_HEADER_ELEMENTS = 1000;

/** Where the nodes of a model stand in its source text; empty for binary models. */
export type NodePlaces = ReadonlyMap<NodeProto, { readonly range: Range; readonly fullRange: Range }>;

interface Conversion {
  readonly cancel: CancellationToken;
  readonly places: NodePlaces;
  /** Sentences about parts that cannot be understood. */
  readonly problems: string[];
}

/** A decoded model in plain numbers and strings, with a sentence for every part that is damaged. */
export function convertModel(
  proto: ModelProto,
  cancel: CancellationToken,
  places: NodePlaces = new Map(),
): { readonly model: OnnxModel; readonly problems: readonly string[] } {
  const conversion: Conversion = { cancel, places, problems: [] };
  const model: OnnxModel = {
    graph: convertGraph(proto.graph!, conversion),
    opsets: convertOpsets(proto.opsetImport),
    functions: convertFunctions(proto.functions, conversion),
    hasTrainingInfo: proto.trainingInfo.length > 0,
  };
  return { model, problems: conversion.problems };
}

function convertOpsets(imports: readonly OperatorSetIdProto[]): ReadonlyMap<string, number> {
  return new Map(imports.map(({ domain, version }) => [standardDomain(domain), Number(version)]));
}

function convertFunctions(protos: readonly FunctionProto[], conversion: Conversion): ReadonlyMap<string, OnnxFunction> {
  return new Map(
    protos.map(proto => [
      functionKey(standardDomain(proto.domain), proto.name, proto.overload),
      {
        inputs: proto.input,
        outputs: proto.output,
        nodes: proto.node.map(node => convertNode(node, conversion)),
        defaults: convertAttributes(proto.attributeProto, conversion),
        opsets: convertOpsets(proto.opsetImport),
        valueInfo: proto.valueInfo.map(convertValueInfo),
      },
    ]),
  );
}

function convertGraph(proto: GraphProto, conversion: Conversion): OnnxGraph {
  const initializers = proto.initializer.map(bytes => convertTensor(bytes, conversion));
  const sparse = proto.sparseInitializer.map(bytes => convertSparseTensor(bytes, conversion));
  return {
    name: proto.name,
    nodes: proto.node.map(node => convertNode(node, conversion)),
    initializers: [...initializers, ...sparse].filter(tensor => tensor !== null),
    inputs: proto.input.map(convertValueInfo),
    outputs: proto.output.map(convertValueInfo),
    valueInfo: proto.valueInfo.map(convertValueInfo),
  };
}

function convertNode(proto: NodeProto, conversion: Conversion): OnnxNode {
  throwIfCancelled(conversion.cancel);
  const place = conversion.places.get(proto);
  return {
    name: proto.name,
    opType: proto.opType,
    domain: standardDomain(proto.domain),
    overload: proto.overload,
    inputs: proto.input,
    outputs: proto.output,
    attributes: convertAttributes(proto.attribute, conversion),
    ...(place ? { range: place.range, fullRange: place.fullRange } : {}),
  };
}

function convertAttributes(protos: readonly AttributeProto[], conversion: Conversion): ReadonlyMap<string, Attribute> {
  return new Map(protos.map(proto => [proto.name, convertAttribute(proto, conversion)]));
}

function convertValueInfo({ name, type }: ValueInfoProto): ValueInfo {
  return { name, shape: shapeOf(type) };
}

function shapeOf(type: TypeProto | undefined): ValueInfo['shape'] {
  if (type?.value.case !== 'tensorType' || !type.value.value.shape) return null;
  return type.value.value.shape.dim.map(({ value }) => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : null;
  });
}

/** Files of the first ONNX version leave the type out; it is then the one field that is present. */
export function attributeType(proto: AttributeProto): AttributeType {
  if (proto.type !== AttributeType.UNDEFINED) return proto.type;
  const { field } = AttributeProtoSchema;
  if (isFieldSet(proto, field.f)) return AttributeType.FLOAT;
  if (isFieldSet(proto, field.i)) return AttributeType.INT;
  if (isFieldSet(proto, field.s)) return AttributeType.STRING;
  if (isFieldSet(proto, field.t)) return AttributeType.TENSOR;
  if (isFieldSet(proto, field.g)) return AttributeType.GRAPH;
  if (proto.floats.length > 0) return AttributeType.FLOATS;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.strings.length > 0) return AttributeType.STRINGS;
  if (proto.graphs.length > 0) return AttributeType.GRAPHS;
  return AttributeType.UNDEFINED;
}

function convertAttribute(proto: AttributeProto, conversion: Conversion): Attribute {
  if (proto.refAttrName !== '') return { type: 'reference', name: proto.refAttrName };
  switch (attributeType(proto)) {
    case AttributeType.FLOAT:
      return { type: 'float', value: proto.f };
    case AttributeType.INT:
      return { type: 'int', value: Number(proto.i) };
    case AttributeType.STRING:
      return { type: 'string', value: text(proto.s) };
    case AttributeType.FLOATS:
      return { type: 'floats', value: proto.floats };
    case AttributeType.INTS:
      return { type: 'ints', value: proto.ints.map(Number) };
    case AttributeType.STRINGS:
      return { type: 'strings', value: proto.strings.map(text) };
    case AttributeType.TENSOR: {
      const tensor = convertTensor(proto.t, conversion);
      return tensor ? { type: 'tensor', value: tensor } : { type: 'other' };
    }
    case AttributeType.GRAPH:
      return { type: 'graphs', value: proto.g ? [convertGraph(proto.g, conversion)] : [] };
    case AttributeType.GRAPHS:
      return { type: 'graphs', value: proto.graphs.map(graph => convertGraph(graph, conversion)) };
    default:
      return { type: 'other' };
  }
}

function text(bytes: Uint8Array): string {
  return getTextEncoding().decodeUtf8(bytes);
}

/** Reads the header only; the values stay where they are until asked for. */
export function convertTensor(bytes: Uint8Array, conversion: Conversion): OnnxTensor | null {
  if (findWireFault(TensorHeaderSchema, bytes, conversion.cancel, MAX_HEADER_ELEMENTS)) {
    conversion.problems.push('A tensor of the model is damaged and was left out. Export or download the model again.');
    return null;
  }
  const header = fromBinary(TensorHeaderSchema, bytes, { readUnknownFields: false });
  const external = header.dataLocation === TensorProto_DataLocation.EXTERNAL;
  return {
    name: header.name,
    dims: header.dims.map(Number),
    dataType: header.dataType,
    location: external ? (header.externalData.find(entry => entry.key === 'location')?.value ?? '') : null,
    read: () => decodeTensorData(bytes),
  };
}

/** A sparse tensor bears its name on its values and its shape on itself. */
function convertSparseTensor(bytes: Uint8Array, conversion: Conversion): OnnxTensor | null {
  if (findWireFault(SparseTensorProtoSchema, bytes, conversion.cancel, MAX_HEADER_ELEMENTS)) {
    conversion.problems.push('A sparse tensor of the model is damaged and was left out. Export the model again.');
    return null;
  }
  const sparse = fromBinary(SparseTensorProtoSchema, bytes, { readUnknownFields: false });
  const values = convertTensor(sparse.values, conversion);
  return (
    values && {
      ...values,
      dims: sparse.dims.map(Number),
      read: () => {
        throw new Error(`Tensor '${values.name}' is stored as a sparse tensor, which is not read.`);
      },
    }
  );
}
