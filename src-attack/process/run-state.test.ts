import { expect, test } from 'vitest';
import type { AttackEvent, AttackSpec } from './protocol.ts';
import { applyEvent, isActive, newRun, type RunState, secondsLeft } from './run-state.ts';

const spec: AttackSpec = {
  model: { path: 'model.onnx' },
  source: { kind: 'image', paths: ['deer.png'] },
  labels: [4],
  methods: ['r-gap', 'gauss-newton'],
  seed: 10,
  engine: 'auto',
  preprocess: 'x/255 - 0.5',
};
const picture = { png: 'AAAA', width: 2, height: 2 };
const started: AttackEvent = {
  type: 'started',
  model: 'net',
  engine: { name: 'onnxruntime-cpu', device: 'CPU', threads: 1 },
  targets: [picture],
  labels: [4],
  labelFrom: 'given',
  seed: 10,
  methods: spec.methods,
  defence: [],
  sweep: null,
  assumptions: ['batch of one'],
};
const progress = (step: number, psnr?: number): AttackEvent => ({
  type: 'progress',
  method: 'gauss-newton',
  step,
  steps: 10,
  seconds: step * 2,
  loss: 1 / step,
  ...(psnr === undefined ? {} : { scores: { psnr, ssim: 0.5, mse: 0.01 }, pictures: [picture] }),
});
const fold = (events: readonly AttackEvent[], run: RunState = newRun(1, spec)) => events.reduce(applyEvent, run);
const gaussNewton = (run: RunState) => run.methods.find(method => method.method === 'gauss-newton')!;

test('a run goes from queued to running and shows what it attacks', () => {
  const run = fold([started]);
  expect(newRun(1, spec).status).toBe('queued');
  expect(run).toMatchObject({
    status: 'running',
    model: 'net',
    targets: [picture],
    labels: { values: [4], from: 'given' },
  });
});

test('progress without a picture keeps the last one', () => {
  const run = fold([started, progress(1, 12), progress(2)]);
  expect(gaussNewton(run)).toMatchObject({ step: 2, pictures: [picture], scores: { psnr: 12 } });
  expect(gaussNewton(run).curve).toEqual([
    { step: 1, loss: 1, psnr: 12 },
    { step: 2, loss: 0.5, psnr: null },
  ]);
});

test('time left follows the pace so far', () => {
  expect(secondsLeft(gaussNewton(fold([started, progress(4)])))).toBe(12);
  expect(secondsLeft(gaussNewton(fold([started])))).toBeNull();
});

test('cancelling keeps pictures and finished methods', () => {
  const result: AttackEvent = {
    type: 'result',
    method: 'r-gap',
    step: 1,
    seconds: 1,
    scores: { psnr: 20, ssim: 0.7, mse: 0.01 },
    images: [],
    residual: 1e-6,
    pictures: [picture],
    loss: [],
    note: '',
    figure: picture,
    report: { version: 1 },
  };
  const run = fold([started, result, progress(3, 15), { type: 'cancelled' }]);
  expect(run.status).toBe('cancelled');
  expect(isActive(run)).toBe(false);
  expect(run.methods.map(method => method.status)).toEqual(['done', 'stopped']);
  expect(gaussNewton(run).pictures).toEqual([picture]);
  expect(run).toMatchObject({ figure: picture, report: { version: 1 } });
});

test('a failure of one method leaves the others running', () => {
  const run = fold([started, { type: 'method-failed', method: 'r-gap', message: 'no inverse of relu' }, progress(1)]);
  expect(run.status).toBe('running');
  expect(run.methods.map(method => method.status)).toEqual(['failed', 'running']);
});

test('long curves are thinned and keep their last point', () => {
  const run = fold([started, ...Array.from({ length: 5000 }, (_, i) => progress(i + 1))]);
  const { curve } = gaussNewton(run);
  expect(curve.length).toBeLessThanOrEqual(601);
  expect(curve.at(-1)?.step).toBe(5000);
  expect(curve.map(point => point.step)).toEqual([...curve.map(point => point.step)].sort((a, b) => a - b));
});

test('a sweep collects its results and stops with the run', () => {
  const sweep = { defence: 'noise', parameter: 'σ', meaning: 'standard deviation', levels: [0.01, 0.1] };
  const result = {
    level: 0,
    description: 'Gaussian noise',
    method: 'r-gap',
    status: 'done' as const,
    scores: { psnr: 20, ssim: 0.7, mse: 0.01 },
    picture,
    note: '',
  };
  const at = (level: number): AttackEvent => ({
    type: 'sweep-progress',
    level,
    method: 'r-gap',
    step: 2,
    steps: 5,
  });
  const swept: AttackEvent = { type: 'sweep-result', result, report: { version: 1 } };
  const run = fold([{ ...started, sweep } as AttackEvent, at(0), swept, at(1)]);
  expect(run.sweep).toEqual({ ...sweep, results: [result], running: { level: 1, method: 'r-gap', step: 2, steps: 5 } });
  expect(run.report).toEqual({ version: 1 });
  expect(applyEvent(run, { type: 'cancelled' }).sweep).toMatchObject({ results: [result], running: null });
});
