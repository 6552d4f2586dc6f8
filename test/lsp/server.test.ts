import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CodeAction,
  type CodeLens,
  type Diagnostic,
  FileChangeType,
  type Hover,
} from 'vscode-languageserver-protocol';
import { URI } from 'vscode-uri';
import { startClient, type TestClient } from './harness.ts';

const cnn3 = `import * as tf from '@tensorflow/tfjs';

const model = tf.sequential({ name: 'cnn3_c1' });
model.add(tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 6, kernelSize: 3, useBias: false, activation: 'tanh' }));
model.add(tf.layers.conv2d({ filters: 3, kernelSize: 4, strides: 2, useBias: false, activation: 'tanh' }));
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: 10 }));
`;
const conv1 = { line: 3, character: 22 };

let client: TestClient;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leaklint-lsp-'));

beforeAll(async () => {
  client = await startClient({ folders: [URI.file(folder).toString()], ruleUriBase: 'test://rules/' });
});
afterAll(async () => {
  await client.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** For a machine with other work to do. */
const patient = { timeout: 30_000 };

const uriOf = (name: string) => URI.file(path.join(folder, name)).toString();
const hover = async (uri: string, position: { line: number; character: number }) => {
  const answer = await client.connection.sendRequest<Hover | null>('textDocument/hover', {
    textDocument: { uri },
    position,
  });
  return answer ? (answer.contents as { value: string }).value : null;
};
const lenses = (uri: string) =>
  client.connection.sendRequest<CodeLens[]>('textDocument/codeLens', { textDocument: { uri } });

describe('tfjs code that is open and unsaved', () => {
  const uri = uriOf('model.ts');
  beforeAll(() => client.open(uri, 'typescript', cnn3));

  test('gets warnings on the layer’s name with a linked rule id', async () => {
    const diagnostics = await client.diagnostics(uri, 1, found => found.length > 0);
    const soluble = diagnostics.find(d => d.code === 'soluble-layer');
    expect(soluble).toMatchObject({
      range: { start: { line: 3, character: 20 }, end: { line: 3, character: 26 } },
      source: 'leaklint',
      codeDescription: { href: 'test://rules/soluble-layer' },
    });
    expect(diagnostics.map(d => d.code)).toContain('identifiable-input');
  });

  test('has a hover with the figures of the layer', async () => {
    const text = await hover(uri, conv1);
    expect(text).toContain('Soluble');
    expect(text).toContain('5400, **3072**');
    expect(text).toContain('162, **162**');
    expect(text).toContain('[32, 32, 3] → [30, 30, 6]');
  });

  test('has a hover on the model with r of n', async () => {
    const text = await hover(uri, { line: 2, character: 20 });
    expect(text).toContain('1029 of 3072');
    expect(text).toContain('c(M) = −2266');
  });

  test('has no hover elsewhere', async () => {
    expect(await hover(uri, { line: 0, character: 3 })).toBeNull();
  });

  test('has a lens with c(M), r of n and the layer that decides', async () => {
    const [lens] = await lenses(uri);
    expect(lens?.command?.title).toContain('r = 1029 of 3072 (33.5 %)');
    expect(lens?.command?.title).toContain('c(M) = −2266');
    expect(lens?.command?.command).toBe('leaklint.showLayerReport');
  });

  test('offers to suppress and to explain, and the suppression works', async () => {
    const diagnostics = await client.diagnostics(uri, 1, found => found.length > 0);
    const soluble = diagnostics.find(d => d.code === 'soluble-layer')!;
    const actions = await client.connection.sendRequest<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri },
      range: soluble.range,
      context: { diagnostics: [soluble] },
    });
    expect(actions.map(action => action.title)).toContain('Explain soluble-layer');
    const edit = actions.find(action => action.title.startsWith('Suppress soluble-layer'))?.edit?.changes?.[uri]?.[0];
    expect(edit?.newText).toBe('// leaklint-disable-next-line soluble-layer\n');
    const lines = cnn3.split('\n');
    lines.splice(edit!.range.start.line, 0, edit!.newText.trimEnd());
    client.change(uri, 2, lines.join('\n'));
    const after = await client.diagnostics(uri, 2);
    expect(after.filter(d => d.code === 'soluble-layer' && d.range.start.line === 4)).toEqual([]);
    expect(after.map(d => d.code)).toContain('identifiable-input');
  });

  test('reports its status and its layers as text', async () => {
    await expect.poll(() => client.status.findLast(s => s.uri === uri)?.text, patient).toContain('r = 1029 of 3072');
    const { text } = await client.connection.sendRequest<{ text: string }>('leaklint/report', { uri });
    expect(text).toContain('cnn3_c1');
    expect(text).toContain('1029');
  });
});

describe('code in several files', () => {
  const opening = "import * as tf from '@tensorflow/tfjs';\n";

  test('is read with what it imports, and again when that changes, saved or not', async () => {
    fs.writeFileSync(path.join(folder, 'size.js'), 'export const size = 8;\n');
    const uri = uriOf('importer.js');
    const code = `${opening}import { size } from './size';\nexport const m = tf.sequential();\nm.add(tf.layers.dense({ units: 9, inputShape: [size] }));\n`;
    client.open(uri, 'javascript', code);
    await client.diagnostics(uri, 1);
    expect(await shapesOf(uri)).toMatch(/dense +8 +9 /);
    client.open(uriOf('size.js'), 'javascript', 'export const size = 5;\n');
    client.change(uriOf('size.js'), 2, 'export const size = 6;\n');
    await expect.poll(() => shapesOf(uri), patient).toMatch(/dense +6 +9 /);
  });

  test('is read again when a file that imports it appears, changes, is typed, and goes', async () => {
    const uri = uriOf('factory.js');
    const code = `${opening}export const m = size => tf.sequential({ layers: [tf.layers.dense({ units: 9, inputShape: [size] })] });\n`;
    const importing = (size: number) => `import { m } from './factory';\nm(${size});\n`;
    const save = (name: string, text: string | undefined, type: FileChangeType) => {
      if (text === undefined) fs.unlinkSync(path.join(folder, name));
      else fs.writeFileSync(path.join(folder, name), text);
      void client.connection.sendNotification('workspace/didChangeWatchedFiles', {
        changes: [{ uri: uriOf(name), type }],
      });
    };
    client.open(uri, 'javascript', code);
    await client.diagnostics(uri, 1);
    expect(await shapesOf(uri)).toMatch(/dense +\? +9 /);
    save('user.js', importing(8), FileChangeType.Created);
    await expect.poll(() => shapesOf(uri), patient).toMatch(/dense +8 +9 /);
    save('user.js', importing(7), FileChangeType.Changed);
    await expect.poll(() => shapesOf(uri), patient).toMatch(/dense +7 +9 /);
    save('user.js', undefined, FileChangeType.Deleted);
    await expect.poll(() => shapesOf(uri), patient).toMatch(/dense +\? +9 /);
    save('page.html', '<p>', FileChangeType.Created);
    save('typed.js', '', FileChangeType.Created);
    client.open(uriOf('typed.js'), 'javascript', '');
    client.change(uriOf('typed.js'), 2, importing(6));
    await expect.poll(() => shapesOf(uri), patient).toMatch(/dense +6 +9 /);
  });

  test('is told what cannot be known by a quick fix', async () => {
    const uri = uriOf('stated.js');
    const code = `${opening}const m = tf.sequential();\n  m.add(tf.layers.dense({ units: 9, inputShape: [rows, 3] }));\n`;
    client.open(uri, 'javascript', code);
    const diagnostics = await client.diagnostics(uri, 1, found => found.some(d => d.code === 'not-covered'));
    const open = diagnostics.filter(d => d.code === 'not-covered');
    const actions = await client.connection.sendRequest<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri },
      range: open[0]!.range,
      context: { diagnostics: open },
    });
    const edit = actions.find(action => action.title.startsWith('State the input shape'))?.edit?.changes?.[uri]?.[0];
    expect(edit?.newText).toBe('  // leaklint-shape: [?, 3]\n');
    const lines = code.split('\n');
    lines.splice(edit!.range.start.line, 0, edit!.newText.trimEnd().replace('?', '4'));
    client.change(uri, 2, lines.join('\n'));
    await client.diagnostics(uri, 2);
    expect(await shapesOf(uri)).toMatch(/dense +4×3 +4×9 /);
  });

  async function shapesOf(uri: string): Promise<string> {
    return (await client.connection.sendRequest<{ text: string }>('leaklint/report', { uri })).text;
  }
});

describe('while typing', () => {
  test('half-typed code keeps its warnings and a burst of edits publishes the last version', async () => {
    const uri = uriOf('typing.js');
    client.open(uri, 'javascript', cnn3);
    await client.diagnostics(uri, 1);
    for (let version = 2; version <= 30; version++)
      client.change(uri, version, cnn3.slice(0, cnn3.length - 31 + version));
    client.change(uri, 31, cnn3.replace('strides: 2', 'strides: 1'));
    const last = await client.diagnostics(uri, 31);
    expect(last.map(d => d.code)).toContain('identifiable-input');
    const versions = client.published.filter(p => p.uri === uri).map(p => p.version);
    expect(versions).toEqual([...versions].sort((a, b) => a! - b!));
    expect(versions.length).toBeLessThan(15);
  });

  test('code that never ends under evaluation is answered and the server lives', async () => {
    const uri = uriOf('endless.ts');
    client.open(
      uri,
      'typescript',
      `import * as tf from '@tensorflow/tfjs';\nlet i = 0;\nwhile (true) { i++; }\n${cnn3}`,
    );
    await client.diagnostics(uri, 1);
    const other = uriOf('after-endless.ts');
    client.open(other, 'typescript', cnn3);
    expect((await client.diagnostics(other, 1)).length).toBeGreaterThan(0);
  });
});

describe('files come and go', () => {
  test('closing a document clears its warnings', async () => {
    const uri = uriOf('closing.ts');
    client.open(uri, 'typescript', cnn3);
    await client.diagnostics(uri, 1, found => found.length > 0);
    await client.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
    await expect
      .poll(() => client.published.findLast(p => p.uri === uri), { timeout: 10_000 })
      .toEqual({ uri, diagnostics: [] });
  });

  test('a document that exists on no disk is checked', async () => {
    const uri = 'untitled:Untitled-1.ts';
    client.open(uri, 'typescript', cnn3);
    expect((await client.diagnostics(uri, 1, found => found.length > 0)).length).toBeGreaterThan(0);
  });

  test('model.json is checked and other JSON is left alone', async () => {
    const uri = uriOf('model.json');
    client.open(uri, 'json', modelJson());
    const diagnostics = await client.diagnostics(uri, 1, found => found.length > 0);
    expect(diagnostics.map(d => d.code)).toContain('dense-input-exposed');
    const other = uriOf('package.json');
    client.open(other, 'json', '{"name": "x", "layers": [1, 2]}');
    expect(await client.diagnostics(other, 1)).toEqual([]);
  });

  test('broken model.json gives an error with a place', async () => {
    const uri = uriOf('broken/model.json');
    client.open(uri, 'json', `${modelJson().slice(0, 120)}`);
    const diagnostics = await client.diagnostics(uri, 1, found => found.length > 0);
    expect(diagnostics[0]).toMatchObject({ code: 'read-error', severity: 1 });
  });
});

test('every folder of a workspace has its own leaklint.json', async () => {
  const quiet = path.join(folder, 'quiet');
  const loud = path.join(folder, 'loud');
  for (const directory of [quiet, loud]) fs.mkdirSync(directory);
  fs.writeFileSync(path.join(quiet, 'leaklint.json'), '{ "rules": { "soluble-layer": "off" } }');
  fs.writeFileSync(path.join(loud, 'leaklint.json'), '{ "rules": { "soluble-layer": "error" } }');
  const open = async (directory: string) => {
    const uri = URI.file(path.join(directory, 'model.ts')).toString();
    client.open(uri, 'typescript', cnn3);
    return (await client.diagnostics(uri, 1, found => found.length > 0)).filter(d => d.code === 'soluble-layer');
  };
  expect(await open(quiet)).toEqual([]);
  expect((await open(loud)).map(d => d.severity)).toEqual([1]);
});

function modelJson(): string {
  return JSON.stringify(
    {
      format: 'layers-model',
      modelTopology: {
        class_name: 'Sequential',
        config: {
          name: 'net',
          layers: [
            {
              class_name: 'Dense',
              config: { name: 'first', units: 32, batch_input_shape: [null, 20], activation: 'tanh' },
            },
            { class_name: 'Dense', config: { name: 'second', units: 3, activation: 'softmax' } },
          ],
        },
      },
      weightsManifest: [],
    },
    null,
    2,
  );
}

test('an estimate of r is replaced in the background by the exact elimination of the model', async () => {
  const patientClient = await startClient({ settings: { exactElimination: { maxSeconds: 3600 } } });
  try {
    const uri = URI.file(path.join(folder, 'rectified.ts')).toString();
    const text = `import * as tf from '@tensorflow/tfjs';
export const model = tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [10, 10, 1], filters: 2, kernelSize: 3, strides: 2, activation: 'relu' }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 5, activation: 'softmax' }),
] });
`;
    patientClient.open(uri, 'typescript', text);
    const saying = (words: string) => (found: readonly Diagnostic[]) =>
      found.some(({ message }) => (typeof message === 'string' ? message : message.value).includes(words));
    await patientClient.diagnostics(uri, 1, saying('rank law'));
    await patientClient.diagnostics(uri, 1, saying('exact elimination over a finite field'));
  } finally {
    await patientClient.stop();
  }
}, 90_000);
