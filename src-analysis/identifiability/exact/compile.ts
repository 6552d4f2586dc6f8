/** Unrolls a model into a program of single entries. */
import { sizeOf } from '../../model/geometry.ts';
import type {
  Activation,
  ConvOp,
  ConvTransposeOp,
  DenseOp,
  Layer,
  MergeOp,
  ModelGraph,
  NormOp,
  PoolOp,
  SeparableConvOp,
  WeightRef,
} from '../../model/graph.ts';
import { lossEnd } from '../loss-end.ts';
import { entryMap, indices, layoutOf, rearrangedEntries, sizeOfKnown, windowsOf } from './index-maps.ts';
import { groupsAlong, labels, labelsByGroup, listsOf, others } from './labels.ts';
import { entryLists, type Parameter, type Program, type ProgramNode, pointwiseKind, singleEntries } from './program.ts';

export type Compiled =
  | { readonly program: Program }
  /** Why there is no program, in a clause, and the layer in the way. */
  | { readonly reason: string; readonly layer?: number };

export interface CompileOptions {
  /** Ids of layers whose gradients the observer does not get. */
  readonly withheld?: ReadonlySet<number>;
}

class NotCovered extends Error {
  readonly layer: number | undefined;
  constructor(reason: string, layer?: number) {
    super(reason);
    this.layer = layer;
  }
}

/** The program of one example of a model with known shapes. */
export function compile(graph: ModelGraph, options: CompileOptions = {}): Compiled {
  try {
    return { program: new Compiler(graph, options.withheld ?? new Set()).program() };
  } catch (error) {
    if (!(error instanceof NotCovered)) throw error;
    return { reason: error.message, ...(error.layer === undefined ? {} : { layer: error.layer }) };
  }
}

/** State of one compilation: the nodes so far and where each layer's outputs are. */
class Compiler {
  private readonly nodes: ProgramNode[] = [];
  private readonly outputs = new Map<string, number>();
  private readonly graph: ModelGraph;
  private readonly withheld: ReadonlySet<number>;

  constructor(graph: ModelGraph, withheld: ReadonlySet<number>) {
    this.graph = graph;
    this.withheld = withheld;
  }

  program(): Program {
    const { graph } = this;
    if (graph.gaps.length > 0) throw new NotCovered('part of the model could not be followed');
    if (graph.outputs.length !== 1)
      throw new NotCovered(`models with ${graph.outputs.length || 'no'} outputs are not covered`);
    const end = lossEnd(graph);
    for (const layer of graph.layers) {
      if (end.skipped.has(layer.id)) continue;
      const shapes = layer.outputShapes.map((_, part) => this.shape(layer, part));
      const nodes = this.layer(layer, shapes);
      const activation = layer.id === end.layer.id ? end.activation : layer.activation;
      nodes.forEach((node, part) => {
        this.outputs.set(`${layer.id}.${part}`, this.activated(layer, node, activation));
      });
    }
    const output = this.outputs.get(`${end.layer.id}.${end.output}`)!;
    const shape = this.shape(end.layer, end.output);
    const distributions = end.softmax
      ? groupsAlong(shape, end.axis < 0 ? end.axis + shape.length : end.axis)
      : singleEntries(Int32Array.from({ length: sizeOfKnown(shape) }, (_, i) => i));
    return { nodes: this.nodes, output, distributions };
  }

  private add(node: ProgramNode): number {
    return this.nodes.push(node) - 1;
  }

  private shape(layer: Layer, part: number): readonly number[] {
    const shape = layer.outputShapes[part];
    if (!shape || sizeOf(shape) === null || sizeOf(shape)! < 1)
      throw new NotCovered(`the shape of '${layer.name}' is not known`, layer.id);
    return shape as readonly number[];
  }

  private input(layer: Layer, index = 0): { node: number; shape: readonly number[] } {
    const edge = layer.inputs[index];
    const source = edge && this.graph.layers[edge.layer];
    const node = edge && this.outputs.get(`${edge.layer}.${edge.output}`);
    if (!source || node === undefined) throw new NotCovered(`'${layer.name}' has no input ${index}`, layer.id);
    return { node, shape: this.shape(source, edge.output) };
  }

  private activated(layer: Layer, node: number, activation: Activation | undefined): number {
    if (!activation) return node;
    const kind = pointwiseKind(activation);
    if (kind === undefined)
      throw new NotCovered(`the activation ${activation.name} of '${layer.name}' is not covered`, layer.id);
    if (kind === 'linear') return node;
    return this.add({ kind: 'pointwise', size: this.nodes[node]!.size, input: node, activation: kind });
  }

  /** Node of every output of a layer, before a fused activation. */
  private layer(layer: Layer, shapes: readonly (readonly number[])[]): number[] {
    const { op } = layer;
    const size = sizeOfKnown(shapes[0]!);
    switch (op.kind) {
      case 'input':
        return [this.add({ kind: 'input', size })];
      case 'constant':
        return [this.add({ kind: 'constant', size })];
      case 'identity':
      case 'dropout':
        return [this.input(layer).node];
      case 'activation':
        return [this.activated(layer, this.input(layer).node, op.activation)];
      case 'conv':
        return [this.convolution(layer, op, shapes[0]!)];
      case 'convTranspose':
        return [this.transposed(layer, op, shapes[0]!)];
      case 'separableConv':
        return [this.separable(layer, op)];
      case 'dense':
        return [this.dense(layer, op)];
      case 'pool':
        return [this.pool(layer, op, shapes[0]!)];
      case 'norm':
        return [this.norm(layer, op)];
      case 'merge':
        return [this.merge(layer, op, shapes[0]!)];
      case 'reduce':
        return [this.reduce(layer, op.name, op.axes)];
      case 'rearrange': {
        const { node, shape } = this.input(layer);
        return shapes.map((_, part) => {
          const entries = rearrangedEntries(op, shape, shapes, part);
          if (!entries) throw new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
          const sources = [{ input: node, sign: 1, lists: singleEntries(entries) }];
          return this.add({ kind: 'sum', size: entries.length, sources, offset: false });
        });
      }
      default:
        throw new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
    }
  }

  private parameter(layer: Layer, role: string, count: number, matches: (weight: WeightRef) => boolean): Parameter {
    const weight = layer.weights.find(matches);
    return {
      key: `${layer.sharedWith ?? layer.id}.${role}`,
      count,
      observed: layer.trainable && weight?.trainable !== false && !this.withheld.has(layer.id),
    };
  }

  private kernel(layer: Layer, count: number, role = 'kernel'): Parameter {
    const kernels = layer.weights.filter(weight => weight.role !== 'bias');
    const named = kernels.find(weight => weight.role === role) ?? kernels[0];
    return this.parameter(layer, role, count, weight => weight === named);
  }

  private bias(layer: Layer, has: boolean, count: number, of: Int32Array) {
    return has ? { of, parameter: this.parameter(layer, 'bias', count, weight => weight.role === 'bias') } : null;
  }

  private convolution(layer: Layer, op: ConvOp, outShape: readonly number[]): number {
    const { node, shape } = this.input(layer);
    const [input, output] = [layoutOf(shape, op.dataFormat), layoutOf(outShape, op.dataFormat)];
    return this.convolve(layer, node, op, input, output, op.groups, 'kernel', op.bias);
  }

  private convolve(
    layer: Layer,
    node: number,
    op: Pick<ConvOp, 'kernelSize' | 'strides' | 'dilations' | 'padding'>,
    input: ReturnType<typeof layoutOf>,
    output: ReturnType<typeof layoutOf>,
    groups: number | null,
    role: string,
    bias: boolean,
  ): number {
    const windows = windowsOf(input.spatial, op.kernelSize, op, output.spatial);
    if (!windows || !groups) throw new NotCovered(`a hyper-parameter of '${layer.name}' is not known`, layer.id);
    const [ci, co] = [input.channels / groups, output.channels / groups];
    const taps = op.kernelSize.reduce<number>((product, k) => product * k!, 1);
    const size = output.channels * windows.seen.length;
    const lists: number[][] = new Array(size);
    const weights: number[][] = new Array(size);
    const biasOf = new Int32Array(size);
    let at = 0;
    for (const position of indices(output.spatial)) {
      const seen = windows.seen[at++]!;
      for (let o = 0; o < output.channels; o++) {
        const first = Math.floor(o / co) * ci;
        const k = output.at(o, position);
        biasOf[k] = o;
        lists[k] = [];
        weights[k] = [];
        for (let c = 0; c < ci; c++) {
          for (const { cell, tap } of seen) {
            lists[k]!.push(input.at(first + c, cell));
            weights[k]!.push((o * ci + c) * taps + tap);
          }
        }
      }
    }
    return this.add({
      kind: 'weighted',
      size,
      input: node,
      lists: entryLists(lists),
      weights: Int32Array.from(weights.flat()),
      weight: this.kernel(layer, output.channels * ci * taps, role),
      bias: this.bias(layer, bias, output.channels, biasOf),
    });
  }

  /** A convolution from the output to the input with the arrows turned round. */
  private transposed(layer: Layer, op: ConvTransposeOp, outShape: readonly number[]): number {
    const { node, shape } = this.input(layer);
    const [input, output] = [layoutOf(shape, op.dataFormat), layoutOf(outShape, op.dataFormat)];
    const windows = windowsOf(output.spatial, op.kernelSize, op, input.spatial);
    if (!windows || !op.groups) throw new NotCovered(`a hyper-parameter of '${layer.name}' is not known`, layer.id);
    const [ci, co] = [input.channels / op.groups, output.channels / op.groups];
    const taps = op.kernelSize.reduce<number>((product, k) => product * k!, 1);
    const size = sizeOfKnown(outShape);
    const lists: number[][] = Array.from({ length: size }, () => []);
    const weights: number[][] = Array.from({ length: size }, () => []);
    const biasOf = new Int32Array(size);
    for (const position of indices(output.spatial)) {
      for (let o = 0; o < output.channels; o++) biasOf[output.at(o, position)] = o;
    }
    let at = 0;
    for (const position of indices(input.spatial)) {
      const seen = windows.seen[at++]!;
      for (let c = 0; c < input.channels; c++) {
        const first = Math.floor(c / ci) * co;
        for (let o = 0; o < co; o++) {
          for (const { cell, tap } of seen) {
            const k = output.at(first + o, cell);
            lists[k]!.push(input.at(c, position));
            weights[k]!.push((c * co + o) * taps + tap);
          }
        }
      }
    }
    return this.add({
      kind: 'weighted',
      size,
      input: node,
      lists: entryLists(lists),
      weights: Int32Array.from(weights.flat()),
      weight: this.kernel(layer, input.channels * co * taps),
      bias: this.bias(layer, op.bias, output.channels, biasOf),
    });
  }

  private separable(layer: Layer, op: SeparableConvOp): number {
    const { node, shape } = this.input(layer);
    const input = layoutOf(shape, op.dataFormat);
    const output = layoutOf(this.shape(layer, 0), op.dataFormat);
    if (!op.depthMultiplier) throw new NotCovered(`a hyper-parameter of '${layer.name}' is not known`, layer.id);
    const channels = input.channels * op.depthMultiplier;
    const shapeBetween =
      op.dataFormat === 'channelsLast' ? [...output.spatial, channels] : [channels, ...output.spatial];
    const between = layoutOf(shapeBetween, op.dataFormat);
    const depth = this.convolve(layer, node, op, input, between, input.channels, 'depthwiseKernel', false);
    const ones = op.kernelSize.map(() => 1);
    const point = { kernelSize: ones, strides: ones, dilations: ones, padding: { mode: 'valid' as const } };
    return this.convolve(layer, depth, point, between, output, 1, 'pointwiseKernel', op.bias);
  }

  private dense(layer: Layer, op: DenseOp): number {
    const { node, shape } = this.input(layer);
    const features = shape[shape.length - 1];
    if (!features || !op.units || features !== op.inFeatures)
      throw new NotCovered(`the input of '${layer.name}' is not covered`, layer.id);
    const units = op.units;
    const rows = sizeOfKnown(shape) / features;
    if (sizeOfKnown(this.shape(layer, 0)) !== rows * units)
      throw new NotCovered(`the output of '${layer.name}' is not covered`, layer.id);
    const lists = Array.from({ length: rows * units }, (_, k) =>
      Array.from({ length: features }, (_, i) => Math.floor(k / units) * features + i),
    );
    const weights = lists.flatMap((_, k) => Array.from({ length: features }, (_, i) => (k % units) * features + i));
    return this.add({
      kind: 'weighted',
      size: rows * units,
      input: node,
      lists: entryLists(lists),
      weights: Int32Array.from(weights),
      weight: this.kernel(layer, units * features),
      bias: this.bias(
        layer,
        op.bias,
        units,
        Int32Array.from(lists, (_, k) => k % units),
      ),
    });
  }

  private pool(layer: Layer, op: PoolOp, outShape: readonly number[]): number {
    const { node, shape } = this.input(layer);
    if (op.pool === 'lp') throw new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
    const input = layoutOf(shape, op.dataFormat);
    const lists: number[][] = [];
    if (op.global) {
      for (let c = 0; c < input.channels; c++) lists.push([...indices(input.spatial)].map(cell => input.at(c, cell)));
    } else {
      const output = layoutOf(outShape, op.dataFormat);
      const windows = windowsOf(input.spatial, op.window, op, output.spatial);
      if (!windows) throw new NotCovered(`a hyper-parameter of '${layer.name}' is not known`, layer.id);
      let at = 0;
      for (const position of indices(output.spatial)) {
        const seen = windows.seen[at++]!;
        for (let c = 0; c < input.channels; c++)
          lists[output.at(c, position)] = seen.map(({ cell }) => input.at(c, cell));
      }
    }
    const size = lists.length;
    if (op.pool === 'max')
      return this.add({ kind: 'select', size, sources: [{ input: node, lists: entryLists(lists) }] });
    return this.add({
      kind: 'sum',
      size,
      sources: [{ input: node, sign: 1, lists: entryLists(lists) }],
      offset: false,
    });
  }

  /** Normalisation, then scale and offset, a pair a channel (a pair an entry of the normalised axes for layer normalisation). */
  private norm(layer: Layer, op: NormOp): number {
    const { node, shape } = this.input(layer);
    const axes = op.axes.map(axis => (axis < 0 ? axis + shape.length : axis));
    const channelAxis =
      op.norm === 'batch' || op.norm === 'layer' || op.norm === 'rms' ? undefined : (axes[0] ?? shape.length - 1);
    const size = sizeOfKnown(shape);
    let normalised = node;
    const whole = Int32Array.from({ length: size }, (_, i) => i);
    const affine = labels(shape, channelAxis === undefined ? axes : [channelAxis]);
    if (op.norm === 'lrn') throw new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
    if (op.norm === 'batch' && !op.batchStatistics) {
      // Stored mean and variance: an offset (the scale changes no rank).
      const offsets = labels(shape, axes);
      normalised = this.add({
        kind: 'sum',
        size,
        sources: [{ input: node, sign: 1, lists: singleEntries(whole) }],
        offset: false,
      });
      const fixed = { key: `${layer.id}.stored`, count: size, observed: false };
      normalised = this.add({
        kind: 'weighted',
        size,
        input: normalised,
        lists: singleEntries(whole),
        weights: new Int32Array(offsets.of),
        weight: fixed,
        bias: { of: offsets.of, parameter: { ...fixed, key: `${layer.id}.mean` } },
      });
    } else {
      const shared =
        op.norm === 'batch'
          ? labels(shape, axes)
          : op.norm === 'layer' || op.norm === 'rms'
            ? labels(shape, others(shape, axes))
            : labelsByGroup(
                shape,
                channelAxis ?? shape.length - 1,
                op.norm === 'group' ? (op.groups ?? 1) : (shape[channelAxis ?? 0] ?? 1),
              );
      normalised = this.add({
        kind: 'normalise',
        size,
        input: node,
        groups: listsOf(shared),
        centred: op.norm !== 'rms',
        acrossBatch: op.norm === 'batch',
      });
    }
    const has = (role: string) => layer.weights.some(weight => weight.role === role);
    if (!has('gamma') && !has('beta')) return normalised;
    const gamma = this.parameter(layer, 'gamma', affine.count, weight => weight.role === 'gamma');
    return this.add({
      kind: 'weighted',
      size,
      input: normalised,
      lists: singleEntries(whole),
      weights: affine.of,
      weight: has('gamma') ? gamma : { ...gamma, observed: false },
      bias: has('beta')
        ? { of: affine.of, parameter: this.parameter(layer, 'beta', affine.count, weight => weight.role === 'beta') }
        : null,
    });
  }

  private merge(layer: Layer, op: MergeOp, outShape: readonly number[]): number {
    const inputs = layer.inputs.map((_, i) => this.input(layer, i));
    const size = sizeOfKnown(outShape);
    const broadcast = (shape: readonly number[]) =>
      entryMap(outShape, shape, index =>
        shape.map((dim, axis) => (dim === 1 ? 0 : index[axis + outShape.length - shape.length]!)),
      );
    switch (op.merge) {
      case 'add':
      case 'average':
      case 'subtract': {
        const sources = inputs.map(({ node, shape }, i) => ({
          input: node,
          sign: op.merge === 'subtract' && i > 0 ? -1 : 1,
          lists: singleEntries(broadcast(shape)),
        }));
        return this.add({ kind: 'sum', size, sources, offset: false });
      }
      case 'maximum':
      case 'minimum':
        return this.add({
          kind: 'select',
          size,
          sources: inputs.map(({ node, shape }) => ({ input: node, lists: singleEntries(broadcast(shape)) })),
        });
      case 'multiply': {
        let [product, ...rest] = inputs.map(({ node, shape }) => ({ node, of: broadcast(shape) }));
        for (const next of rest) {
          const node = this.add({
            kind: 'product',
            size,
            inputs: [product!.node, next.node],
            of: [product!.of, next.of],
          });
          product = { node, of: Int32Array.from({ length: size }, (_, i) => i) };
        }
        return product!.node;
      }
      case 'concat': {
        if (op.axis === null || op.axis === undefined) break;
        const axis = op.axis < 0 ? op.axis + outShape.length : op.axis;
        let offset = 0;
        const sources = inputs.map(({ node, shape }) => {
          const from = offset;
          offset += shape[axis]!;
          const entries = entryMap(outShape, shape, index => {
            const i = index[axis]! - from;
            return i >= 0 && i < shape[axis]! ? index.with(axis, i) : null;
          });
          return { input: node, sign: 1, lists: singleEntries(entries) };
        });
        return this.add({ kind: 'sum', size, sources, offset: false });
      }
    }
    throw new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
  }

  private reduce(layer: Layer, name: string, reduced: readonly number[]): number {
    if (!/mean|sum/i.test(name)) throw new NotCovered(`${layer.type} is not covered ('${layer.name}')`, layer.id);
    const { node, shape } = this.input(layer);
    const axes = reduced.map(axis => (axis < 0 ? axis + shape.length : axis));
    const lists = listsOf(labels(shape, others(shape, axes)));
    return this.add({
      kind: 'sum',
      size: lists.starts.length - 1,
      sources: [{ input: node, sign: 1, lists }],
      offset: false,
    });
  }
}
