import { elu } from '../../ir/activation.ts';
import { reshape } from '../../ir/arrange.ts';
import { conv, convolutionGeometry } from '../../ir/convolution.ts';
import { add, leakyRelu, relu, sigmoid, softplus, tanh } from '../../ir/elementwise.ts';
import { gradient } from '../../ir/gradient.ts';
import { createGraph, type Node, sizeOf, type Values } from '../../ir/graph.ts';
import { crossEntropy } from '../../ir/loss.ts';
import { dense } from '../../ir/matmul.ts';
import { globalAveragePool, maxPool } from '../../ir/pooling.ts';
import { createRandom } from '../../optimisers/random.ts';
import type { Victim, VictimParameter } from '../../victim/victim.ts';

/** Layers of a plain chain, for tests of attacks: no reader and no weight file between the test and the mathematics. */
export type ChainLayer =
  | {
      readonly type: 'conv';
      readonly filters: number;
      readonly kernel: number;
      readonly stride?: number;
      readonly padding?: number;
      readonly bias?: boolean;
    }
  | { readonly type: 'dense'; readonly units: number; readonly bias?: boolean }
  | { readonly type: 'tanh' | 'sigmoid' | 'softplus' | 'elu' | 'identity' }
  | { readonly type: 'leakyRelu'; readonly alpha: number }
  /** h + ReLU(conv(h)), the convolution of stride 1 and without bias. */
  | { readonly type: 'residual'; readonly kernel: number }
  /** Windows of 2×2, stride 2. */
  | { readonly type: 'maxPool' }
  | { readonly type: 'globalAverage' };

/** Values of the next weight, of the given shape; `fanIn` for scaled random ones. */
export type WeightSource = (shape: readonly number[], fanIn: number) => Values;

/** Uniform in ±1/√fanIn, as PyTorch initialises. */
export function uniformWeights(seed: number): WeightSource {
  const random = createRandom(seed);
  return (shape, fanIn) =>
    Float64Array.from({ length: sizeOf(shape) }, () => (2 * random.uniform() - 1) / Math.sqrt(fanIn));
}

export function chainVictim(
  input: readonly [number, number, number, number],
  layers: readonly ChainLayer[],
  weights: WeightSource,
): Victim {
  const graph = createGraph();
  const x = graph.input('x', input);
  const parameters: VictimParameter[] = [];
  const parameter = (layerId: number, role: string, shape: readonly number[], fanIn: number): Node => {
    const name = `${layerId}.${role}`;
    const node = graph.constant(name, shape, weights(shape, fanIn));
    parameters.push({ name, layerId, role, node });
    return node;
  };
  let h = x;
  layers.forEach((layer, id) => {
    if (layer.type === 'conv') {
      const fanIn = h.shape[1]! * layer.kernel ** 2;
      const shape = [layer.filters, h.shape[1]!, layer.kernel, layer.kernel];
      const [s, p] = [layer.stride ?? 1, layer.padding ?? 0];
      const geometry = convolutionGeometry({ strides: [s, s], padBefore: [p, p] });
      h = conv(h, parameter(id, 'kernel', shape, fanIn), geometry);
      if (layer.bias) h = add(h, reshape(parameter(id, 'bias', [layer.filters], fanIn), [1, -1, 1, 1]));
    } else if (layer.type === 'dense') {
      const flat = reshape(h, [input[0], -1]);
      const features = flat.shape[1]!;
      h = dense(flat, parameter(id, 'kernel', [layer.units, features], features), true);
      if (layer.bias) h = add(h, parameter(id, 'bias', [layer.units], features));
    } else if (layer.type === 'residual') {
      const channels = h.shape[1]!;
      const shape = [channels, channels, layer.kernel, layer.kernel];
      const p = (layer.kernel - 1) / 2;
      const geometry = convolutionGeometry({ padBefore: [p, p] });
      h = add(h, relu(conv(h, parameter(id, 'kernel', shape, channels * layer.kernel ** 2), geometry)));
    } else if (layer.type === 'globalAverage') h = globalAveragePool(h);
    else if (layer.type === 'maxPool') h = maxPool(h, { ...convolutionGeometry({ strides: [2, 2] }), kernel: [2, 2] });
    else if (layer.type === 'leakyRelu') h = leakyRelu(h, layer.alpha);
    else if (layer.type !== 'identity') h = { tanh, sigmoid, softplus, elu }[layer.type](h);
  });
  const y = graph.input('y', h.shape);
  const loss = crossEntropy(h, y);
  return {
    graph,
    x,
    inputLayout: 'channelsFirst',
    y,
    logits: h,
    loss,
    parameters,
    gradients: gradient(
      loss,
      parameters.map(p => p.node),
    ),
    layerOutputs: new Map(),
    assumptions: [],
  };
}
