/** Outline, workspace symbols, inlay hints and the requests of the tree view, as a client sees them. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DocumentSymbol, InlayHint, Range, WorkspaceSymbol } from 'vscode-languageserver-protocol';
import { URI } from 'vscode-uri';
import type { LayersResult, ModelFile, ModelsResult } from '../../server/protocol.ts';
import { startClient, type TestClient } from './harness.ts';

const importTf = "import * as tf from '@tensorflow/tfjs';\n";
const small = `${importTf}export const small = tf.sequential({ layers: [tf.layers.dense({ inputShape: [20], units: 4 })] });\n`;
const cnn = `${importTf}
export function makeModel() {
  const model = tf.sequential({ name: 'cnn' });
  model.add(tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 6, kernelSize: 3, activation: 'tanh' }));
  for (let i = 0; i < 2; i++) model.add(tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: 'tanh' }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10 }));
  return model;
}
`;
const onnx = path.resolve(import.meta.dirname, '../fixtures/onnx/paper/LeNet.onnx');

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-symbols-')));
const uriOf = (name: string) => URI.file(path.join(folder, name)).toString();
const write = (name: string, content: string | Uint8Array) => {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
};

let client: TestClient;
beforeAll(async () => {
  write('src/small.ts', small);
  write('src/cnn.js', cnn);
  write('src/plain.ts', 'export const tf = 1;\n');
  write('models/lenet.onnx', fs.readFileSync(onnx));
  write('models/broken.onnx', 'no protobuf');
  write('node_modules/other/model.ts', small);
  write('legacy/old.ts', small);
  write('leaklint.json', '{ "exclude": ["legacy"] }');
  client = await startClient({
    folders: [URI.file(folder).toString()],
    settings: { inlayHints: { outputShapes: true } },
  });
});
afterAll(async () => {
  await client.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const ask = <T>(method: string, params: object) => client.connection.sendRequest<T>(method, params);
const before = (a: Range['start'], b: Range['start']) =>
  a.line < b.line || (a.line === b.line && a.character <= b.character);
const holds = (outer: Range, inner: Range) => before(outer.start, inner.start) && before(inner.end, outer.end);

describe('outline', () => {
  const uri = uriOf('src/cnn.js');
  let symbols: DocumentSymbol[];
  beforeAll(async () => {
    client.open(uri, 'javascript', cnn);
    symbols = await ask('textDocument/documentSymbol', { textDocument: { uri } });
  });

  test('lists models, and in them layers with operator and output shape', () => {
    expect(symbols.map(({ name }) => name)).toEqual(['cnn']);
    expect(symbols[0]?.detail).toMatch(/^r [=≈] \d+ of 3072 .* · c\(M\) = /);
    expect(symbols[0]?.children?.map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      'conv2d_1: conv2d · [30, 30, 6]',
      'conv2d_2: conv2d · [14, 14, 4]',
      'conv2d_3: conv2d · [6, 6, 4]',
      'flatten_1: flatten · [144]',
      'dense_1: dense · [10]',
    ]);
  });

  test('has ranges that lie in each other', () => {
    const [model] = symbols;
    expect(model && holds(model.range, model.selectionRange)).toBe(true);
    for (const layer of model?.children ?? []) {
      expect(holds(layer.range, layer.selectionRange)).toBe(true);
      expect(model && holds(model.range, layer.range)).toBe(true);
    }
  });

  test('of ONNX text lists its nodes', async () => {
    const text = `<ir_version: 8, opset_import: ["" : 17]>
tiny (float[1, 3, 8, 8] x, float[4, 3, 3, 3] w) => (float[1, 4, 6, 6] y) {
  [first] h = Conv (x, w)
  y = Tanh (h)
}
`;
    const uri = uriOf('tiny.onnxtxt');
    client.open(uri, 'onnx-text', text);
    const [model] = await ask<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument: { uri } });
    const nodes = (model?.children ?? []).filter(({ detail }) => /^(Conv|Tanh) /.test(detail ?? ''));
    expect(nodes.map(({ detail, selectionRange }) => `${selectionRange.start.line} ${detail}`)).toEqual([
      '2 Conv · [4, 6, 6]',
      '3 Tanh · [4, 6, 6]',
    ]);
    for (const { range } of nodes) expect(model && holds(model.range, range)).toBe(true);
  });

  test('of a file without models is empty', async () => {
    const plain = uriOf('src/plain.ts');
    client.open(plain, 'typescript', 'export const tf = 1;\n');
    expect(await ask('textDocument/documentSymbol', { textDocument: { uri: plain } })).toEqual([]);
  });
});

describe('inlay hints', () => {
  const everything = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
  const hints = (uri: string, range: Range) =>
    ask<InlayHint[]>('textDocument/inlayHint', { textDocument: { uri }, range });

  test('give the output shape at the end of each call, and every shape of a loop', async () => {
    const uri = uriOf('hints.js');
    client.open(uri, 'javascript', cnn);
    const shown = (await hints(uri, everything)).map(({ position, label }) => `${position.line} ${label}`);
    expect(shown).toEqual(['4 → [30, 30, 6]', '5 → [14, 14, 4] | [6, 6, 4]', '6 → [144]', '7 → [10]']);
  });

  test('are given for the lines that are asked for', async () => {
    const uri = uriOf('hints.js');
    const line = { start: { line: 6, character: 0 }, end: { line: 7, character: 0 } };
    expect((await hints(uri, line)).map(({ label }) => label)).toEqual(['→ [144]']);
  });

  test('are off unless they are asked for', async () => {
    const other = await startClient({ folders: [] });
    const uri = uriOf('off.js');
    other.open(uri, 'javascript', cnn);
    expect(
      await other.connection.sendRequest('textDocument/inlayHint', { textDocument: { uri }, range: everything }),
    ).toEqual([]);
    await other.stop();
  });
});

describe('workspace symbols', () => {
  const symbols = (query: string) => ask<WorkspaceSymbol[]>('workspace/symbol', { query });
  const fileOf = ({ location }: WorkspaceSymbol) => path.relative(folder, URI.parse(location.uri).fsPath);

  test('`leak` finds every model, the leakiest first; dependencies and excluded folders are left out', async () => {
    const found = await symbols('leak');
    expect(found.map(fileOf).sort()).toEqual(['models/lenet.onnx', 'src/cnn.js', 'src/small.ts']);
    expect(found.map(({ name }) => name)).toEqual([
      'lenet: leaks 3072 of 3072 (100.0 %)',
      'small: leaks 20 of 20 (100.0 %)',
      expect.stringMatching(/^cnn: leaks (≈ )?\d+ of 3072/),
    ]);
    expect(found.map(({ containerName }) => containerName)[0]).toBe('c(M) = 0');
  });

  test('a name finds its model', async () => {
    expect((await symbols('smal')).map(fileOf)).toEqual(['src/small.ts']);
    expect(await symbols('no such model')).toEqual([]);
  });

  test('stand where the model is made', async () => {
    const [found] = await symbols('small');
    expect(found?.location).toMatchObject({ range: { start: { line: 1, character: 24 } } });
  });

  test('an unsaved change counts', async () => {
    const uri = uriOf('src/small.ts');
    client.open(uri, 'typescript', small.replaceAll('small', 'renamed'));
    await client.diagnostics(uri, 1);
    expect((await symbols('renamed')).map(fileOf)).toEqual(['src/small.ts']);
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  });
});

describe('the tree view', () => {
  const list = () => ask<ModelsResult>('leaklint/models', {});
  const names = ({ files }: ModelsResult) =>
    files.map(({ uri, models }) => `${path.basename(uri)}: ${models?.map(model => model.name).join(', ')}`);

  test('lists files with models, and files that should hold some', async () => {
    await expect.poll(async () => (await list()).note, { timeout: 20_000 }).toBe('');
    const result = await list();
    expect(names(result)).toEqual(['broken.onnx: ', 'lenet.onnx: lenet', 'cnn.js: cnn', 'small.ts: small']);
    expect(result.files[0]?.failure).toMatch(/\w/);
    expect(result.files[3]?.models?.[0]).toMatchObject({ leak: '20 of 20 (100.0 %)', fraction: 1 });
  });

  test('unfolds a model into layers with verdicts and places', async () => {
    const { layers, more } = await ask<LayersResult>('leaklint/models/layers', { uri: uriOf('src/cnn.js'), model: 0 });
    expect(more).toBe(0);
    const conv = layers.find(layer => layer.name === 'conv2d_1');
    expect(conv).toMatchObject({ detail: 'conv2d · [30, 30, 6]', verdict: 'soluble', range: { start: { line: 4 } } });
    expect(conv?.headline).toMatch(/^Soluble: /);
    expect(layers.find(layer => layer.name === 'flatten_1')?.verdict).toBeUndefined();
  });

  test('follows files that change, come and go', async () => {
    write('src/small.ts', small.replaceAll('small', 'changed'));
    write('src/new.mjs', small.replaceAll('small', 'fresh'));
    fs.rmSync(path.join(folder, 'src/cnn.js'));
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri: uriOf('src/cnn.js') } });
    await expect
      .poll(async () => names(await list()).slice(2), { timeout: 20_000 })
      .toEqual(['new.mjs: fresh', 'small.ts: changed']);
  });

  test('follows files that model code imports', async () => {
    write('src/sizes.ts', 'export const units = 4;\n');
    write(
      'src/importer.ts',
      `import { units } from './sizes';\n${small.replace('units: 4', 'units').replaceAll('small', 'importer')}`,
    );
    const detail = async () => {
      const { layers } = await ask<LayersResult>('leaklint/models/layers', { uri: uriOf('src/importer.ts'), model: 0 });
      return layers.at(-1)?.detail;
    };
    expect(await detail()).toBe('dense · [4]');
    write('src/sizes.ts', 'export const units = 12;\n');
    expect(await detail()).toBe('dense · [12]');
  });

  test('has an answer for a file that is gone', async () => {
    const file = await ask<ModelFile>('leaklint/models/file', { uri: uriOf('gone.ts') });
    expect(file).toMatchObject({ models: [], failure: 'There is no such file any more.' });
    expect(await ask('leaklint/models/layers', { uri: uriOf('gone.ts'), model: 3 })).toEqual({ layers: [], more: 0 });
  });

  test('shows the layer report of a file that no editor holds open', async () => {
    const { text } = await ask<{ text: string }>('leaklint/report', { uri: uriOf('models/lenet.onnx') });
    expect(text).toContain('lenet (onnx)');
  });
});
