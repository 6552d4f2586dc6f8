import type { Range } from '../../model/graph.ts';
import type { OnnxGraph, OnnxNode } from './model.ts';

export interface GraphProblem {
  readonly message: string;
  readonly range?: Range;
}

export interface NodeOrder {
  /** Indices of the graph's nodes, every node after those it takes values from; null when they form a cycle. */
  readonly order: readonly number[] | null;
  /** Names that are taken but that nothing produces. */
  readonly missing: ReadonlySet<string>;
  /** Values that the subgraphs of a node take from the graph around them, for nodes that have subgraphs. */
  readonly captured: ReadonlyMap<OnnxNode, readonly string[]>;
  readonly problems: readonly GraphProblem[];
}

/**
 * Finds the order of computation, and what is wrong with the graph's names. Linear in the size of the graph.
 *
 * @param outside whether a name is one of the graph around this one, for subgraphs.
 */
export function orderNodes(graph: OnnxGraph, outside: (name: string) => boolean = () => false): NodeOrder {
  const problems: GraphProblem[] = [];
  const producers = findProducers(graph, problems);
  const given = new Set([...graph.initializers, ...graph.inputs].map(({ name }) => name));
  const captured = new Map<OnnxNode, readonly string[]>();
  const missing = new Set<string>();
  const dependencies = graph.nodes.map(node => {
    const outer = capturedNames(node).filter(name => producers.has(name) || given.has(name));
    if (outer.length > 0) captured.set(node, outer);
    for (const name of node.inputs) {
      if (name === '' || producers.has(name) || given.has(name) || outside(name)) continue;
      if (!missing.has(name)) problems.push(missingProblem(node, name));
      missing.add(name);
    }
    return [...node.inputs, ...outer].map(name => producers.get(name)).filter(index => index !== undefined);
  });
  const order = sorted(dependencies);
  if (order.cyclic.length > 0) problems.push(cycleProblem(graph, dependencies, order.cyclic));
  return { order: order.cyclic.length > 0 ? null : order.order, missing, captured, problems };
}

/** Which node makes which value. ONNX wants every value to be made once; the first to make it counts. */
function findProducers(graph: OnnxGraph, problems: GraphProblem[]): ReadonlyMap<string, number> {
  const producers = new Map<string, number>();
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const initializers = new Set<string>();
  for (const { name } of graph.initializers) {
    if (initializers.has(name)) problems.push({ message: `Two initializers are named '${name}'; the first is used.` });
    initializers.add(name);
  }
  for (const [index, node] of graph.nodes.entries()) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (producers.has(name) || initializers.has(name) || inputs.has(name)) {
        problems.push(
          at(node, `Value '${name}' is made a second time by ${describe(node)}; every value may be made once only.`),
        );
      } else {
        producers.set(name, index);
      }
    }
  }
  return producers;
}

/** Nodes in their own order as far as it is one of computation, which ONNX demands; sorted otherwise. */
function sorted(dependencies: readonly (readonly number[])[]): {
  readonly order: readonly number[];
  readonly cyclic: readonly number[];
} {
  const waitingFor = dependencies.map(list => list.length);
  const users = new Map<number, number[]>();
  for (const [index, list] of dependencies.entries()) {
    for (const dependency of list) {
      const known = users.get(dependency);
      if (known) known.push(index);
      else users.set(dependency, [index]);
    }
  }
  if (dependencies.every((list, index) => list.every(dependency => dependency < index))) {
    return { order: dependencies.map((_, index) => index), cyclic: [] };
  }
  const order = waitingFor.flatMap((count, index) => (count === 0 ? [index] : []));
  for (const index of order) {
    for (const user of users.get(index) ?? []) {
      waitingFor[user]! -= 1;
      if (waitingFor[user] === 0) order.push(user);
    }
  }
  return { order, cyclic: waitingFor.flatMap((count, index) => (count > 0 ? [index] : [])) };
}

/** Names one cycle: walking back from a node that never became ready must come round. */
function cycleProblem(
  graph: OnnxGraph,
  dependencies: readonly (readonly number[])[],
  cyclic: readonly number[],
): GraphProblem {
  const stuck = new Set(cyclic);
  const path: number[] = [];
  const position = new Map<number, number>();
  let current = cyclic[0]!;
  while (!position.has(current)) {
    position.set(current, path.length);
    path.push(current);
    current = dependencies[current]!.find(index => stuck.has(index))!;
  }
  const cycle = path.slice(position.get(current)).reverse();
  const shown = cycle.slice(0, 5).map(index => describe(graph.nodes[index]!));
  const more = cycle.length > shown.length ? ` and ${cycle.length - shown.length} more` : '';
  return at(graph.nodes[current]!, `The graph is cyclic: ${shown.join(' → ')}${more} wait for each other.`);
}

function missingProblem(node: OnnxNode, name: string): GraphProblem {
  return at(node, `${describe(node)} takes the value '${name}', which nothing in the graph makes.`);
}

/** Subgraphs inside subgraphs are looked through once, not again with every graph around them. */
const captures = new WeakMap<OnnxNode, readonly string[]>();

/** Names used inside a node's subgraphs, at any depth, and not made there. */
function capturedNames(node: OnnxNode): readonly string[] {
  const waiting = subgraphs(node);
  if (waiting.length === 0) return [];
  const known = captures.get(node) ?? namesAround(waiting);
  captures.set(node, known);
  return known;
}

function namesAround(waiting: OnnxGraph[]): readonly string[] {
  const used = new Set<string>();
  const made = new Set<string>();
  for (let graph = waiting.pop(); graph; graph = waiting.pop()) {
    for (const { name } of graph.inputs) made.add(name);
    for (const { name } of graph.initializers) made.add(name);
    for (const { name } of graph.outputs) used.add(name);
    for (const inner of graph.nodes) {
      for (const name of inner.inputs) used.add(name);
      for (const name of inner.outputs) made.add(name);
      for (const nested of subgraphs(inner)) waiting.push(nested);
    }
  }
  return [...used].filter(name => name !== '' && !made.has(name));
}

function subgraphs(node: OnnxNode): OnnxGraph[] {
  return [...node.attributes.values()].flatMap(attribute => (attribute.type === 'graphs' ? attribute.value : []));
}

/** "Conv 'conv1'", or "the Conv node that makes 'x'" for one without a name. */
export function describe(node: OnnxNode): string {
  const type = node.opType || 'a node without an operator';
  return node.name ? `${type} '${node.name}'` : `the ${type} node that makes '${node.outputs[0] ?? ''}'`;
}

function at(node: OnnxNode, message: string): GraphProblem {
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return node.range ? { message: sentence, range: node.range } : { message: sentence };
}
