import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../src-attack/image/decode.ts';
import { repository, runIn } from './testing.ts';

const image = path.join(repository, 'test/fixtures/images/landscape-8.png');
const head = "import * as tf from '@tensorflow/tfjs';\n";
const models = {
  'model.ts': `tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 2, strides: 3, activation: 'tanh' }),
    tf.layers.flatten(), tf.layers.dense({ units: 4 })`,
  'large.ts': `tf.layers.averagePooling2d({ inputShape: [132, 132, 1], poolSize: 4 }),
    tf.layers.conv2d({ filters: 1, kernelSize: 3, strides: 3, activation: 'tanh' }),
    tf.layers.flatten(), tf.layers.dense({ units: 3 })`,
  'vector.ts': 'tf.layers.dense({ inputShape: [20], units: 4 })',
};

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-verify-'));
beforeAll(() => {
  for (const [name, layers] of Object.entries(models)) {
    const code = `${head}export const model = tf.sequential({ name: 'net', layers: [${layers}] });\n`;
    fs.writeFileSync(path.join(folder, name), code);
  }
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const verify = (...args: string[]) => runIn(folder, ['verify', ...args]);

describe('leaklint verify', () => {
  it('measures, compares with the analysis, and draws the map', async () => {
    const { code, stdout, progress } = await verify('model.ts', '--map', 'out/map.png');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^net: r = 36 of 64 \(56\.3 %\), measured\n {2}the analysis says r = 36 of 64 .*: the same\n/,
    );
    expect(stdout).toContain('Of the pixels, 56.3 % are determined by the gradient and 43.8 % do not enter it');
    expect(progress).toContain('rank 32 so far, at most 64');
    const { width, height, pixels } = decodePicture(fs.readFileSync(path.join(folder, 'out/map.png')));
    expect([width, height]).toEqual([256, 256]);
    // The first pixel is determined; the third lies between the windows.
    expect([...pixels.slice(0, 3)]).toEqual([252, 229, 56]);
    expect([...pixels.slice(3 * 64, 3 * 64 + 3)]).toEqual([38, 25, 84]);
  });

  it('gives the contract’s JSON', async () => {
    const { stdout } = await verify('model.ts', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      model: 'net',
      seed: 10,
      batch: 1,
      identifiable: { rank: 36, unknowns: 64, fraction: 0.5625, basis: 'numeric', bound: 'exact', certain: true },
      inputShape: [1, 1, 8, 8],
      predicted: { rank: 36 },
    });
  });

  it('measures at pictures, a map for each', async () => {
    const { code, stdout } = await verify(
      'model.ts',
      '--image',
      `${image},${image}`,
      '--label',
      '1,2',
      '--map',
      'm.png',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/assumed: the pictures fitted .*\n {2}assumed: labels 1, 2\n/);
    expect(stdout).toMatch(/example 1: Of the pixels.*\n {2}example 2: Of the pixels/);
    expect(decodePicture(fs.readFileSync(path.join(folder, 'm.png')))).toMatchObject({ width: 512, height: 256 });
  });

  it('measures a smaller twin where the model is too large, and says so', async () => {
    const { stdout } = await verify('large.ts');
    expect(stdout).toMatch(/^net: too large to be measured whole \(17424 unknowns; --whole does it all the same\)\n/);
    expect(stdout).toMatch(
      /a smaller twin, the same model on a picture of 64 × 64 × 1: r = \d+ of 4096 .*, measured\n/,
    );
    const json = JSON.parse((await verify('large.ts', '--format', 'json')).stdout);
    expect(json).toMatchObject({
      identifiable: { rank: null, unknowns: 17424, bound: 'not measured' },
      twin: { identifiable: { unknowns: 4096, bound: 'exact' }, inputShape: [1, 1, 64, 64] },
    });
  });

  it.each([
    [
      'a map of what is no picture',
      ['vector.ts', '--map', 'x.png'],
      /no map to write: the model’s input is no picture/,
    ],
    ['a label without a picture', ['model.ts', '--label', '1'], /--label goes with --image/],
    [
      'more labels than pictures',
      ['model.ts', '--image', image, '--label', '1,2'],
      /labels is 2, and there is one image/,
    ],
    ['a batch of another size', ['model.ts', '--image', image, '--batch', '3'], /--batch is 3, and there is one image/],
    ['a label out of range', ['model.ts', '--image', image, '--label', '9'], /label 9 is out of range/],
    ['a batch of none', ['model.ts', '--batch', '0'], /whole number, 1 or more/],
    ['a model that is not there', ['nowhere.ts'], /nowhere\.ts cannot be read/],
  ])('says what to do about %s', async (_, args, message) => {
    const { code, log } = await verify(...args);
    expect(code).toBe(2);
    expect(log).toMatch(message);
    expect(log).not.toContain('internal failure');
  });

  it('explains what is measured at which size', async () => {
    const { stdout } = await verify('--help');
    expect(stdout).toMatch(/up to 4,096\s+the exact rank, and the map/);
    expect(stdout).toContain('leaklint verify model.onnx --image photo.png');
  });
});
