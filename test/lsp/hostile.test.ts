/** What a file holds, or what happens to it, never takes the server down. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { URI } from 'vscode-uri';
import { startClient, type TestClient } from './harness.ts';

let client: TestClient;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-lsp-'));
const uriOf = (name: string) => URI.file(path.join(folder, name)).toString();
const small = `import * as tf from '@tensorflow/tfjs';
export const m = tf.sequential({ layers: [tf.layers.dense({ inputShape: [20], units: 4 })] });`;

beforeAll(async () => {
  client = await startClient({ folders: [URI.file(folder).toString()] });
});
afterAll(async () => {
  await client.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const importTf = "import * as tf from '@tensorflow/tfjs';\n";
const cases: readonly { name: string; file: string; language: string; text: string }[] = [
  {
    name: 'ten thousand layers',
    file: 'deep.js',
    language: 'javascript',
    text: `${importTf}const m = tf.sequential();\nfor (let i = 0; i < 10000; i++) m.add(tf.layers.dense({ inputShape: [8], units: 8 }));`,
  },
  {
    name: 'deep nesting',
    file: 'nested.js',
    language: 'javascript',
    text: `${importTf}const x = ${'('.repeat(20_000)}1${')'.repeat(20_000)};`,
  },
  { name: 'a JSON bomb', file: 'model.json', language: 'json', text: `{"modelTopology":${'['.repeat(100_000)}` },
  {
    name: 'a dimension of 2^40',
    file: 'huge.js',
    language: 'javascript',
    text: `${importTf}tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [1099511627776, 1099511627776, 3], filters: 1099511627776, kernelSize: 3 })] });`,
  },
  {
    name: 'negative dimensions',
    file: 'negative.js',
    language: 'javascript',
    text: `${importTf}tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [-5, 0, 3], filters: -2, kernelSize: -3, strides: 0 })] });`,
  },
  {
    name: 'exponential growth',
    file: 'doubling.js',
    language: 'javascript',
    text: `${importTf}let s = 'x'; for (let i = 0; i < 200; i++) s = s + s; let a = [1]; for (let i = 0; i < 200; i++) a = [...a, ...a]; tf.layers.dense({ units: a.length });`,
  },
  {
    name: 'endless recursion',
    file: 'recursion.ts',
    language: 'typescript',
    text: `${importTf}function f(n: number): number { return f(n + 1) + f(n + 2); }\nexport const m = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: f(0) })] });`,
  },
  {
    name: 'bytes that are no text',
    file: 'binary.ts',
    language: 'typescript',
    text: `${importTf}${String.fromCharCode(...Array.from({ length: 5000 }, (_, i) => (i * 7919) % 65_536))}`,
  },
];

test.each(cases)('$name: the server answers and lives', async ({ file, language, text }) => {
  const uri = uriOf(file);
  client.open(uri, language, text);
  await client.diagnostics(uri, 1);
  const after = uriOf(`after-${file}.ts`);
  client.open(after, 'typescript', small);
  expect((await client.diagnostics(after, 1)).map(d => d.code)).toContain('dense-input-exposed');
  expect(client.process.exitCode).toBeNull();
});

test('a file that is deleted while it is open keeps its findings', async () => {
  const file = path.join(folder, 'deleted.ts');
  fs.writeFileSync(file, small);
  const uri = URI.file(file).toString();
  client.open(uri, 'typescript', small);
  await client.diagnostics(uri, 1);
  fs.rmSync(file);
  client.change(uri, 2, `${small}\n`);
  expect((await client.diagnostics(uri, 2)).length).toBeGreaterThan(0);
});

test('messages that make no sense are refused, not fatal', async () => {
  const ask = (method: string, params: object) => client.connection.sendRequest(method, params).catch(() => null);
  await ask('textDocument/hover', { textDocument: { uri: 'nowhere:' }, position: { line: 9e9, character: -1 } });
  await ask('textDocument/codeLens', { textDocument: { uri: '' } });
  await ask('leaklint/report', { uri: 'file:///not/there.ts' });
  await ask('leaklint/attack/models', { uri: 'file:///not/there.onnx' });
  expect(await ask('leaklint/debug', {})).toMatchObject({ workerRestarts: 0 });
});
