import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConvGeometry } from '../src-analysis/model/analysis.ts';
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
    expect(await pool.run(geometry, 30)).toMatchObject({ touched: 64, weights: 32, gradients: 8, system: 36 });
  } finally {
    await pool.dispose();
  }
});
