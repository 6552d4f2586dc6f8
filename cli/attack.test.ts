import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository, runIn } from './testing.ts';

const image = path.join(repository, 'test/fixtures/images/landscape-8.png');
const leaky = `import * as tf from '@tensorflow/tfjs';
export const model = tf.sequential({ name: 'leaky', layers: [
  tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 4 }),
] });
`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-attack-'));
beforeAll(() => {
  fs.writeFileSync(path.join(folder, 'model.ts'), leaky);
  fs.mkdirSync(path.join(folder, 'empty'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const leaklint = (...args: string[]) => runIn(folder, args);

describe('leaklint attack', () => {
  it('prints the contract’s JSON and writes pictures and reports', async () => {
    const { code, stdout } = await leaklint(
      'attack',
      'model.ts',
      '--image',
      image,
      '--label',
      '2',
      '--method',
      'r-gap',
      '--format',
      'json',
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      version: 1,
      model: 'leaky',
      label: 2,
      seed: 10,
      engine: { name: 'onnxruntime-cpu', threads: 1 },
    });
    const [result] = report.results;
    expect(result).toMatchObject({
      method: 'r-gap',
      pixelExact: true,
      output: path.join(folder, 'leaklint-out/r-gap.png'),
    });
    for (const name of ['figure.png', 'r-gap.png', 'report.json', 'report.html']) {
      expect(fs.statSync(path.join(folder, 'leaklint-out', name)).size, name).toBeGreaterThan(100);
    }
    expect(fs.readFileSync(path.join(folder, 'leaklint-out/report.html'), 'utf8')).toContain('r = 64 of 64');
  });

  it('attacks a batch behind defences, and sweeps one', async () => {
    fs.mkdirSync(path.join(folder, 'pictures'), { recursive: true });
    fs.copyFileSync(image, path.join(folder, 'pictures', 'a.png'));
    fs.copyFileSync(path.join(repository, 'media/samples/digit.png'), path.join(folder, 'pictures', 'b.png'));
    const out = path.join(folder, 'batch');
    const options = [
      '--label',
      '2,0',
      '--defence',
      'clip:1',
      '--defence',
      'quantise:16',
      '--sweep',
      'noise:1e-4..1e-1/2',
    ];
    const { code, stdout, log } = await leaklint(
      'attack',
      'model.ts',
      '--image',
      'pictures',
      ...options,
      '--out',
      'batch',
    );
    expect(log).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/labels 2, 0 \(given\)/);
    expect(stdout).toMatch(/defence clip:1: each example’s gradient clipped/);
    expect(stdout).toMatch(/PSNR mean \S+ dB, best .*\n\s+a\.png\s+PSNR .*label 2\n\s+b\.png\s+PSNR .*label 0/);
    expect(stdout).toMatch(/Sweep of noise over σ .*\n\s+σ\s+gauss-newton\n\s+without .*\n\s+0\.0001 .*\n\s+0\.1 /);
    const report = JSON.parse(fs.readFileSync(path.join(out, 'report.json'), 'utf8'));
    expect(report).toMatchObject({
      label: 2,
      labels: [2, 0],
      defence: [{ spec: 'clip:1' }, { spec: 'quantise:16' }],
      results: [{ perImage: [{ output: path.join(out, 'gauss-newton-1.png') }, { label: 0 }], best: {} }],
      sweep: { defence: 'noise', parameter: 'σ', levels: [{ level: 1e-4 }, { level: 0.1 }] },
    });
    for (const name of ['gauss-newton-2.png', 'sweep.png'])
      expect(fs.existsSync(path.join(out, name)), name).toBe(true);
  });

  it('attacks a captured gradient', async () => {
    const header = JSON.stringify({ 'dense_1/bias': { dtype: 'F32', shape: [4], data_offsets: [0, 16] } });
    const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
    const file = path.join(folder, 'g.safetensors');
    fs.writeFileSync(file, Buffer.concat([length, Buffer.from(header), new Uint8Array(16)]));
    const { code, log } = await leaklint('attack', 'model.ts', '--gradient', 'g.safetensors');
    expect(code).toBe(2);
    expect(log).toContain('no gradient for "conv2d_1/kernel"');
  });

  it.each([
    ['neither image nor gradient', ['model.ts'], /either --image or --gradient/],
    ['a model that is not there', ['nowhere.ts', '--image', image], /nowhere\.ts cannot be read/],
    ['a picture that is not there', ['model.ts', '--image', 'nowhere.png'], /nowhere\.png cannot be read/],
    ['a picture that is none', ['model.ts', '--image', 'model.ts'], /./],
    ['a label out of range', ['model.ts', '--image', image, '--label', '9'], /label 9 is out of range/],
    [
      'an attack that does not exist',
      ['model.ts', '--image', image, '--method', 'magic'],
      /no attack "magic"; there are .*gauss-newton/,
    ],
    ['an engine that is not there', ['model.ts', '--image', image, '--engine', 'cuda'], /CUDA/],
    ['labels that do not go with the images', ['model.ts', '--image', image, '--label', '1,2'], /1 image and 2 labels/],
    ['a label that is no number', ['model.ts', '--image', image, '--label', '1,x'], /whole number/],
    ['a defence that does not exist', ['model.ts', '--image', image, '--defence', 'nose:1'], /did you mean "noise"/],
    ['a sweep without a range', ['model.ts', '--image', image, '--sweep', 'noise:1'], /needs a range/],
    ['a folder without pictures', ['model.ts', '--image', 'empty'], /has no PNG or JPEG/],
    ['a folder that cannot be made', ['model.ts', '--image', image, '--out', 'model.ts/x'], /cannot be written/],
    ['a model of another name', ['model.ts', '--image', image, '--model', 'other'], /no model "other" .* "leaky"/],
  ])('says what to do about %s', async (_, args, message) => {
    const { code, log } = await leaklint('attack', ...args);
    expect(code).toBe(2);
    expect(log).toMatch(message);
    expect(log).not.toContain('internal failure');
  });
});

it('leaklint doctor lists every engine with what it lacks', async () => {
  const { code, stdout } = await leaklint('doctor');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^works\s+onnxruntime-cpu\s+CPU/m);
  expect(stdout).toMatch(/^works\s+onnxruntime-wasm/m);
  expect(stdout).toMatch(/^missing\s+tfjs-node-gpu\s+.*is not installed in/m);
});

it('leaklint attack --help lists attacks, engines and defences with a phrase each', async () => {
  const { code, stdout } = await leaklint('attack', '--help');
  expect(code).toBe(0);
  for (const line of [
    /^ {2}hybrid +The hybrid of Chen/m,
    /^ {2}cuda +ONNX Runtime on an NVIDIA/m,
    /^ {2}noise:0\.01 +Adds Gaussian noise/m,
    /^ {2}noise:1e-6\.\.1e-1 /m,
    /^ {2}leaklint attack model\.ts --image photo\.png --label 3$/m,
  ]) {
    expect(stdout).toMatch(line);
  }
});
