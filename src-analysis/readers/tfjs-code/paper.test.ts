import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Layer, ModelGraph } from '../../model/graph.ts';
import { neverCancelled } from '../reader.ts';
import { readTfjsCode } from './read.ts';

/** The paper's models (test/fixtures/tfjs-code/paper) against the geometry of the reference run. */
const models = [
  ...['LeNet', 'LeNet2', 'cnn2_c1', 'cnn2_c2', 'cnn2_c6', 'cnn3_c1', 'cnn3_c11', 'cnn3_c12', 'cnn3_c2'],
  ...['cnn4_c1', 'cnn4_c2', 'cnn4_c3'],
];

interface GoldenLayer {
  readonly [key: string]: unknown;
  readonly activation: string;
}

const golden: { models: Record<string, { layers: GoldenLayer[] }> } = JSON.parse(
  readFileSync('test/fixtures/golden/rank.json', 'utf8'),
);

function readPaperModel(name: string): ModelGraph {
  const path = `test/fixtures/tfjs-code/paper/${name}.ts`;
  const { models: found, errors } = readTfjsCode({ path, text: readFileSync(path, 'utf8') }, neverCancelled);
  expect(errors).toEqual([]);
  expect(found.map(model => model.name)).toEqual([name]);
  return found[0]!;
}

/** A convolution as the reference data describe it: padding by a layer of its own counts as the convolution's. */
function geometry(graph: ModelGraph, layer: Layer): Record<string, unknown> {
  const { op } = layer;
  if (op.kind !== 'conv') throw new Error(`${layer.name} is no convolution`);
  const before = graph.layers[layer.inputs[0]?.layer ?? 0];
  const padded = before?.op.kind === 'rearrange' && before.op.how === 'pad' ? before.op : undefined;
  const [height, width, channels] = (padded ? before : layer)?.inputShapes[0] ?? [];
  const [outHeight, outWidth, filters] = layer.outputShapes[0] ?? [];
  const same = op.padding.mode === 'same' ? ((op.kernelSize[0] ?? 0) - 1) / 2 : 0;
  expect(op.padding.mode === 'same' && op.strides[0] !== 1).toBe(false);
  return {
    in_channels: channels,
    out_channels: filters,
    H: height,
    W: width,
    kernel: op.kernelSize,
    stride: op.strides[0],
    padding: padded ? padded.before?.[0] : same,
    dilation: op.dilations[0],
    groups: op.groups,
    bias: op.bias,
    out_hw: [outHeight, outWidth],
  };
}

function activationOf(graph: ModelGraph, layer: Layer): string {
  const next = graph.layers[layer.id + 1];
  const activation = layer.activation ?? (next?.op.kind === 'activation' ? next.op.activation : undefined);
  const names: Record<string, string> = {
    tanh: 'Tanh()',
    softplus: 'Softplus(beta=1, threshold=20)',
    leakyRelu: `LeakyReLU(negative_slope=${activation?.alpha})`,
  };
  return names[activation?.name ?? ''] ?? 'none';
}

describe("the paper's models in TensorFlow.js code", () => {
  it.each(models)('%s', name => {
    const graph = readPaperModel(name);
    const convolutions = graph.layers.filter(layer => layer.op.kind === 'conv');
    const expected = golden.models[name]!.layers;
    expect(convolutions).toHaveLength(expected.length);
    convolutions.forEach((layer, index) => {
      expect(expected[index]).toMatchObject(geometry(graph, layer));
      expect(activationOf(graph, layer)).toBe(expected[index]?.activation);
    });
    expect(graph.gaps).toEqual([]);
    expect(graph.layers.slice(-2).map(layer => layer.op)).toMatchObject([
      { kind: 'rearrange', how: 'flatten' },
      { kind: 'dense', units: 10, bias: true },
    ]);
  });
});
