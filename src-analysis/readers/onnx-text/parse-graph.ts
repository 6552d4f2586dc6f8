import { create } from '@bufbuild/protobuf';
import type { Range } from '../../model/graph.ts';
import {
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../onnx/generated/onnx_pb.ts';
import type { Token } from './lexer.ts';
import { addName, newScope, type Role } from './names.ts';
import { parseAttribute } from './parse-attribute.ts';
import { parseTensor } from './parse-tensor.ts';
import { isAtType, parseType } from './parse-type.ts';
import {
  accept,
  countMessage,
  expect,
  expectName,
  expectWord,
  fail,
  isAt,
  isAtName,
  list,
  nested,
  noteError,
  noteFault,
  type Parser,
  recovering,
  recoveringList,
  SyntaxFault,
  take,
} from './parser.ts';

/** `name (inputs) => (outputs) <values> { nodes }`. */
export function parseGraph(parser: Parser, graph: GraphProto): void {
  countMessage(parser);
  graph.name = expectName(parser, 'the name of the graph').text;
  parseGraphHead(parser, graph);
  parseNodes(parser, graph.node, `the graph '${graph.name}'`);
}

/** A graph that is the value of an attribute: it sees the values around it. */
export function parseSubgraph(parser: Parser): GraphProto {
  return nested(parser, 'Subgraphs', () => {
    const outer = parser.names.scope;
    parser.names.scope = newScope(outer);
    const graph = create(GraphProtoSchema);
    try {
      parseGraph(parser, graph);
    } finally {
      parser.names.scope = outer;
    }
    return graph;
  });
}

function parseGraphHead(parser: Parser, graph: GraphProto): void {
  recovering(
    parser,
    () => {
      if (accept(parser, '('))
        recoveringList(parser, ')', "the graph's inputs", () => parseValueOrInitializer(parser, graph, true));
      expect(parser, '=>', "after the graph's inputs");
      expect(parser, '(', "before the graph's outputs");
      recoveringList(parser, ')', "the graph's outputs", () => graph.output.push(parseValueInfo(parser, 'use')));
      if (accept(parser, '<'))
        recoveringList(parser, '>', 'the list of values and initializers', () =>
          parseValueOrInitializer(parser, graph, false),
        );
      if (!isAt(parser, '{')) fail(parser, "'{' before the nodes");
    },
    () => skipToNodes(parser),
  );
}

/** `type name`, or `type name = data`, which makes an initializer (of an input, a default). */
function parseValueOrInitializer(parser: Parser, graph: GraphProto, isInput: boolean): void {
  const start = parser.token;
  const type = isAtType(parser) ? parseType(parser) : undefined;
  const typed = { start: start.start, end: parser.lastEnd };
  const name = expectName(parser, 'the name of a value');
  const isInitializer = accept(parser, '=');
  addName(parser.names, name.text, name, isInput || isInitializer ? 'definition' : 'type');
  if (isInput || !isInitializer) {
    countMessage(parser);
    const info = create(ValueInfoProtoSchema, { name: name.text, ...(type ? { type } : {}) });
    (isInput ? graph.input : graph.valueInfo).push(info);
  }
  if (isInitializer) graph.initializer.push(parseTensor(parser, name.text, type, type ? typed : name));
}

/** `type name`; the type may be left out. */
export function parseValueInfo(parser: Parser, role: Role): ValueInfoProto {
  countMessage(parser);
  const type = isAtType(parser) ? parseType(parser) : undefined;
  const name = expectName(parser, 'the name of a value');
  addName(parser.names, name.text, name, role);
  return create(ValueInfoProtoSchema, { name: name.text, ...(type ? { type } : {}) });
}

/** `{ nodes }`. A node that cannot be read is noted and left out. */
export function parseNodes(parser: Parser, nodes: NodeProto[], of: string): void {
  const open = parser.token;
  if (!accept(parser, '{')) return;
  while (!accept(parser, '}')) {
    if (parser.token.kind === 'end') {
      noteError(parser, `The nodes of ${of} are not closed: '}' is missing.`, open);
      return;
    }
    parseNode(parser, nodes);
  }
}

/** A node that cannot be read to its end is kept as far as it goes, so that what it makes is not missing elsewhere. */
function parseNode(parser: Parser, nodes: NodeProto[]): void {
  countMessage(parser);
  const start = parser.token;
  const { depth } = parser;
  const node = create(NodeProtoSchema);
  const place = { range: { start: start.start, end: start.end } };
  let broken = false;
  try {
    parseNodeParts(parser, node, place);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    broken = true;
    parser.depth = depth;
    noteFault(parser, error, () => skipNode(parser, start));
  }
  if (broken && node.output.length === 0) return;
  nodes.push(node);
  const fullRange = { start: start.start, end: Math.max(parser.lastEnd, place.range.end) };
  parser.nodePlaces.set(node, { range: place.range, fullRange, broken });
}

/** `[label] outputs = domain.Operator:overload <attributes> (inputs)`; the attributes may also stand last. */
function parseNodeParts(parser: Parser, node: NodeProto, place: { range: Range }): void {
  if (accept(parser, '[')) {
    if (isAtName(parser)) node.name = take(parser).text;
    expect(parser, ']', "after the node's label");
  }
  const outputs = nameList(parser);
  expect(
    parser,
    '=',
    outputs.length > 0 ? "after the node's outputs" : 'between the outputs of a node and its operator',
  );
  for (const output of outputs) {
    node.output.push(output.text);
    addName(parser.names, output.text, output, 'definition');
  }
  place.range = parseOperator(parser, node);
  const attribute = () => node.attribute.push(parseAttribute(parser, parseSubgraph));
  if (accept(parser, '<')) list(parser, '>', `the attributes of ${node.opType}`, attribute);
  expect(parser, '(', `before the inputs of ${node.opType}`);
  for (const input of nameList(parser, true)) {
    node.input.push(input.text);
    addName(parser.names, input.text, input, 'use');
  }
  expect(parser, ')', `after the inputs of ${node.opType}`);
  if (node.attribute.length === 0 && accept(parser, '<'))
    list(parser, '>', `the attributes of ${node.opType}`, attribute);
}

/** Domain, operator and overload; the range of the operator's own name. */
function parseOperator(parser: Parser, node: NodeProto): Range {
  const domain: string[] = [];
  // A line that begins `name =` is the next node.
  if (parser.token.startsLine && isFollowedByEquals(parser)) fail(parser, 'the operator');
  let name = expectName(parser, 'the operator');
  while (accept(parser, '.')) {
    domain.push(name.text);
    name = expectName(parser, "the operator after its domain's dot");
  }
  node.domain = domain.join('.');
  node.opType = name.text;
  if (accept(parser, ':')) node.overload = expectWord(parser, 'the name of the overload').text;
  addName(parser.names, `${node.domain}.${node.opType}`, name, 'use', parser.names.functions);
  return { start: name.start, end: name.end };
}

/**
 * Names with commas between them. An input that is left out is `""`, or nothing before a comma; a comma after the last
 * name adds nothing.
 */
function nameList(parser: Parser, areInputs = false): Token[] {
  const names: Token[] = [];
  for (;;) {
    // A half-typed list must not take the next node's output.
    if (areInputs && parser.token.startsLine && isFollowedByEquals(parser)) return names;
    if (isAtName(parser)) names.push(take(parser));
    else if (isAt(parser, ',')) names.push({ ...parser.token, text: '', end: parser.token.start });
    else return names;
    countMessage(parser);
    if (!accept(parser, ',')) return names;
  }
}

function isFollowedByEquals({ token, lexer }: Parser): boolean {
  const equals = /\s*=/y;
  equals.lastIndex = token.end;
  return equals.test(lexer.text);
}

/** From inside a broken node to the next line that begins like a node, or to the end of the nodes. */
function skipNode(parser: Parser, first: Token): void {
  if (parser.token === first) take(parser);
  let depth = 0;
  for (; parser.token.kind !== 'end'; take(parser)) {
    countMessage(parser);
    if (isAt(parser, '{')) depth++;
    else if (isAt(parser, '}') && depth-- === 0) return;
    else if (depth === 0 && parser.token.startsLine && (isAtName(parser) || isAt(parser, '['))) return;
  }
}

function skipToNodes(parser: Parser): void {
  while (parser.token.kind !== 'end' && !isAt(parser, '{')) {
    countMessage(parser);
    take(parser);
  }
}
