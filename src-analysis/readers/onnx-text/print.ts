/** Printer of the textual syntax of ONNX; what it writes the parser of the ONNX project reads, but for what {@link printModel} names. */
import { isFieldSet } from '@bufbuild/protobuf';
import { getTextEncoding } from '@bufbuild/protobuf/wire';
import { attributeType } from '../onnx/from-proto.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type OperatorSetIdProto,
  type StringStringEntryProto,
  type ValueInfoProto,
} from '../onnx/generated/onnx_pb.ts';
import { floatText, type ModelFile, printTensor, type TensorPrinting } from './print-tensor.ts';
import { typeText, valueText } from './print-type.ts';
import { namesText, nameText, quoted } from './quote.ts';
import { attributeTypeName, elementTypeName, isIdentifier } from './type-names.ts';

export interface PrintOptions {
  /** Most values written out of one floating-point tensor; default: all. */
  readonly maxFloats?: number;
  /** Most values written out of any other tensor; default: all. */
  readonly maxOthers?: number;
  /** The file the model was decoded from: values that are not written out are named by their place in it. */
  readonly file?: ModelFile;
}

export interface PrintedModel {
  readonly text: string;
  /** What the model holds and the text does not say, in words, each once. */
  readonly lost: readonly string[];
}

/** More kinds of loss than this are counted, not named. */
const MAX_LOST = 50;

interface Printer extends TensorPrinting {
  readonly lines: string[];
}

/**
 * A model as ONNX text. {@link parseOnnxText} of it gives an equal model but for `lost`: the syntax has no place for
 * documentation of nodes and values, metadata of anything but the model, sparse tensors, quantisation annotations and
 * training graphs. Operators, domains and attributes whose names are no identifiers are quoted, and lists of tensors,
 * graphs and types are written out, which the parser of the ONNX project does not read.
 */
export function printModel(model: ModelProto, options: PrintOptions = {}): PrintedModel {
  const lost = new Set<string>();
  const printer: Printer = {
    lines: [],
    file: options.file ?? null,
    maxFloats: options.maxFloats ?? Number.POSITIVE_INFINITY,
    maxOthers: options.maxOthers ?? Number.POSITIVE_INFINITY,
    lose: what => {
      if (lost.size < MAX_LOST) lost.add(what);
    },
  };
  printHead(printer, modelEntries(model));
  if (model.trainingInfo.length > 0) printer.lose('training graphs');
  if (model.configuration.length > 0) printer.lose('device configurations');
  if (model.graph)
    printGraph(printer, model.graph, { before: '', after: '', indent: '', name: nameText(model.graph.name) });
  for (const proto of model.functions) printFunction(printer, proto);
  return { text: `${printer.lines.join('\n')}\n`, lost: [...lost] };
}

const INDENT = '  ';

function printHead(printer: Printer, entries: readonly string[]): void {
  printer.lines.push('<', entries.map(entry => INDENT + entry).join(',\n'), '>');
}

function modelEntries(model: ModelProto): string[] {
  const { field } = ModelProtoSchema;
  const entries = [`ir_version: ${model.irVersion}`, `opset_import: ${opsetsText(model.opsetImport)}`];
  if (isFieldSet(model, field.producerName)) entries.push(`producer_name: ${quoted(model.producerName)}`);
  if (isFieldSet(model, field.producerVersion)) entries.push(`producer_version: ${quoted(model.producerVersion)}`);
  if (isFieldSet(model, field.domain)) entries.push(`domain: ${quoted(model.domain)}`);
  if (isFieldSet(model, field.modelVersion)) entries.push(`model_version: ${model.modelVersion}`);
  if (isFieldSet(model, field.docString)) entries.push(`doc_string: ${quoted(model.docString)}`);
  if (model.metadataProps.length > 0) entries.push(`metadata_props: ${pairsText(model.metadataProps)}`);
  return entries;
}

function opsetsText(opsets: readonly OperatorSetIdProto[]): string {
  return `[${opsets.map(({ domain, version }) => `${quoted(domain)} : ${version}`).join(', ')}]`;
}

function pairsText(pairs: readonly StringStringEntryProto[]): string {
  return `[${pairs.map(({ key, value }) => `${quoted(key)}: ${quoted(value)}`).join(', ')}]`;
}

interface GraphFrame {
  /** Text before the graph on its first line and after it on its last. */
  readonly before: string;
  readonly after: string;
  readonly indent: string;
  readonly name: string;
}

function printGraph(printer: Printer, graph: GraphProto, { before, after, indent, name }: GraphFrame): void {
  const { lines, lose } = printer;
  noteGraphLosses(printer, graph);
  const inputs = graph.input.map(input => valueText(input, lose)).join(', ');
  const outputs = graph.output.map(output => valueText(output, lose)).join(', ');
  lines.push(`${before}${name} (${inputs}) => (${outputs})`);
  const values = [
    ...graph.initializer.map(tensor => tensorText(printer, tensor, ' = ')),
    ...graph.valueInfo.map(value => valueText(value, lose)),
  ].filter(text => text !== null);
  if (values.length > 0) lines.push(`${indent}<`, values.map(text => indent + INDENT + text).join(',\n'), `${indent}>`);
  lines.push(`${indent}{`);
  for (const node of graph.node) printNode(printer, node, indent + INDENT);
  lines.push(`${indent}}${after}`);
}

function noteGraphLosses({ lose }: Printer, graph: GraphProto): void {
  if (graph.docString !== '') lose('documentation of graphs');
  if (graph.sparseInitializer.length > 0) lose('sparse initializers');
  if (graph.quantizationAnnotation.length > 0) lose('quantisation annotations');
  if (graph.metadataProps.length > 0) lose('metadata of graphs');
  const values = [...graph.input, ...graph.output, ...graph.valueInfo];
  if (values.some(({ docString }) => docString !== '')) lose('documentation of values');
  if (values.some(({ metadataProps }) => metadataProps.length > 0)) lose('metadata of values');
}

/** `type[dims] name = data`; null (and a loss) for a damaged tensor or a type without a name. */
function tensorText(printer: Printer, bytes: Uint8Array, mark?: string): string | null {
  const tensor = printTensor(bytes, printer);
  const type = tensor && tensorTypeText(tensor.dataType, tensor.dims);
  if (!tensor || !type) {
    printer.lose(`the tensor '${tensor?.name ?? ''}', which is damaged`);
    return null;
  }
  const name = tensor.name === '' ? '' : ` ${nameText(tensor.name)}`;
  // A type with brackets after it would be read as a type alone.
  const before = mark ?? (tensor.data.startsWith('[') ? ' = ' : ' ');
  return `${type}${name}${before}${tensor.data}`;
}

function tensorTypeText(dataType: number, dims: readonly bigint[]): string | null {
  const name = elementTypeName(dataType) ?? null;
  return name && (dims.length === 0 ? name : `${name}[${dims.join(', ')}]`);
}

function printNode(printer: Printer, node: NodeProto, indent: string): void {
  const { lines, lose } = printer;
  if (node.docString !== '') lose('documentation of nodes');
  if (node.metadataProps.length > 0) lose('metadata of nodes');
  if (node.deviceConfigurations.length > 0) lose('device configurations');
  const label = node.name === '' ? '' : `[${nameText(node.name)}] `;
  const outputs = namesText(node.output);
  const operator = operatorText(node);
  const inputs = `(${namesText(node.input)})`;
  const hasGraphs = node.attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0);
  const head = `${indent}${label}${outputs === '' ? '' : `${outputs} `}= ${operator}`;
  if (!hasGraphs) {
    const attributes = node.attribute.flatMap(attribute => simpleAttributeText(printer, attribute) ?? []);
    lines.push(`${head}${attributes.length > 0 ? ` <${attributes.join(', ')}>` : ''} ${inputs}`);
    return;
  }
  lines.push(`${head} ${inputs} <`);
  const inner = indent + INDENT;
  for (const [index, attribute] of node.attribute.entries()) {
    const comma = index < node.attribute.length - 1 ? ',' : '';
    printAttribute(printer, attribute, inner, comma);
  }
  lines.push(`${indent}>`);
}

function operatorText({ domain, opType, overload }: NodeProto): string {
  const parts = domain === '' ? [] : domain.split('.');
  const names = [...parts, opType].map(name => (isIdentifier(name) ? name : quoted(name)));
  return `${names.join('.')}${overload === '' ? '' : `:${overload}`}`;
}

/** An attribute of a node that has subgraphs, on lines of its own. */
function printAttribute(printer: Printer, attribute: AttributeProto, indent: string, after: string): void {
  const { lines } = printer;
  const type = attributeType(attribute);
  const name = attributeName(attribute);
  if (type === AttributeType.GRAPH && attribute.g && attribute.refAttrName === '') {
    const frame = { before: `${indent}${name} = `, after, indent, name: subgraphName(printer, attribute.g) };
    printGraph(printer, attribute.g, frame);
  } else if (type === AttributeType.GRAPHS) {
    lines.push(`${indent}${name}: graphs = [`);
    for (const [index, graph] of attribute.graphs.entries()) {
      const inner = indent + INDENT;
      const comma = index < attribute.graphs.length - 1 ? ',' : '';
      printGraph(printer, graph, { before: inner, after: comma, indent: inner, name: subgraphName(printer, graph) });
    }
    lines.push(`${indent}]${after}`);
  } else {
    const text = simpleAttributeText(printer, attribute);
    if (text !== null) lines.push(`${indent}${text}${after}`);
    else if (lines.at(-1)?.endsWith(',') && after === '') lines[lines.length - 1] = lines.at(-1)!.slice(0, -1);
  }
}

/** A quoted name would be read as a string: subgraphs have names only for people, and are given a similar one. */
function subgraphName({ lose }: Printer, { name }: GraphProto): string {
  if (nameText(name) === name) return name;
  lose('names of subgraphs that are no identifiers');
  return `_${name.replace(/[^A-Za-z0-9_]/g, '_')}`;
}

function attributeName({ name }: AttributeProto): string {
  return isIdentifier(name) ? name : quoted(name);
}

/** `name = value`, with the type where the value does not tell it; null where the syntax has no words for it. */
function simpleAttributeText(printer: Printer, attribute: AttributeProto): string | null {
  if (attribute.docString !== '') printer.lose('documentation of attributes');
  const type = attributeType(attribute);
  const name = attributeName(attribute);
  const typed = `${name}: ${attributeTypeName(type)}`;
  if (attribute.refAttrName !== '') return `${typed} = @${nameText(attribute.refAttrName)}`;
  const list = (values: readonly (string | null)[], tellsType = true) => {
    const known = values.filter(value => value !== null);
    return `${tellsType && known.length > 0 ? name : typed} = [${known.join(', ')}]`;
  };
  switch (type) {
    case AttributeType.INT:
      return `${name} = ${attribute.i}`;
    case AttributeType.INTS:
      return list(attribute.ints.map(String));
    case AttributeType.FLOAT:
      return `${name} = ${floatText(attribute.f)}`;
    case AttributeType.FLOATS:
      return list(attribute.floats.map(floatText));
    case AttributeType.STRING:
      return `${name} = ${bytesText(printer, attribute.s)}`;
    case AttributeType.STRINGS:
      return list(attribute.strings.map(bytes => bytesText(printer, bytes)));
    case AttributeType.TENSOR: {
      const tensor = tensorText(printer, attribute.t);
      return tensor && `${name} = ${tensor}`;
    }
    case AttributeType.TENSORS:
      return list(
        attribute.tensors.map(tensor => tensorText(printer, tensor)),
        false,
      );
    case AttributeType.GRAPHS:
      // Graphs themselves stand on lines of their own.
      return list([], false);
    case AttributeType.TYPE_PROTO:
      return attribute.tp ? `${name} = ${typeText(attribute.tp) ?? 'opaque()'}` : null;
    case AttributeType.TYPE_PROTOS:
      return list(attribute.typeProtos.map(typeText), false);
    default:
      printer.lose(`the attribute '${attribute.name}', a sparse tensor or of no known type`);
      return null;
  }
}

/** Strings are bytes in the file; those that are not UTF-8 lose what they say. */
function bytesText({ lose }: Printer, bytes: Uint8Array): string {
  const text = getTextEncoding().decodeUtf8(bytes);
  if (text.includes('\uFFFD')) lose('strings that are not UTF-8');
  return quoted(text);
}

function printFunction(printer: Printer, proto: FunctionProto): void {
  const { lines, lose } = printer;
  if (proto.metadataProps.length > 0) lose('metadata of functions');
  const head = [`domain: ${quoted(proto.domain)}`, `opset_import: ${opsetsText(proto.opsetImport)}`];
  if (proto.overload !== '') head.push(`overload: ${quoted(proto.overload)}`);
  if (proto.docString !== '') head.push(`doc_string: ${quoted(proto.docString)}`);
  lines.push('');
  printHead(printer, head);
  const attributes = [
    ...proto.attribute.map(nameText),
    ...proto.attributeProto.flatMap(attribute => simpleAttributeText(printer, attribute) ?? []),
  ];
  const parameters = attributes.length > 0 ? ` <${attributes.join(', ')}>` : '';
  lines.push(`${nameText(proto.name)}${parameters} (${namesText(proto.input)}) => (${namesText(proto.output)})`);
  const values: readonly ValueInfoProto[] = proto.valueInfo;
  if (values.length > 0) lines.push('<', values.map(value => INDENT + valueText(value, lose)).join(',\n'), '>');
  lines.push('{');
  for (const node of proto.node) printNode(printer, node, INDENT);
  lines.push('}');
}
