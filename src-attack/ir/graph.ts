/**
 * The tensor graph: static shapes (batch included, feature maps as [N, C, H, W]), hash-consed nodes, and a set of
 * operations that is closed under differentiation, so that a gradient, and the gradient of a distance between
 * gradients, are graphs of the same kind. Engines run it; nothing here computes a tensor.
 */

/** Tensor entries, row-major. Float64Array only with engines and programs of precision `float64`. */
export type Values = Float32Array | Float64Array;

/** Strides, padding, dilations ([H, W] each) and groups of a 2-D convolution. */
export interface ConvolutionGeometry {
  readonly strides: readonly [number, number];
  readonly padBefore: readonly [number, number];
  readonly padAfter: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
}

export type BinaryKind = 'add' | 'sub' | 'mul' | 'div';

export type UnaryKind =
  | 'neg'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'abs'
  /** −1, 0 or 1; its derivative is taken as zero. */
  | 'sign'
  | 'erf';

/**
 * What a node computes. The shape of the result is the node's; where an operation's target shape is not told by its
 * inputs (reshape, expand, the gradients of a convolution), the node's shape is the argument.
 */
export type Operation =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly name: string; readonly data: Values }
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: BinaryKind }
  | { readonly kind: UnaryKind }
  | { readonly kind: 'pow'; readonly exponent: number }
  /** x for x > 0, α·x otherwise; α = 0 is ReLU. */
  | { readonly kind: 'leakyRelu'; readonly alpha: number }
  /** Derivative of leakyRelu: 1 for x > 0, α otherwise (at 0 too, as TensorFlow and PyTorch have it); itself flat. */
  | { readonly kind: 'gate'; readonly alpha: number }
  /** Over the last axis. */
  | { readonly kind: 'softmax' }
  | { readonly kind: 'logSoftmax' }
  /** 1 at the first largest entry along the last axis, 0 elsewhere; its derivative is taken as zero. */
  | { readonly kind: 'oneHotMax' }
  | { readonly kind: 'reshape' }
  /** Broadcasts to the node's shape. */
  | { readonly kind: 'expand' }
  /** Axis i of the result is axis permutation[i] of the input. */
  | { readonly kind: 'transpose'; readonly permutation: readonly number[] }
  /** Entry j along axis i of the result is entry starts[i] + j·steps[i] of the input; one pair for every axis. */
  | { readonly kind: 'slice'; readonly starts: readonly number[]; readonly steps: readonly number[] }
  /** Adds entries with the given value; one pair for every axis. */
  | {
      readonly kind: 'pad';
      readonly before: readonly number[];
      readonly after: readonly number[];
      readonly value: number;
    }
  | { readonly kind: 'concat'; readonly axis: number }
  /** Sum over axes that stay, with length 1. */
  | { readonly kind: 'sum'; readonly axes: readonly number[] }
  /** Matrix product of the last two axes, each transposed or not; leading axes are equal on both sides. */
  | { readonly kind: 'matmul'; readonly transposeA: boolean; readonly transposeB: boolean }
  /** x [N, C, H, W], w [M, C/g, kh, kw] → [N, M, h', w']: cross-correlation, as every framework calls convolution. */
  | { readonly kind: 'conv'; readonly geometry: ConvolutionGeometry }
  /** dy [N, M, h', w'], w → gradient with respect to x, i.e. transposed convolution. */
  | { readonly kind: 'convInputGrad'; readonly geometry: ConvolutionGeometry }
  /** x, dy → gradient with respect to w. */
  | { readonly kind: 'convWeightGrad'; readonly geometry: ConvolutionGeometry };

export interface Node {
  /** Position in `graph.nodes`; inputs have smaller ids. */
  readonly id: number;
  readonly graph: Graph;
  readonly operation: Operation;
  readonly inputs: readonly Node[];
  readonly shape: readonly number[];
}

/** A node, or a number that becomes a scalar node. */
export type Operand = Node | number;

export interface Graph {
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** A tensor given at each run. Two inputs of one graph have different names. */
  input(name: string, shape: readonly number[]): Node;
  /** A tensor that never changes, such as a weight. The data is kept by reference; the name is for messages only. */
  constant(name: string, shape: readonly number[], data: Values): Node;
  scalar(value: number): Node;
  /**
   * The node of this operation on these inputs, made once: asking again gives the same node. The caller answers for
   * the shape; use the functions of the other files, which compute and check it.
   */
  node(operation: Operation, inputs: readonly Node[], shape: readonly number[]): Node;
}

/** An empty graph. */
export function createGraph(): Graph {
  const nodes: Node[] = [];
  const known = new Map<string, Node>();
  const inputNames = new Set<string>();

  function append(operation: Operation, inputs: readonly Node[], shape: readonly number[]): Node {
    const node: Node = { id: nodes.length, graph, operation, inputs, shape: [...shape] };
    nodes.push(node);
    return node;
  }

  const graph: Graph = {
    nodes,
    input(name, shape) {
      if (inputNames.has(name)) throw new Error(`The graph has an input "${name}" already.`);
      inputNames.add(name);
      return append({ kind: 'input', name }, [], shape);
    },
    constant(name, shape, data) {
      const size = sizeOf(shape);
      if (data.length !== size) {
        throw new Error(
          `Constant "${name}" has ${data.length} entries; its shape [${shape.join(', ')}] asks for ${size}.`,
        );
      }
      return append({ kind: 'constant', name, data }, [], shape);
    },
    scalar(value) {
      return graph.node({ kind: 'scalar', value }, [], []);
    },
    node(operation, inputs, shape) {
      for (const input of inputs) {
        if (input.graph !== graph) throw new Error(`An input of ${operation.kind} belongs to another graph.`);
      }
      // JSON writes −0 and non-finite numbers as 0 and null: they are spelt out, so that they stay apart.
      const attributes = JSON.stringify(operation, (_, value) =>
        typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
          ? `${1 / value}|${value}`
          : value,
      );
      const key = `${attributes}|${inputs.map(input => input.id).join()}|${shape.join()}`;
      const found = known.get(key);
      if (found) return found;
      const node = append(operation, inputs, shape);
      known.set(key, node);
      return node;
    },
  };
  return graph;
}

/** Number of entries of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Shape of an elementwise operation on two shapes (NumPy's rule). Throws where they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1)
      throw new Error(`Shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast.`);
    return p === 1 ? q : p;
  });
}

/** Nodes that the outputs depend on, themselves included, in topological order. */
export function reachable(outputs: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...outputs];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
