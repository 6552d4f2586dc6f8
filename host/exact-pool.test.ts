import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ConvGeometry, type ConvRanks, type ExactTask, geometryKey } from '../src-analysis/model/analysis.ts';
import { createExactPool, type ExactPool } from './exact-pool.ts';

/** Answers by the number of filters: 1 = ranks, 2 = out of reach, 3 = never, 4 = crash. Counts its jobs in `touched`. */
const script = `
const { parentPort } = require('node:worker_threads');
let jobs = 0;
parentPort.on('message', ({ geometry: { filters } }) => {
  jobs++;
  if (filters === 1) parentPort.postMessage({ result: { touched: jobs, weights: 1, gradients: 1, system: 1 } });
  if (filters === 2) parentPort.postMessage({ result: null });
  if (filters === 3) for (;;);
  if (filters === 4) throw new Error('crash');
});`;

let folder: string;
let workerPath: string;
const pools: ExactPool[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'leaklint-pool-'));
  workerPath = path.join(folder, 'worker.cjs');
  writeFileSync(workerPath, script);
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map(pool => pool.dispose()));
});
afterAll(() => rmSync(folder, { recursive: true }));

function poolWith(failures: string[] = [], script = workerPath): ExactPool {
  const pool = createExactPool({ workerPath: script, workers: 1, onFailure: error => failures.push(error.message) });
  pools.push(pool);
  return pool;
}

function geometry(filters: number, inChannels = 1): ExactTask {
  const square = [3, 3] as const;
  const [kernel, strides, before, after, dilations] = [square, square, square, square, square];
  const given: ConvGeometry = {
    inChannels,
    filters,
    input: [8, 8],
    kernel,
    strides,
    before,
    after,
    dilations,
    groups: 1,
  };
  return { kind: 'geometry', key: geometryKey(given), geometry: given };
}

const ranks = (touched: number): ConvRanks => ({ touched, weights: 1, gradients: 1, system: 1 });

describe('exact pool', () => {
  it('keeps a worker for many jobs and settled answers for good', async () => {
    const pool = poolWith();
    expect(
      await Promise.all([pool.run(geometry(1), 9), pool.run(geometry(1, 2), 9), pool.run(geometry(2), 9)]),
    ).toEqual([ranks(1), ranks(2), null]);
    expect(await pool.run(geometry(1), 9)).toEqual(ranks(1));
    expect(await pool.run(geometry(1, 3), 9)).toEqual(ranks(4));
  });

  it('ends a job at its time limit, and the next one gets a fresh worker', async () => {
    const pool = poolWith();
    expect(await pool.run(geometry(3), 0.05)).toBeNull();
    expect(await pool.run(geometry(1), 9)).toEqual(ranks(1));
  });

  it('answers undefined where it was stopped, running or waiting, and tries again when asked', async () => {
    const pool = poolWith();
    const controller = new AbortController();
    const running = pool.run(geometry(3), 60, controller.signal);
    const waiting = pool.run(geometry(1), 60, controller.signal);
    controller.abort();
    expect([await running, await waiting]).toEqual([undefined, undefined]);
    expect(await pool.run(geometry(1), 9, controller.signal)).toBeUndefined();
    expect(await pool.run(geometry(1), 9)).toEqual(ranks(1));
  });

  it('survives a crash and a script that is not there, and says so', async () => {
    const failures: string[] = [];
    const pool = poolWith(failures);
    expect(await pool.run(geometry(4), 9)).toBeNull();
    expect(await pool.run(geometry(1), 9)).toEqual(ranks(1));
    expect(await poolWith(failures, path.join(folder, 'missing.cjs')).run(geometry(1), 9)).toBeNull();
    expect(failures).toEqual(['crash', expect.stringContaining('missing.cjs')]);
  });

  it('stops everything when disposed of', async () => {
    const pool = poolWith();
    const running = pool.run(geometry(3), 60);
    await pool.dispose();
    expect(await running).toBeUndefined();
    expect(await pool.run(geometry(1), 9)).toBeUndefined();
  });
});
