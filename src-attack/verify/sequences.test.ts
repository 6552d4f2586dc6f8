import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomSequenceModel } from '../../bench/random-sequences.ts';
import { readOnnx } from '../../src-analysis/readers/onnx/read.ts';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../../src-analysis/readers/tfjs-code/read.ts';
import { buildModel, type NodeSpec } from '../../test/fixtures/onnx/model-builder.ts';
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu } from '../engines/onnxruntime/load.ts';
import { openModel } from '../run/model-file.ts';
import { bothRanks } from './testing/both-ranks.ts';
import { type VerifyRequest, verifyModel } from './verify.ts';

/* Models of sequences: the rank of the training step's Jacobian in float64 against the analysis' elimination over GF(p). */

let engine: Engine;
beforeAll(async () => {
  engine = await loadOnnxCpu();
});
afterAll(() => engine.dispose());

test('random models of attention, recurrent layers and embeddings have the rank of their exact Jacobian', async () => {
  let sure = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 90_000 }), async seed => {
      const { graph, batch, code, kinds } = randomSequenceModel(seed);
      // Which slopes of a PReLU count is drawn.
      fc.pre(!kinds.includes('prelu'));
      const { measured, certain, exact } = await bothRanks(engine, graph, seed, batch);
      if (certain) expect({ code, ...measured }).toEqual({ code, ...exact });
      if (certain) sure++;
    }),
    { seed: 7, numRuns: 40 },
  );
  expect(sure).toBeGreaterThan(35);
});

describe('of recurrent layers of TensorFlow.js', () => {
  const variants = ['simpleRNN', 'gru', 'lstm'].flatMap(type =>
    ['concat', 'sum', 'ave', 'mul'].map((mode, i): [string, string] => {
      const own = type === 'simpleRNN' ? "activation: 'linear'" : "recurrentActivation: 'sigmoid'";
      const config = `{ units: 2, returnSequences: ${i !== 1}, goBackwards: ${i > 1}, ${own} }`;
      const layer = `{ inputShape: [5, 4], layer: tf.layers.${type}(${config}), mergeMode: '${mode}' }`;
      return [`tf.layers.bidirectional(${layer})`, i === 1 ? '' : 'tf.layers.flatten(),'];
    }),
  );
  test.each(variants)('%s', async (layer, flatten) => {
    const text = `import * as tf from '@tensorflow/tfjs';
      const m = tf.sequential({ layers: [${layer}, ${flatten} tf.layers.dense({ units: 3 })] });`;
    const [graph] = readTfjsCode({ path: 'm.js', text }, neverCancelled).models;
    const { measured, exact } = await bothRanks(engine, graph!, 3);
    expect(measured).toEqual(exact);
  });
});

describe('of recurrent layers of ONNX', () => {
  const both = { direction: 'bidirectional' };
  const variants: readonly [string, NodeSpec['attributes'], bias: boolean][] = [
    ['GRU', { linear_before_reset: 1 }, true],
    ['GRU', { linear_before_reset: 1, ...both }, true],
    ['GRU', { linear_before_reset: 1 }, false],
    ['GRU', {}, true],
    ['LSTM', both, true],
    ['LSTM', { direction: 'reverse' }, false],
    ['RNN', both, true],
  ];
  test.each(variants)('%s %j, bias: %s', async (op, attributes, hasBias) => {
    const [graph] = readOnnx({ path: 'm.onnx', bytes: recurrentModel(op, attributes, hasBias) }, neverCancelled).models;
    const { measured, exact } = await bothRanks(engine, graph!, 3);
    expect(measured).toEqual(exact);
  });
});

/** 6 steps of 5 entries, 2 units, and a dense layer on every state. */
function recurrentModel(op: string, attributes: NodeSpec['attributes'], hasBias: boolean): Uint8Array {
  const [units, features, steps] = [2, 5, 6];
  const gates = op === 'LSTM' ? 4 : op === 'GRU' ? 3 : 1;
  const directions = attributes?.direction === 'bidirectional' ? 2 : 1;
  const width = gates * units;
  return buildModel({
    opset: 17,
    inputs: { x: ['N', steps, features] },
    nodes: [
      { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [1, 0, 2] } },
      {
        op,
        inputs: ['t', 'w', 'r', ...(hasBias ? ['b'] : [])],
        outputs: ['s'],
        attributes: { hidden_size: units, ...attributes },
      },
      { op: 'Transpose', inputs: ['s'], outputs: ['f'], attributes: { perm: [2, 0, 1, 3] } },
      { op: 'Flatten', inputs: ['f'], outputs: ['g'] },
      { op: 'Gemm', inputs: ['g', 'k'], outputs: ['y'] },
    ],
    outputs: { y: null },
    initializers: {
      w: { dims: [directions, width, features] },
      r: { dims: [directions, width, units] },
      ...(hasBias ? { b: { dims: [directions, 2 * width] } } : {}),
      k: { dims: [steps * directions * units, 3] },
    },
  });
}

describe('a model of tokens', () => {
  const model = (vocabulary: number, more = '') =>
    `tf.layers.embedding({ inputDim: ${vocabulary}, outputDim: 6, inputLength: 5${more} }),
     tf.layers.gru({ units: 1 }), tf.layers.dense({ units: 3 })`;

  async function verify(layers: string, part: Partial<VerifyRequest> = {}) {
    const text = `import * as tf from '@tensorflow/tfjs'; const model = tf.sequential({ layers: [${layers}] });`;
    const hooks = { cancel: neverCancelled, progress: () => {} };
    return verifyModel(await openModel({ path: 'model.js', text }), { seed: 3, batch: 1, ...part }, hooks);
  }

  test('is measured at the vectors of its tokens, with its own initializers', async () => {
    const { whole, unknowns, predicted } = await verify(model(40));
    expect(unknowns).toBe(30);
    expect(whole).toMatchObject({ rank: predicted.rank, unknowns: 30, inputShape: [1, 5, 6], certain: true, maps: [] });
    const told = whole!.assumptions.join('; ');
    expect(told).toMatch(/5 random tokens, no two alike.*unknowns are the vectors of the tokens/);
  });

  test('whose table is frozen does not share its gradient', async () => {
    const [trained, frozen] = [await verify(model(40)), await verify(model(40, ', trainable: false'))];
    expect(frozen.whole!.equations).toBe(trained.whole!.equations - 30);
    expect(frozen.whole!.rank).toBe(frozen.predicted.rank);
  });

  test('is looked up by ONNX in the same way', async () => {
    const bytes = buildModel({
      opset: 17,
      inputType: 7,
      inputs: { x: ['N', 5] },
      nodes: [
        { op: 'Gather', inputs: ['table', 'x'], outputs: ['e'] },
        { op: 'Transpose', inputs: ['e'], outputs: ['t'], attributes: { perm: [1, 0, 2] } },
        { op: 'LSTM', inputs: ['t', 'w', 'r'], outputs: ['', 'h'], attributes: { hidden_size: 2 } },
        { op: 'Transpose', inputs: ['h'], outputs: ['f'], attributes: { perm: [1, 0, 2] } },
        { op: 'Flatten', inputs: ['f'], outputs: ['g'] },
        { op: 'Gemm', inputs: ['g', 'k'], outputs: ['y'] },
      ],
      outputs: { y: null },
      initializers: {
        table: { dims: [30, 4] },
        w: { dims: [1, 8, 4] },
        r: { dims: [1, 8, 2] },
        k: { dims: [2, 3] },
      },
    });
    const [graph] = readOnnx({ path: 'm.onnx', bytes }, neverCancelled).models;
    const { measured, exact } = await bothRanks(engine, graph!, 3);
    expect(measured).toEqual(exact);
  });

  test('the first of which hardly count is measured all the same', async () => {
    const { whole } = await verify(
      `tf.layers.embedding({ inputDim: 99, outputDim: 2, inputLength: 48 }),
       tf.layers.lstm({ units: 2 }), tf.layers.dense({ units: 3 })`,
    );
    expect(whole).toMatchObject({ rank: 96, unknowns: 96, certain: true });
  });

  test('with fewer tokens than places says what is counted', async () => {
    const { whole } = await verify(model(3), { batch: 2 });
    expect(whole!.assumptions.join('; ')).toMatch(/10 random tokens of a vocabulary of 3.*as if no token came twice/);
  });

  test('takes no picture', async () => {
    const pictures = { bytes: [new Uint8Array()], labels: null, preprocess: 'x' };
    await expect(verify(model(40), { pictures })).rejects.toThrow(/takes tokens, and no picture/);
  });
});
