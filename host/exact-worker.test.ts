import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelOf } from '../src-analysis/identifiability/testing.ts';
import { type ConvGeometry, geometryKey } from '../src-analysis/model/analysis.ts';
import { createExactPool } from './exact-pool.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'leaklint-worker-'));
  await build({
    entryPoints: [path.join(import.meta.dirname, 'exact-worker.ts')],
    outfile: path.join(folder, 'worker.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const geometry: ConvGeometry = {
  inChannels: 1,
  filters: 2,
  input: [8, 8],
  kernel: [2, 2],
  strides: [2, 2],
  before: [0, 0],
  after: [0, 0],
  dilations: [1, 1],
  groups: 1,
};

it('the bundled worker eliminates a geometry exactly', async () => {
  const pool = createExactPool({ workerPath: path.join(folder, 'worker.cjs'), workers: 1 });
  try {
    // 16 disjoint windows of 4 pixels: 32 weight rows, 8 gradient rows, 4 relations between them.
    const task = { kind: 'geometry', key: geometryKey(geometry), geometry } as const;
    expect(await pool.run(task, 600)).toMatchObject({ touched: 64, weights: 32, gradients: 8, system: 36 });
  } finally {
    await pool.dispose();
  }
});

it('the bundled worker eliminates a whole model, and says of what it does not cover that it is out of reach', async () => {
  const pool = createExactPool({ workerPath: path.join(folder, 'worker.cjs'), workers: 1 });
  const task = (...layers: string[]) => ({ kind: 'model', key: layers.join(), graph: modelOf(layers) }) as const;
  const head = ['flatten()', 'dense({ units: 5 })'];
  try {
    const recurrent = task(
      'simpleRNN({ inputShape: [5, 5], units: 3, useBias: false, returnSequences: true })',
      ...head,
    );
    expect(await pool.run(recurrent, 600)).toEqual({ rank: 21, unknowns: 25 });
    // Which units are active is drawn, several times.
    const rectified = task("conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3, activation: 'relu' })", ...head);
    expect(await pool.run(rectified, 600)).toMatchObject({
      unknowns: 36,
      range: [expect.any(Number), expect.any(Number)],
    });
    const noise = task('gaussianNoise({ inputShape: [4], stddev: 0.1 })', 'dense({ units: 2 })');
    expect(await pool.run(noise, 600)).toBeNull();
  } finally {
    await pool.dispose();
  }
});
