import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository, runIn } from './testing.ts';

const code = `import * as tf from '@tensorflow/tfjs';
export function makeModel() {
  const model = tf.sequential({ name: 'digits' });
  model.add(tf.layers.conv2d({ inputShape: [16, 16, 1], filters: 8, kernelSize: 5, strides: 2, activation: 'tanh' }));
  model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'tanh' }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10, activation: 'softmax' }));
  return model;
}
`;
const layersJson = {
  modelTopology: {
    class_name: 'Sequential',
    config: [{ class_name: 'Dense', config: { name: 'd', units: 4, batch_input_shape: [null, 20] } }],
  },
};

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'leaklint-harden-'));
  writeFileSync(path.join(cwd, 'model.ts'), code);
  writeFileSync(path.join(cwd, 'model.json'), JSON.stringify(layersJson));
  writeFileSync(path.join(cwd, 'plain.ts'), 'export const answer = 42;\n');
});
afterAll(() => rmSync(cwd, { recursive: true }));

const harden = (...args: string[]) => runIn(cwd, ['harden', ...args]);

describe('leaklint harden', () => {
  it('prints a table of changes, what is there now first', async () => {
    const { code, stdout } = await harden('model.ts', '--max-changes', '2');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('digits (model.ts)');
    expect(lines[1]).toMatch(/^ +r\/n +c\(M\) +parameters +changes$/);
    expect(lines[2]).toMatch(/^ +(≈ )?\d+ % +(0|−\d+) +\d+ +as it is$/);
    expect(lines[3]).toMatch(/^ +(≈ )?\d+ % +−\d+ +[−+][\d.]+ % +conv2d_\d: \w+ .*$/);
    expect(stdout).toMatch(/\d+ combinations analysed: outputs keep their shape, .* within ±20 %\.\n$/);
  });

  it('gives figures, changes and edits as JSON', async () => {
    const { stdout } = await harden('model.ts', '--max-changes', '1', '--tolerance', '50', '--format', 'json');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ version: 1, path: 'model.ts', model: 'digits', complete: true });
    const [best] = report.suggestions;
    expect(best.rank).toBeLessThan(report.before.rank);
    expect(Math.abs(best.parameters - report.before.parameters)).toBeLessThanOrEqual(0.5 * report.before.parameters);
    expect(best.changes).toHaveLength(1);
    expect(best.edits[0].range.start.line).toBeGreaterThanOrEqual(3);
  });

  it('searches models that no code makes, too, without edits', async () => {
    const onnx = path.join(repository, 'test/fixtures/onnx/paper/LeNet.onnx');
    const { code, stdout } = await harden(onnx, '--max-changes', '1', '--tolerance', '50');
    expect(code).toBe(0);
    expect(stdout).toMatch(/as it is\n(.*Conv: strides 2→4\n)(.* % .*\n)+\n/);
    expect(stdout).toContain('The file is not code: make the changes where the model was made');
    const report = JSON.parse((await harden('model.json', '--format', 'json', '--max-changes', '1')).stdout);
    expect(report).toMatchObject({ path: 'model.json', before: { unknowns: 20 }, complete: true });
  });

  it('says where nothing helps', async () => {
    const { code, stdout } = await harden('model.ts', '--tolerance', '0', '--max-changes', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('±0 %');
    expect(stdout).toContain('No such change');
  });

  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a file that is not there', ['gone.ts'], /gone\.ts: There is nothing there/],
    ['code without a model', ['plain.ts'], /no model found in plain\.ts/],
    ['an unknown model', ['model.ts', '--model', 'other'], /has no model other; it has digits/],
    ['a tolerance that is no number', ['model.ts', '--tolerance', 'much'], /number from 0 to 1000/],
  ];
  it.each(refused)('refuses %s', async (_, args, message) => {
    const { code, log } = await harden(...args);
    expect(code).toBe(2);
    expect(log).toMatch(message);
  });
});
