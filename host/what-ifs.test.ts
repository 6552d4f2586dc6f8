import { describe, expect, test } from 'vitest';
import { checkSource } from '../src-analysis/check.ts';
import { eliminate } from '../src-analysis/eliminate.ts';
import { defaultConfig } from '../src-analysis/findings/config.ts';
import type { ExactResult } from '../src-analysis/model/analysis.ts';
import { Cancelled, neverCancelled } from '../src-analysis/readers/reader.ts';
import { runWhatIfs, type WhatIfsRequest } from './what-ifs.ts';

/** The law is an estimate of this model, and wrong for two filters instead of three. */
const text = `import * as tf from '@tensorflow/tfjs';
const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [20, 20, 1], filters: 3, kernelSize: 3, strides: 2, activation: 'tanh' }),
  tf.layers.layerNormalization({}),
  tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 10 }),
] });
`;
const file = { path: 'model.ts', text };
const checked = checkSource(file, { config: defaultConfig, exact: new Map(), cancel: neverCancelled });
const asShown: WhatIfsRequest['exact'] = checked.pending.map(task => [task.key, eliminate(task, neverCancelled)]);
const layer = checked.models[0]!.graph.layers.find(({ type }) => type === 'conv2d')!.id;
const ask = { kind: 'what-ifs', layers: [[0, layer]], most: 5 } as const;
const never = Number.POSITIVE_INFINITY;
const settle = { seconds: 600, until: never };

function offers(request: Partial<WhatIfsRequest>, found?: Map<string, ExactResult>) {
  const result = runWhatIfs({ file, exact: asShown, budget: never, settle, ask, ...request }, neverCancelled, found);
  if (result.kind !== 'what-ifs') throw new Error('asked for what-ifs');
  return { ...result, titles: result.offers.map(({ title }) => title) };
}

describe('what-ifs', () => {
  const settled = offers({});

  test('of a model that is settled are settled', () => {
    expect(settled).toMatchObject({ complete: true, open: false });
    expect(settled.titles.join('\n')).toMatch(/^filters: 2 → r falls from 28 % to 0\.0 %/m);
    expect(settled.titles.filter(title => !title.startsWith('activation')).join()).not.toContain('about');
  });

  test('are estimates, and say so, where there is no time to settle them', () => {
    const { titles, open } = offers({ settle: { seconds: 600, until: -1 } });
    expect(open).toBe(true);
    expect(titles.join('\n')).toMatch(/^filters: 2 → r falls from 28 % to about 5\.0 %/m);
  });

  test('take what was found before', () => {
    const found = new Map<string, ExactResult>();
    expect(offers({}, found).titles).toEqual(settled.titles);
    expect(found.size).toBeGreaterThan(0);
    expect(offers({ settle: { seconds: 600, until: -1 } }, found)).toMatchObject({
      open: false,
      titles: settled.titles,
    });
  });

  test('start from the estimate as long as that is what is shown', () => {
    const { titles, open } = offers({ exact: [] });
    expect(open).toBe(false);
    expect(titles.join('\n')).toMatch(/^filters: 2 → r falls from about 28 % to about 5\.0 %/m);
    expect(offers({ settle: { seconds: 0, until: never } }).titles.join()).toContain('to about 5.0 %');
  });

  test('are as many as are wanted', () => {
    expect(offers({ ask: { ...ask, most: 2 } }).titles).toEqual(settled.titles.slice(0, 2));
  });

  test('stop where the token says so', () => {
    const request: WhatIfsRequest = { file, exact: asShown, budget: never, settle, ask };
    expect(() => runWhatIfs(request, { isCancellationRequested: true })).toThrow(Cancelled);
  });
});

test('hardening settles the model itself where no lens does', () => {
  const options = { tolerance: 0.5, maximumChanges: 1 };
  const harden = (model: boolean) =>
    runWhatIfs(
      { file, exact: [], budget: never, settle: { ...settle, model }, ask: { kind: 'hardening', model: 0, options } },
      neverCancelled,
    );
  expect(harden(false)).toMatchObject({ before: { pending: true, estimate: true } });
  const result = harden(true);
  if (result.kind !== 'hardening') throw new Error('asked for hardening');
  expect(result).toMatchObject({ before: { pending: false, estimate: false, rank: 111 }, complete: true });
  expect(result.rows.length).toBeGreaterThan(0);
  for (const { figures } of result.rows) expect(figures.pending).toBe(false);
});
