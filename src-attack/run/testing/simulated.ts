import * as fs from 'node:fs';
import * as path from 'node:path';
import { neverCancelled } from '../../../src-analysis/readers/reader.ts';
import { readTfjsCode } from '../../../src-analysis/readers/tfjs-code/read.ts';
import type { Engine } from '../../engines/engine.ts';
import type { AttackEvent } from '../../process/protocol.ts';
import { prepareRun } from '../prepare.ts';
import type { AttackReport } from '../report.ts';
import { runAttacks } from '../run.ts';
import type { RunSource } from '../source.ts';

export const root = path.resolve(import.meta.dirname, '../../..');

export function imageBytes(file: string): Uint8Array {
  return new Uint8Array(fs.readFileSync(path.join(root, file)));
}

/** As {@link leakyCode} on 6×6 grey pixels, for tests that run many attacks. */
export const smallCode = `export const m = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 6, kernelSize: 3, padding: 'same', activation: 'tanh' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 5 }),
] });`;

/** A run on model code that ends in `export const m = …`, with the label 3 of a picture of 8×8. */
export function sourceOf(code: string, part: Partial<RunSource> = {}): RunSource {
  const file = { path: 'model.ts', text: `import * as tf from '@tensorflow/tfjs';\n${code}` };
  return {
    model: readTfjsCode(file, neverCancelled).models[0]!,
    file,
    shard: () => undefined,
    example: { kind: 'image', bytes: imageBytes('test/fixtures/images/landscape-8.png') },
    label: 3,
    preprocess: 'x/255 - 0.5',
    seed: 10,
    samples: () => [imageBytes('media/samples/digit.png'), imageBytes('media/samples/balloon.png')],
    ...part,
  };
}

/** r = n: everything comes back. */
export const leakyCode = `export const m = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 8, kernelSize: 3, padding: 'same', activation: 'tanh' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 5 }),
] });`;

export async function simulatedRun(source: RunSource, methods: readonly string[], engine: Engine) {
  const events: AttackEvent[] = [];
  const prepared = await prepareRun(source, engine);
  const request = { model: 'm', summary: '', image: 'landscape-8.png', methods, seed: source.seed };
  const report: AttackReport = await runAttacks(prepared, request, {
    cancel: neverCancelled,
    emit: event => events.push(event),
  });
  return { prepared, events, report };
}
