/**
 * Activation functions that ONNX had no operator for when the model was exported, spelled out as arithmetic: SiLU as
 * x · sigmoid(x), GELU by erf or tanh, Mish, hard swish. As two branches that are multiplied they would be another thing to the
 * analysis; as the function that they are, the laws for activations apply.
 */
import type { Attribute, OnnxGraph, OnnxNode, OnnxTensor } from './model.ts';
import { orderNodes } from './order.ts';
import { countUses } from './scope.ts';
import { between, erf, operationOf, sigmoid, softplus } from './spelled-operations.ts';
import { elementCount } from './tensor-data.ts';

/** Longest spelling that is looked at, nodes. */
const MAX_NODES = 12;

/** The graph with every spelled-out activation as one node, which has the name and the output of the last of its nodes. */
export function withActivations(graph: OnnxGraph): OnnxGraph {
  if (!graph.nodes.some(isLast)) return graph;
  const search = searchOf(graph);
  if (!search) return graph;
  const replaced = new Map<OnnxNode, OnnxNode | null>();
  // From the end, so that the whole of a function is found before what is a part of it.
  for (const index of search.order.toReversed()) {
    const node = graph.nodes[index]!;
    if (!isLast(node) || replaced.has(node)) continue;
    const found = node.opType === 'Where' ? guarded(search, node) : spelling(search, node);
    if (!found) continue;
    for (const part of found.parts) replaced.set(part, null);
    replaced.set(node, found.node);
  }
  if (replaced.size === 0) return graph;
  const nodes = graph.nodes.flatMap(node => (replaced.has(node) ? (replaced.get(node) ?? []) : node));
  return { ...graph, nodes };
}

/** What a spelling may end with. */
function isLast({ domain, opType }: OnnxNode): boolean {
  return domain === '' && (opType === 'Mul' || opType === 'Div' || opType === 'Where');
}

/** Where(IsNaN(x), c, x), which PyTorch writes behind the softmax of attention: x, wherever the model is of use. */
function guarded({ producers, uses, number }: Search, last: OnnxNode): Spelling | null {
  const [condition = '', otherwise = '', value = ''] = last.inputs;
  const test = producers.get(condition);
  const isGuard = test?.opType === 'IsNaN' && test.domain === '' && test.inputs[0] === value && value !== '';
  if (!isGuard || uses.get(condition) !== 1 || number(otherwise) === undefined) return null;
  return { node: renamed({ opType: 'Identity', attributes: new Map() }, value, last, [last, test]), parts: [test] };
}

interface Search {
  readonly order: readonly number[];
  /** Place of a node in the order of computation. */
  readonly places: ReadonlyMap<OnnxNode, number>;
  readonly producers: ReadonlyMap<string, OnnxNode>;
  readonly uses: ReadonlyMap<string, number>;
  /** The number that a value is, if it is one. */
  readonly number: (name: string) => number | undefined;
}

function searchOf(graph: OnnxGraph): Search | null {
  const { order, captured, problems } = orderNodes(graph);
  if (!order || problems.length > 0) return null;
  const producers = new Map(graph.nodes.flatMap(node => node.outputs.map(name => [name, node] as const)));
  const tensors = new Map(graph.initializers.map(tensor => [tensor.name, tensor]));
  const places = new Map(order.map((index, place) => [graph.nodes[index]!, place]));
  const numbers = new Map<string, number | undefined>();
  const read = (name: string) => {
    const tensor = tensors.get(name);
    const node = producers.get(name);
    return tensor ? onlyValue(tensor) : node?.opType === 'Constant' && node.domain === '' ? constant(node) : undefined;
  };
  const number = (name: string) => {
    if (!numbers.has(name)) numbers.set(name, read(name));
    return numbers.get(name);
  };
  return { order, places, producers, uses: countUses(graph, captured), number };
}

function constant({ attributes }: OnnxNode): number | undefined {
  for (const attribute of attributes.values()) {
    if (attribute.type === 'float' || attribute.type === 'int') return attribute.value;
    if (attribute.type === 'tensor') return onlyValue(attribute.value);
  }
  return undefined;
}

/** Without axes of its own: it changes no shape. */
function onlyValue(tensor: OnnxTensor): number | undefined {
  if (tensor.dims.length > 1 || elementCount(tensor.dims) !== 1 || tensor.location !== null) return undefined;
  try {
    return Number(tensor.read()[0]);
  } catch {
    return undefined;
  }
}

interface Spelling {
  readonly node: OnnxNode;
  /** The nodes before the last. */
  readonly parts: readonly OnnxNode[];
}

/** Goes back from a node until one value is left that all of it is computed from, and the whole is a known function. */
function spelling(search: Search, last: OnnxNode): Spelling | null {
  const parts = [last];
  const taken = new Map<string, number>();
  take(search, last, taken);
  while (parts.length <= MAX_NODES) {
    const [only, ...others] = taken.keys();
    if (only !== undefined && others.length === 0) {
      const known = functionOf(x => evaluated(search, parts, only, x));
      if (known) return { node: renamed(known, only, last, parts), parts: parts.slice(1) };
    }
    const next = latest(search, taken);
    if (!next) return null;
    for (const name of next.outputs) taken.delete(name);
    parts.push(next);
    take(search, next, taken);
  }
  return null;
}

/** Counts what a node takes that is no number. */
function take(search: Search, node: OnnxNode, taken: Map<string, number>): void {
  for (const name of node.inputs) {
    if (name !== '' && search.number(name) === undefined) taken.set(name, (taken.get(name) ?? 0) + 1);
  }
}

/** Of the values still to be followed the one that is computed last, if nothing else takes it. */
function latest({ producers, places, uses }: Search, taken: ReadonlyMap<string, number>): OnnxNode | null {
  let [found, at] = [null as OnnxNode | null, -1];
  for (const [name, count] of taken) {
    const node = producers.get(name);
    const place = node ? places.get(node)! : -1;
    if (place <= at) continue;
    at = place;
    const isOurs = node && node.outputs.length === 1 && uses.get(name) === count && operationOf(node) !== undefined;
    found = isOurs ? node : null;
  }
  return found;
}

/** What the last node gives for a value of the one it is computed from. The parts stand from the last to the first. */
function evaluated({ number }: Search, parts: readonly OnnxNode[], leaf: string, x: number): number {
  const values = new Map([[leaf, x]]);
  let result = x;
  for (const part of parts.toReversed()) {
    const operands = part.inputs.map(name => values.get(name) ?? number(name));
    result = operationOf(part)!(operands as number[]);
    values.set(part.outputs[0]!, result);
  }
  return result;
}

interface Known {
  readonly opType: string;
  readonly attributes: ReadonlyMap<string, Attribute>;
}

const points = [-4.5, -2.9, -1.6, -0.7, -0.2, 0.3, 0.9, 1.4, 2.2, 3.7, 5];
const tolerance = 1e-5;

const functions: readonly (readonly [
  name: string,
  of: (x: number) => number,
  attributes?: Readonly<Record<string, string>>,
])[] = [
  ['Gelu', x => (x / 2) * (1 + erf(x / Math.SQRT2))],
  ['Gelu', x => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), { approximate: 'tanh' }],
  ['Mish', x => x * Math.tanh(softplus(x))],
  ['HardSwish', x => x * between(x / 6 + 0.5, 0, 1)],
];

/** The activation function that has these values, as an operator. */
function functionOf(of: (x: number) => number): Known | null {
  const values = points.map(of);
  const agrees = (other: (x: number) => number) =>
    points.every((x, i) => Math.abs(values[i]! - other(x)) <= tolerance * (1 + Math.abs(x)));
  const found = functions.find(([, other]) => agrees(other));
  if (found) {
    const attributes = Object.entries(found[2] ?? {}).map(
      ([name, value]) => [name, { type: 'string', value }] as const,
    );
    return { opType: found[0], attributes: new Map(attributes) };
  }
  // x · sigmoid(alpha · x): its value at 1 tells alpha.
  const share = of(1);
  if (!(share > 0 && share < 1)) return null;
  const alpha = rounded(Math.log(share / (1 - share)));
  const isSwish = alpha > 0 && agrees(x => x * sigmoid(alpha * x));
  return isSwish ? { opType: 'Swish', attributes: new Map([['alpha', { type: 'float', value: alpha }]]) } : null;
}

/** 0.99999999 is 1. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function renamed({ opType, attributes }: Known, input: string, last: OnnxNode, parts: readonly OnnxNode[]): OnnxNode {
  const between = parts.slice(1).flatMap(({ outputs }) => outputs);
  return { ...last, opType, attributes, inputs: [input], between };
}
