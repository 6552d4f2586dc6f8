import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { neverCancelled } from '../../src-analysis/readers/reader.ts';
import { readTfjsJson } from '../../src-analysis/readers/tfjs-json/read.ts';
import { createReferenceEngine } from '../engines/reference/engine.ts';
import { victimOf } from '../run/victim-of.ts';
import { weightsOfModel } from '../weights/model-weights.ts';
import { ready } from './testing/tfjs-model.ts';

beforeAll(ready);

test('recurrent layers of a model.json run with the weights stored beside it', async () => {
  const gru = () => tf.layers.gru({ units: 3, returnSequences: true });
  const model = tf.sequential({
    layers: [
      tf.layers.bidirectional({ layer: gru(), mergeMode: 'concat', inputShape: [5, 2] }),
      tf.layers.lstm({ units: 4, unitForgetBias: true }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  const { text, shard } = await saved(model);
  const file = { path: 'model.json', text };
  const { models, errors } = readTfjsJson(file, neverCancelled);
  expect(errors).toEqual([]);
  const weights = weightsOfModel(models[0]!, file, () => shard, 1);
  expect(weights.origin).toBe('the weights stored with the model');

  const victim = victimOf(models[0]!, weights.values, 2);
  const x = tf.randomNormal([2, 5, 2], 0, 1, 'float32', 4);
  const program = await createReferenceEngine().compile({ logits: victim.logits });
  const { logits } = await program.run({ x: x.dataSync() as Float32Array });
  const expected = (model.predict(x) as tf.Tensor).dataSync();
  logits!.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 5);
  });
});

/** model.json as TensorFlow.js writes it, and its one weight file. */
async function saved(model: tf.LayersModel): Promise<{ text: string; shard: Uint8Array }> {
  let kept: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async artifacts => {
      kept = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weightData } = kept!;
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
  const text = JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest });
  return { text, shard: new Uint8Array(weightData as ArrayBuffer) };
}
