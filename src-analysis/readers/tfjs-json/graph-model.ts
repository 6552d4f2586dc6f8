import type { Node } from 'jsonc-parser';
import type { Edge, Layer, ModelGraph, Range } from '../../model/graph.ts';
import { type CancellationToken, type ReadError, throwIfCancelled } from '../reader.ts';
import { type GraphNode, graphNodes, outputShapes } from './graph-attributes.ts';
import type { FullShape, Operand, Operation } from './graph-operation.ts';
import { graphOperators } from './graph-operators.ts';
import type { ManifestEntry } from './manifest.ts';
import { property, rangeOf } from './tree.ts';

/** More nodes than this are not followed. */
const maximalNodes = 30_000;
/** Nodes looked at for what a shape must become. */
const lookAhead = 200;

interface GraphFile {
  /** `modelTopology`. */
  readonly topology: Node | undefined;
  readonly format: Node | undefined;
  readonly entries: readonly ManifestEntry[];
  /** Values of small constants of integers (stored-integers.ts). */
  readonly integers: (name: string) => readonly number[] | undefined;
}

interface Builder {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly users: ReadonlyMap<string, readonly GraphNode[]>;
  readonly stored: ReadonlyMap<string, ManifestEntry>;
  readonly integers: GraphFile['integers'];
  readonly used: Set<string>;
  readonly layers: Layer[];
  /** Outputs of every node that became a layer. */
  readonly made: Map<string, { readonly layer: number; readonly shapes: readonly FullShape[] }>;
  readonly errors: ReadError[];
}

/**
 * Reads a TensorFlow.js graph model: the TensorFlow graph in `modelTopology`, as tensorflowjs_converter writes it. The
 * values of constants are in the weight files. Of these, small lists of integers are read, where the files are there: target
 * shapes, axes, paddings. Without them, a node whose effect they decide is unknown where neither `_output_shapes` nor what
 * follows it tells how it comes out.
 */
export function readGraphModel(
  { topology, format, entries, integers }: GraphFile,
  errors: ReadError[],
  cancel: CancellationToken,
): ModelGraph {
  const all = graphNodes(property(topology, 'node'));
  const listed = all.slice(0, maximalNodes);
  const nodes = new Map<string, GraphNode>();
  for (const node of listed) {
    if (nodes.has(node.name))
      errors.push({ message: `There are two nodes called ${node.name}.`, range: nameRange(node) });
    else nodes.set(node.name, node);
  }
  const stored = new Map(entries.map(entry => [entry.name, entry]));
  const builder: Builder = {
    nodes,
    users: usersOf(listed),
    stored,
    integers,
    used: new Set(),
    layers: [],
    made: new Map(),
    errors,
  };
  const order = inOrder(builder);
  for (const node of order) {
    throwIfCancelled(cancel);
    if (node.op !== 'Const' && node.op !== 'NoOp' && !joinBias(builder, node)) addLayer(builder, node);
  }
  for (const entry of entries) {
    if (!nodes.has(entry.name))
      errors.push({ message: `${entry.name} is a weight of no node of this graph.`, range: entry.range });
  }
  const named = format ?? topology;
  const gaps = [
    ...(all.length > maximalNodes
      ? [{ reason: `This graph has more than ${maximalNodes} nodes; the rest is not read.` }]
      : []),
    ...(order.length < nodes.size ? [{ reason: 'Some nodes take their inputs from a cycle, and are not read.' }] : []),
  ];
  return {
    name: 'graph-model',
    format: 'tfjs-json',
    ...(named && { range: rangeOf(named), fullRange: rangeOf(named) }),
    layers: builder.layers,
    inputs: builder.layers.flatMap(layer => (layer.op.kind === 'input' ? [{ layer: layer.id, output: 0 }] : [])),
    outputs: outputsOf(builder),
    gaps,
  };
}

function baseName(input: string): { readonly name: string; readonly output: number } {
  const [name = '', output = '0'] = input.split(':');
  return { name, output: Number(output) || 0 };
}

function usersOf(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly GraphNode[]> {
  const users = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const { name } = baseName(input);
      const list = users.get(name);
      if (list) list.push(node);
      else users.set(name, [node]);
    }
  }
  return users;
}

/** Kahn's algorithm, in the order of the file where that is free. */
function inOrder({ nodes, users }: Builder): GraphNode[] {
  const missing = new Map<GraphNode, number>();
  for (const node of nodes.values()) {
    missing.set(node, node.inputs.filter(input => nodes.has(baseName(input).name)).length);
  }
  const ready = [...nodes.values()].filter(node => missing.get(node) === 0);
  // The list grows while it is walked.
  for (const node of ready) {
    for (const user of users.get(node.name) ?? []) {
      const left = missing.get(user);
      if (left === undefined) continue;
      missing.set(user, left - 1);
      if (left === 1) ready.push(user);
    }
  }
  return ready;
}

function operandOf(b: Builder, input: string, user: GraphNode): Operand {
  const { name, output } = baseName(input);
  const made = b.made.get(name);
  if (made) return { shape: made.shapes[output] ?? null };
  if (b.nodes.get(name)?.op === 'Const') {
    const entry = b.stored.get(name);
    if (entry) return { shape: entry.shape, constant: name, integers: () => b.integers(name) };
    if (!b.used.has(name)) {
      b.used.add(name);
      b.errors.push({ message: `weightsManifest has no values of ${name}.`, range: nameRange(user) });
    }
    return { shape: null, constant: name };
  }
  if (!b.nodes.has(name)) b.errors.push({ message: `There is no node called ${name}.`, range: nameRange(user) });
  return { shape: null };
}

function addLayer(b: Builder, node: GraphNode): void {
  const inputs = node.inputs.map(input => operandOf(b, input, node));
  const operation = describe(b, node, inputs);
  const stated = outputShapes(node);
  const shapes = operation.outputs.map((shape, i) => refine(shape, stated[i] ?? null));
  const tensors = node.inputs.flatMap((input, i): { edge: Edge; shape: FullShape }[] => {
    const { name, output } = baseName(input);
    const made = b.made.get(name);
    return made ? [{ edge: { layer: made.layer, output }, shape: inputs[i]?.shape ?? null }] : [];
  });
  const isConstant = tensors.length === 0 && operation.op.kind !== 'input';
  const id = b.layers.length;
  for (const problem of operation.problems ?? []) {
    b.errors.push({ message: `${node.name}: ${problem}`, range: nameRange(node) });
  }
  b.layers.push({
    id,
    name: node.name,
    type: node.op,
    op: isConstant ? { kind: 'constant' } : operation.op,
    inputs: tensors.map(({ edge }) => edge),
    inputShapes: tensors.map(({ shape }) => shape?.slice(1) ?? null),
    outputShapes: shapes.map(shape => shape?.slice(1) ?? null),
    ...(operation.activation && { activation: operation.activation }),
    weights: operation.weights ?? [],
    trainable: true,
    range: nameRange(node),
    fullRange: rangeOf(node.node),
  });
  b.made.set(node.name, { layer: id, shapes });
}

/** A bias added to what only it uses, a convolution or product without one, is that layer's own. */
function joinBias(b: Builder, node: GraphNode): boolean {
  const [input, bias] = node.inputs.map(name => baseName(name).name);
  if (!['BiasAdd', 'Add', 'AddV2'].includes(node.op) || input === undefined || bias === undefined) return false;
  const entry = b.nodes.get(bias)?.op === 'Const' ? b.stored.get(bias) : undefined;
  const made = b.made.get(input);
  const layer = made && b.layers[made.layer];
  if (!made || !layer || entry?.shape.length !== 1 || b.users.get(input)?.length !== 1) return false;
  const { op } = layer;
  if ((op.kind !== 'conv' && op.kind !== 'dense') || op.bias || layer.activation) return false;
  if (op.kind === 'conv' && op.dataFormat === 'channelsFirst' && node.op !== 'BiasAdd') return false;
  if ((op.kind === 'conv' ? op.filters : op.units) !== entry.shape[0]) return false;
  const weight = { role: 'bias', name: bias, shape: entry.shape, trainable: true, source: { kind: 'stored' } } as const;
  b.layers[made.layer] = { ...layer, op: { ...op, bias: true }, weights: [...layer.weights, weight] };
  b.made.set(node.name, made);
  return true;
}

function describe(b: Builder, node: GraphNode, inputs: readonly Operand[]): Operation {
  const operator = graphOperators.get(node.op);
  if (operator) return operator({ node, inputs, wanted: () => wantedChannels(b, node) });
  return { op: { kind: 'unknown', reason: `${node.op} is not an operation that Leaklint knows.` }, outputs: [null] };
}

/** A shape with what the converter has noted of it. */
function refine(shape: FullShape, stated: FullShape): FullShape {
  if (shape === null || stated === null) return shape ?? stated;
  return shape.length === stated.length ? shape.map((dim, i) => dim ?? stated[i] ?? null) : shape;
}

/** Operations that leave the last axis as it is. */
const keepsChannels = new Set([
  ...[
    'Relu',
    'Relu6',
    'Elu',
    'Selu',
    'LeakyRelu',
    'Sigmoid',
    'Tanh',
    'Prelu',
    'Identity',
    'BiasAdd',
    'MaxPool',
    'AvgPool',
  ],
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3', 'StopGradient', 'Cast'],
]);

/** Entries of the last axis that the first convolution or product after a node takes; null where there is none. */
function wantedChannels({ users, stored }: Builder, start: GraphNode): number | null {
  const seen = new Set([start]);
  for (const node of seen) {
    if (seen.size > lookAhead) return null;
    for (const user of users.get(node.name) ?? []) {
      const [x, kernel] = user.inputs.map(input => baseName(input).name);
      if (x !== node.name) continue;
      const shape = kernel === undefined ? undefined : stored.get(kernel)?.shape;
      if (
        /^(_Fused|FusedDepthwise)?(Conv2D|Conv2dNative|DepthwiseConv2dNative)$/.test(user.op) &&
        shape?.length === 4
      ) {
        return shape[2] ?? null;
      }
      if (/^(_Fused)?MatMul$/.test(user.op) && shape?.length === 2) {
        return shape[isTransposed(user) ? 1 : 0] ?? null;
      }
      if (keepsChannels.has(user.op)) seen.add(user);
    }
  }
  return null;
}

function isTransposed({ attributes }: GraphNode): boolean {
  return property(property(attributes, 'transpose_b'), 'b')?.value === true;
}

/** What no other node uses. */
function outputsOf({ layers, users, made }: Builder): Edge[] {
  // A layer goes by several names where a bias was joined to it; only the last of them is used outside.
  const names = new Map([...made].map(([name, { layer }]) => [layer, name]));
  return layers.flatMap(layer => {
    if (users.has(names.get(layer.id) ?? layer.name) || layer.op.kind === 'constant') return [];
    return layer.outputShapes.map((_, output) => ({ layer: layer.id, output }));
  });
}

function nameRange({ node }: GraphNode): Range {
  return rangeOf(property(node, 'name') ?? node);
}
