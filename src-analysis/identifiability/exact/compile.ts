/** Unrolls a model into a program of single entries. */
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { lossEnd } from '../loss-end.ts';
import { unknownsOf } from '../unknowns.ts';
import { rearrangedEntries, sizeOfKnown } from './index-maps.ts';
import { groupsAlong } from './labels.ts';
import { isWithinInputs, type Program, singleEntries } from './program.ts';
import { convolution, dense, separableConvolution, transposedConvolution } from './unroll-kernels.ts';
import { normalisation, pool, reduce } from './unroll-maps.ts';
import { merge } from './unroll-merge.ts';
import { activated, elementwise } from './unroll-pointwise.ts';
import { recurrent } from './unroll-recurrent.ts';
import { add, inputOf, NotCovered, notCovered, parameter, shapeOf, type Unrolling } from './unrolling.ts';

export type Compiled =
  | { readonly program: Program }
  /** Why there is no program, in a clause, and the layer in the way. */
  | { readonly reason: string; readonly layer?: number };

export interface CompileOptions {
  /** Ids of layers whose gradients the observer does not get. */
  readonly withheld?: ReadonlySet<number>;
}

/** The program of one example of a model with known shapes. */
export function compile(graph: ModelGraph, options: CompileOptions = {}): Compiled {
  try {
    return { program: unrolled(graph, options.withheld ?? new Set()) };
  } catch (error) {
    if (!(error instanceof NotCovered)) throw error;
    return { reason: error.message, ...(error.layer === undefined ? {} : { layer: error.layer }) };
  }
}

function unrolled(graph: ModelGraph, withheld: ReadonlySet<number>): Program {
  if (graph.gaps.length > 0) throw new NotCovered('part of the model could not be followed');
  if (graph.outputs.length !== 1)
    throw new NotCovered(`models with ${graph.outputs.length || 'no'} outputs are not covered`);
  const unknowns = unknownsOf(graph);
  if ('reason' in unknowns) throw new NotCovered(unknowns.reason, unknowns.layer);
  const u: Unrolling = { graph, withheld, nodes: [], outputs: new Map() };
  const end = lossEnd(graph);
  const needed = neededFor(graph, [end.layer.id, ...unknowns.edges.map(edge => edge.layer)]);
  for (const layer of graph.layers) {
    if (!needed.has(layer.id) || unknowns.skipped.has(layer.id)) continue;
    const nodes = unknowns.embeddings.has(layer.id) ? [tokenVectors(u, layer)] : outputsOf(u, layer);
    const activation = layer.id === end.layer.id ? end.activation : layer.activation;
    if (nodes.some((node, part) => u.nodes[node]!.size !== sizeOfKnown(shapeOf(layer, part)))) throw doNotFit(layer);
    nodes.forEach((node, part) => {
      // A recurrent layer's activation is part of every step.
      const isInside = layer.op.kind === 'recurrent';
      u.outputs.set(`${layer.id}.${part}`, isInside ? node : activated(u, layer, part, node, activation));
    });
  }
  const odd = u.nodes.findIndex(node => !isWithinInputs(node, u.nodes));
  if (odd >= 0) throw new NotCovered('the shapes of its layers do not fit together');
  const output = u.outputs.get(`${end.layer.id}.${end.output}`);
  if (output === undefined) throw notCovered(end.layer);
  const shape = shapeOf(end.layer, end.output);
  const distributions = end.softmax
    ? groupsAlong(shape, end.axis < 0 ? end.axis + shape.length : end.axis)
    : singleEntries(Int32Array.from({ length: sizeOfKnown(shape) }, (_, i) => i));
  return { nodes: u.nodes, output, distributions };
}

function doNotFit(layer: Layer): NotCovered {
  return new NotCovered(`the shapes around '${layer.name}' do not fit together`, layer.id);
}

/** Ids of some layers and of those that they depend on. */
function neededFor(graph: ModelGraph, layers: readonly number[]): ReadonlySet<number> {
  const needed = new Set(layers);
  for (const id of needed) for (const edge of graph.layers[id]!.inputs) needed.add(edge.layer);
  return needed;
}

/** The vectors of the tokens are the unknowns, and the table's gradient is δ there, a row a token (no token twice). */
function tokenVectors(u: Unrolling, layer: Layer): number {
  const size = sizeOfKnown(shapeOf(layer, 0));
  const { observed, key } = parameter(u, layer, 'embeddings', size, () => true);
  return add(u, { kind: 'input', size, ...(observed ? { table: { key, count: size, observed } } : {}) });
}

/** Node of every output of a layer, before a fused activation. */
function outputsOf(u: Unrolling, layer: Layer): number[] {
  const { op } = layer;
  switch (op.kind) {
    case 'input':
      return [add(u, { kind: 'input', size: sizeOfKnown(shapeOf(layer, 0)) })];
    case 'constant':
      return [add(u, { kind: 'constant', size: sizeOfKnown(shapeOf(layer, 0)) })];
    case 'identity':
    case 'dropout':
      return [inputOf(u, layer).node];
    case 'activation':
      return [activated(u, layer, 0, inputOf(u, layer).node, op.activation)];
    case 'elementwise':
      return [elementwise(u, layer, op.name)];
    case 'conv':
      return [convolution(u, layer, op)];
    case 'convTranspose':
      return [transposedConvolution(u, layer, op)];
    case 'separableConv':
      return [separableConvolution(u, layer, op)];
    case 'dense':
      return [dense(u, layer, op)];
    case 'pool':
      return [pool(u, layer, op)];
    case 'norm':
      return [normalisation(u, layer, op)];
    case 'merge':
      return [merge(u, layer, op)];
    case 'reduce':
      return [reduce(u, layer, op.name, op.axes)];
    case 'recurrent':
      return recurrent(u, layer, op);
    case 'rearrange': {
      const { node, shape } = inputOf(u, layer);
      const shapes = layer.outputShapes.map((_, part) => shapeOf(layer, part));
      return shapes.map((_, part) => {
        const entries = rearrangedEntries(op, shape, shapes, part);
        if (!entries) throw notCovered(layer);
        const sources = [{ input: node, sign: 1, lists: singleEntries(entries) }];
        return add(u, { kind: 'sum', size: entries.length, sources, offset: false });
      });
    }
    default:
      throw notCovered(layer);
  }
}
