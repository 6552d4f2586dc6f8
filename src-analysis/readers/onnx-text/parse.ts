/**
 * Parser of the textual syntax of ONNX: onnx/docs/Syntax.md, and where that is silent onnx/defs/parser.cc (onnx 1.23.2),
 * whose language it accepts with three additions that {@link printModel} makes use of: operators, domains and attributes
 * may be quoted where their names are no identifiers, and attributes may be lists of tensors, graphs and types.
 */
import { create } from '@bufbuild/protobuf';
import type { Range } from '../../model/graph.ts';
import {
  type AttributeProto,
  type FunctionProto,
  FunctionProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type OperatorSetIdProto,
  OperatorSetIdProtoSchema,
} from '../onnx/generated/onnx_pb.ts';
import type { CancellationToken, Comment, ReadError } from '../reader.ts';
import { addName, newScope, type Occurrence } from './names.ts';
import { parseAttributeAfter } from './parse-attribute.ts';
import { parseGraph, parseNodes, parseSubgraph, parseValueInfo } from './parse-graph.ts';
import { parseStringPairs } from './parse-tensor.ts';
import {
  accept,
  countMessage,
  createParser,
  expect,
  expectInteger,
  expectName,
  expectString,
  expectWord,
  failAt,
  isAt,
  isAtName,
  type NodePlace,
  noteError,
  type Parser,
  recovering,
  recoveringList,
  SyntaxFault,
  take,
} from './parser.ts';

export interface GraphPlace {
  /** The graph's name. */
  readonly range: Range;
  /** Everything from the model's head to the end of the graph. */
  readonly fullRange: Range;
}

export interface ParsedText {
  /** Without a graph where the text holds none; otherwise what could be read. */
  readonly model: ModelProto;
  readonly errors: readonly ReadError[];
  readonly comments: readonly Comment[];
  readonly nodePlaces: ReadonlyMap<NodeProto, NodePlace>;
  readonly graphPlace: GraphPlace | null;
  /** Where values are named, in the order of the text within a node's inputs and outputs. */
  readonly occurrences: readonly Occurrence[];
}

/** A text of comments alone says why in them, where it stands for a file that cannot be shown. */
function noteNothing(parser: Parser): void {
  const { comments } = parser.lexer;
  const [first] = comments;
  if (!first) {
    noteError(parser, 'The file is empty; ONNX text was expected.', parser.token);
    return;
  }
  const said = comments.map(comment => comment.text.trim()).join(' ');
  const end = comments.at(-1)?.range.end ?? first.range.end;
  noteError(parser, `There is no model here: ${said}`, { start: first.range.start, end });
}

/** Parses ONNX text. Never throws on any text, except `Cancelled`; ranges are UTF-16 offsets. */
export function parseOnnxText(text: string, cancel: CancellationToken): ParsedText {
  const parser = createParser(text, cancel);
  const model = create(ModelProtoSchema);
  let graphPlace: GraphPlace | null = null;
  try {
    if (parser.token.kind === 'end') noteNothing(parser);
    else graphPlace = parseModel(parser, model);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    noteError(parser, error.message, error.range);
  }
  const errors = [...parser.errors.kept];
  if (parser.errors.dropped > 0) errors.push({ message: `There are ${parser.errors.dropped} more errors like these.` });
  const { lexer, nodePlaces, names } = parser;
  return { model, errors, comments: lexer.comments, nodePlaces, graphPlace, occurrences: names.occurrences };
}

function parseModel(parser: Parser, model: ModelProto): GraphPlace {
  const { start } = parser.token;
  parseHead(parser, (keyword, key) => parseModelEntry(parser, model, keyword, key));
  const name = parser.token;
  // Assigned before it is read, so that a limit reached in it leaves what was read.
  if (isAtName(parser)) model.graph = create(GraphProtoSchema);
  parseGraph(parser, model.graph ?? create(GraphProtoSchema));
  const place = { range: { start: name.start, end: name.end }, fullRange: { start, end: parser.lastEnd } };
  while (parser.token.kind !== 'end') {
    const before = parser.token;
    recovering(
      parser,
      () => model.functions.push(parseFunction(parser)),
      () => skipFunction(parser, before),
    );
  }
  return place;
}

/** `<key: value, …>`; may be left out. */
function parseHead(parser: Parser, entry: (keyword: string, key: Range) => void): void {
  if (!accept(parser, '<')) return;
  recovering(
    parser,
    () => {
      if (accept(parser, '>')) return;
      do {
        const key = expectWord(parser, "an entry such as 'ir_version: 10'");
        expect(parser, ':', `after '${key.text}'`);
        entry(key.text, key);
      } while (accept(parser, ','));
      expect(parser, '>', "after the entries, or ',' between them,");
    },
    () => skipHead(parser),
  );
}

function parseModelEntry(parser: Parser, model: ModelProto, keyword: string, key: Range): void {
  switch (keyword) {
    case 'ir_version':
      model.irVersion = expectInteger(parser, 'the version of the format');
      break;
    case 'opset_import':
      model.opsetImport = parseOpsets(parser);
      break;
    case 'producer_name':
      model.producerName = expectString(parser, 'a name');
      break;
    case 'producer_version':
      model.producerVersion = expectString(parser, 'a version');
      break;
    case 'domain':
      model.domain = expectString(parser, 'a domain');
      break;
    case 'model_version':
      model.modelVersion = expectInteger(parser, 'a version');
      break;
    case 'doc_string':
      model.docString = expectString(parser, 'a text');
      break;
    case 'metadata_props':
      expect(parser, '[', "after 'metadata_props:'");
      model.metadataProps = parseStringPairs(parser);
      break;
    default:
      failAt(key, `Models have no entry '${keyword}': ir_version, opset_import, producer_name and the like are.`);
  }
}

function parseOpsets(parser: Parser): OperatorSetIdProto[] {
  const opsets: OperatorSetIdProto[] = [];
  expect(parser, '[', "after 'opset_import:'");
  recoveringList(parser, ']', 'the list of operator sets', () => {
    countMessage(parser);
    const domain = expectString(parser, 'the domain of an operator set');
    expect(parser, ':', 'after the domain');
    const version = expectInteger(parser, 'the version of the operator set');
    opsets.push(create(OperatorSetIdProtoSchema, { domain, version }));
  });
  return opsets;
}

/** `<head> name <attributes> (inputs) => (outputs) <values> { nodes }`. */
function parseFunction(parser: Parser): FunctionProto {
  countMessage(parser);
  const proto = create(FunctionProtoSchema);
  parser.names.scope = newScope(null);
  parseHead(parser, (keyword, key) => parseFunctionEntry(parser, proto, keyword, key));
  const name = expectName(parser, 'the name of a function');
  proto.name = name.text;
  addName(parser.names, `${proto.domain}.${proto.name}`, name, 'definition', parser.names.functions);
  if (accept(parser, '<'))
    recoveringList(parser, '>', "the function's attributes", () => parseFormalAttribute(parser, proto));
  expect(parser, '(', "before the function's inputs");
  recoveringList(parser, ')', "the function's inputs", () => proto.input.push(parseFormal(parser, proto, true)));
  expect(parser, '=>', "after the function's inputs");
  expect(parser, '(', "before the function's outputs");
  recoveringList(parser, ')', "the function's outputs", () => proto.output.push(parseFormal(parser, proto, false)));
  if (accept(parser, '<'))
    recoveringList(parser, '>', "the function's values", () => proto.valueInfo.push(parseValueInfo(parser, 'type')));
  if (!isAt(parser, '{')) expect(parser, '{', "before the function's nodes");
  parseNodes(parser, proto.node, `the function '${name.text}'`);
  return proto;
}

function parseFunctionEntry(parser: Parser, proto: FunctionProto, keyword: string, key: Range): void {
  switch (keyword) {
    case 'opset_import':
      proto.opsetImport = parseOpsets(parser);
      break;
    case 'domain':
      proto.domain = expectString(parser, 'a domain');
      break;
    case 'overload':
      proto.overload = expectString(parser, 'the name of the overload');
      break;
    case 'doc_string':
      proto.docString = expectString(parser, 'a text');
      break;
    default:
      failAt(key, `Functions have no entry '${keyword}': domain, opset_import, overload and doc_string are.`);
  }
}

/** A name, or an attribute with its default. */
function parseFormalAttribute(parser: Parser, proto: FunctionProto): void {
  const name = expectName(parser, 'the name of an attribute');
  const withDefault: AttributeProto | null =
    isAt(parser, ':') || isAt(parser, '=') ? parseAttributeAfter(parser, name, parseSubgraph) : null;
  if (withDefault) proto.attributeProto.push(withDefault);
  else proto.attribute.push(name.text);
}

/** Inputs and outputs of functions may have a type. */
function parseFormal(parser: Parser, proto: FunctionProto, isInput: boolean): string {
  const info = parseValueInfo(parser, isInput ? 'definition' : 'use');
  if (info.type) proto.valueInfo.push(info);
  return info.name;
}

/** To the end of a broken head: its closing mark, or a line that begins with a name that no `:` follows. */
function skipHead(parser: Parser): void {
  while (parser.token.kind !== 'end' && !isAt(parser, '{')) {
    countMessage(parser);
    if (accept(parser, '>')) return;
    if (parser.token.startsLine && isAtName(parser) && !isKey(parser)) return;
    take(parser);
  }
}

function isKey({ token, lexer }: Parser): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = token.end;
  return colon.test(lexer.text);
}

function skipFunction(parser: Parser, first: { readonly start: number }): void {
  if (parser.token.start === first.start) take(parser);
  while (parser.token.kind !== 'end' && !(isAt(parser, '<') && parser.token.startsLine)) {
    countMessage(parser);
    take(parser);
  }
}
