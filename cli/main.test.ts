import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckJson } from '../src-analysis/reports/json.ts';
import { runCommand } from './main.ts';
import { repository, runIn } from './testing.ts';

const leaky = `import * as tf from '@tensorflow/tfjs';
const model = tf.sequential();
model.add(tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'tanh' }));
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: 10, activation: 'softmax' }));
`;
const accepted = leaky
  .replace('const model', '// leaklint-disable-next-line identifiable-input -- public data\nconst model')
  .replace('model.add(tf.layers.conv2d', '// leaklint-disable-next-line soluble-layer -- public data\n$&');

let folder: string;
const write = (name: string, content: string | Uint8Array) => {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
};

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'leaklint-cli-'));
  write('src/leaky.ts', leaky);
  write('src/accepted.ts', accepted);
  write('src/plain.ts', 'export const answer = 42;\n');
  write('src/package.json', '{"name": "x"}');
  write('src/node_modules/x/leaky.js', leaky);
  write(
    'configured/leaklint.json',
    '{"rules": {"soluble-layer": "off", "identifiable-input": "off"}, "exclude": ["old"]}',
  );
  write('configured/leaky.ts', leaky);
  write('configured/old/leaky.ts', leaky);
  write('faulty/leaklint.json', '{\n  "rule": {}\n}');
  write('faulty/leaky.ts', leaky);
  write('empty/readme.md', 'nothing here');
  write('latin.ts', new Uint8Array([0x74, 0x66, 0xe9]));
  write('data.json', '{"a": 1}');
});
afterAll(() => rmSync(folder, { recursive: true }));

const leaklint = (...args: string[]) => runIn(folder, args);

async function checkJson(...args: string[]) {
  const { stdout, ...rest } = await leaklint('check', '--format', 'json', ...args);
  return { ...rest, report: JSON.parse(stdout) as CheckJson };
}

/** [arguments, exit code] */
const codes: [string[], number][] = [
  [['src/accepted.ts'], 0],
  [['src/leaky.ts'], 1],
  [['src/leaky.ts', '--max-warnings', '2'], 0],
  [['src/leaky.ts', '--max-warnings', '1'], 1],
  [['src/leaky.ts', '--rule', 'soluble-layer=error', '--max-warnings', '9'], 1],
  [['src/leaky.ts', '--rule', 'soluble-layer=info', '--rule', 'identifiable-input=off'], 0],
  [['src/plain.ts'], 0],
  [['empty'], 0],
  [['configured'], 0],
  [['configured/old/leaky.ts'], 0],
  [['latin.ts'], 1],
  [['src', '--config', 'configured/leaklint.json'], 0],
  [['missing.ts'], 2],
  [['faulty'], 2],
  [['src', '--config', 'missing.json'], 2],
  [['src', '--output', 'no/such/folder/report.txt'], 2],
  [['src', '--format', 'xml'], 2],
  [['src', '--rule', 'soluble-layer=loud'], 2],
  [['src', '--rule', 'solvable-layer=off'], 2],
  [['src', '--rule', 'read-error=off'], 2],
  [['src', '--max-warnings', 'many'], 2],
  [['src', '--exact-budget', '-1'], 2],
  [['src', '--unheard-of'], 2],
  [[], 2],
];

describe('leaklint check', () => {
  it.each(codes)('%j ends with exit code %i', async (args, code) => {
    const result = await leaklint('check', ...args);
    expect(result.code, result.log).toBe(code);
    // Failures explain themselves on the log and leave the report empty.
    if (code === 2) expect([result.stdout, result.log.length > 20]).toEqual(['', true]);
  });

  it('finds model files in folders, and only those', async () => {
    const { report } = await checkJson('src');
    expect(report.files.map(file => file.path)).toEqual(['src/accepted.ts', 'src/leaky.ts']);
    const { report: configured } = await checkJson('configured');
    expect(configured.files.map(file => file.path)).toEqual(['configured/leaky.ts']);
    const { report: twice } = await checkJson('src', 'src/leaky.ts', './src/../src/leaky.ts');
    expect(twice.files).toHaveLength(2);
  });

  it('reports figures and findings of every file', async () => {
    const { report } = await checkJson('src/leaky.ts');
    expect(report.files[0]?.models[0]?.layers[0]).toMatchObject({
      op: 'conv2d',
      unknowns: 64,
      rows: { weights: 144, gradients: 36 },
      rank: { weights: 64, gradients: 36, system: 64 },
      verdict: 'soluble',
    });
    expect(report.files[0]?.findings.map(finding => [finding.ruleId, finding.range?.start.line])).toEqual([
      ['identifiable-input', 1],
      ['soluble-layer', 2],
      ['dense-input-exposed', 4],
    ]);
  });

  it('keeps accepted findings apart, with their reason', async () => {
    const { report } = await checkJson('src/accepted.ts');
    expect(report.files[0]?.suppressed.map(finding => [finding.ruleId, finding.reason, finding.by])).toEqual([
      ['identifiable-input', 'public data', 'comment'],
      ['soluble-layer', 'public data', 'comment'],
    ]);
  });

  it('checks what is named even if it looks like nothing, and says where there is no model', async () => {
    const { report, log } = await checkJson('data.json', 'latin.ts', 'src/leaky.ts');
    expect(report.files.map(file => file.errors[0]?.message)).toEqual([
      undefined,
      expect.stringContaining('save it as UTF-8'),
      undefined,
    ]);
    expect(log).toBe('leaklint: no model found in data.json.');
    expect((await leaklint('check', 'empty')).log).toBe('leaklint: no model found in empty.');
  });

  it('says with line and column what is wrong with a configuration', async () => {
    const { log } = await leaklint('check', 'faulty');
    expect(log).toContain(`${path.join('faulty', 'leaklint.json')}:2:3: The configuration has no key 'rule'`);
  });

  it('mentions ignores that accept nothing any more', async () => {
    write('idle/leaky.ts', leaky);
    const ignore = { path: '*.ts', rule: 'soluble-layer', reason: 'r' };
    write(
      'idle/leaklint.json',
      JSON.stringify({ ignores: [ignore, { ...ignore, layer: 'gone' }, { ...ignore, path: 'x.ts' }] }),
    );
    const { log } = await leaklint('check', 'idle');
    expect(log).toContain('ignores[1] (soluble-layer in *.ts) accepts nothing any more');
    expect(log).not.toMatch(/ignores\[[02]\]/);
  });

  it.each(['text', 'json', 'sarif', 'github'])(
    'writes a %s report to standard output or to a file, the same',
    async format => {
      const { stdout } = await leaklint('check', 'src', '--format', format);
      expect(stdout).toContain('soluble-layer');
      const toFile = await leaklint('check', 'src', '--format', format, '-o', `report.${format}`);
      expect(toFile.stdout).toBe('');
      expect(await readFile(path.join(folder, `report.${format}`), 'utf8')).toBe(stdout);
    },
  );
});

describe('other commands', () => {
  it('list the rules and print their pages', async () => {
    const { stdout, code } = await leaklint('rules');
    expect(code).toBe(0);
    expect(stdout).toContain('identifiable-input: threshold = 0.1 (0 to 1)');
    const page = await leaklint('explain', 'soluble-layer');
    expect(page.stdout).toBe(await readFile(path.join(repository, 'docs/rules/soluble-layer.md'), 'utf8'));
  });

  it('explain what is wrong with their use', async () => {
    expect(await leaklint('explain', 'soluble-layr')).toMatchObject({
      code: 2,
      log: expect.stringContaining("did you mean 'soluble-layer'?"),
    });
    expect((await leaklint('chek', 'src')).log).toContain('Did you mean check?');
    expect((await leaklint()).code).toBe(2);
  });

  it('print help and version to standard output', async () => {
    expect(await leaklint('--version')).toMatchObject({
      code: 0,
      log: '',
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(await leaklint('check', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Exit code: 0 clean'),
    });
  });

  it('tell of a reader that went away without a stack trace', async () => {
    const log: string[] = [];
    const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const code = await runCommand(['rules'], {
      root: repository,
      cwd: folder,
      colours: false,
      write: () => Promise.reject(closed),
      log: line => log.push(line),
      progress: () => {},
    });
    expect([code, log]).toEqual([2, [expect.stringContaining('cut off')]]);
  });
});
