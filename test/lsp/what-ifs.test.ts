/** Verified what-ifs as quick fixes, and the search for combinations, as a client sees them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  CodeAction,
  CodeActionContext,
  CodeLens,
  Diagnostic,
  Range,
  TextEdit,
} from 'vscode-languageserver-protocol';
import { CancellationTokenSource } from 'vscode-languageserver-protocol/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { HardenResult } from '../../server/protocol.ts';
import { startClient, type TestClient } from './harness.ts';

const code = `import * as tf from '@tensorflow/tfjs';

const model = tf.sequential({ name: 'digits' });
model.add(tf.layers.conv2d({ inputShape: [16, 16, 1], filters: 8, kernelSize: 5, strides: 2, activation: 'tanh' }));
model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'tanh' }));
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: 10 }));
`;
const uri = 'untitled:digits.ts';
const at = (line: number, character: number): Range => ({
  start: { line, character },
  end: { line, character },
});
const firstConv = at(3, 22);

let client: TestClient;
let diagnostics: Diagnostic[];
beforeAll(async () => {
  client = await startClient();
  client.open(uri, 'typescript', code);
  diagnostics = await client.diagnostics(uri, 1, found => found.length > 0);
});
afterAll(() => client.stop());

const actions = (range: Range, context: Partial<CodeActionContext> = {}, document = uri) =>
  client.connection.sendRequest<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri: document },
    range,
    context: { diagnostics: [], ...context },
  });
const isWhatIf = ({ title }: CodeAction) => title.includes(' → ');

/** Asks until there are what-ifs: a busy machine may find none in the time that the server gives itself. */
async function whatIfs(...asked: Parameters<typeof actions>): Promise<CodeAction[]> {
  for (;;) {
    const found = (await actions(...asked)).filter(isWhatIf);
    if (found.length > 0) return found;
  }
}

async function hardening(): Promise<HardenResult> {
  for (;;) {
    const params = { uri, model: 'digits' };
    const result = await client.connection.sendRequest<HardenResult>('leaklint/harden', params);
    if (result.rows.length > 0) return result;
  }
}
const applied = (edits: TextEdit[]) => TextDocument.applyEdits(TextDocument.create(uri, '', 1, code), edits);

/** r of n as the lens of a text says it, when exact elimination has nothing to add any more. */
async function lensOf(text: string, name: string): Promise<string> {
  const other = `untitled:${name}.ts`;
  client.open(other, 'typescript', text);
  await client.diagnostics(other, 1);
  while (client.status.findLast(({ uri }) => uri === other)?.busy !== false) await sleep(50);
  const [lens] = await client.connection.sendRequest<CodeLens[]>('textDocument/codeLens', {
    textDocument: { uri: other },
  });
  return lens?.command?.title ?? '';
}

/** Per cent of n. */
const shareIn = (lens: string) => Number(/\(([\d.]+) %/.exec(lens)?.[1]);

describe('what-ifs', () => {
  test('say in their title what the edited code’s lens says', async () => {
    const offered = await whatIfs(firstConv);
    expect(offered.length).toBeLessThanOrEqual(5);
    for (const [index, action] of offered.entries()) {
      const [, from, to] = /r falls from (?:about )?([\d.]+) % to (?:about )?([\d.]+) %/.exec(action.title) ?? [];
      expect(Number(to)).toBeLessThan(Number(from));
      const lens = await lensOf(applied(action.edit?.changes?.[uri] ?? []), `edited-${index}`);
      expect(Math.abs(shareIn(lens) - Number(to))).toBeLessThanOrEqual(0.5);
    }
  });

  test('are settled by exact elimination, as the lenses before and after are', async () => {
    // The law is an estimate here; of two filters, normalised, nothing is left.
    const layers = code
      .replace('[16, 16, 1], filters: 8, kernelSize: 5', '[20, 20, 1], filters: 3, kernelSize: 3')
      .replace('model.add(tf.layers.conv2d({ filters: 8', 'model.add(tf.layers.layerNormalization({}));\n$&');
    const other = 'untitled:normalised.ts';
    const before = await lensOf(layers, 'normalised');
    let offered = await whatIfs(firstConv, {}, other);
    while (offered.some(({ title }) => title.includes('to about') && !title.includes('activation'))) {
      await sleep(100);
      offered = await whatIfs(firstConv, {}, other);
    }
    const fewer = offered.find(({ title }) => title.startsWith('filters: 2 '));
    const [, from, to] = /r falls from ([\d.]+) % to ([\d.]+) %/.exec(fewer?.title ?? '') ?? [];
    expect(Math.abs(shareIn(before) - Number(from))).toBeLessThanOrEqual(0.5);
    const edits = fewer?.edit?.changes?.[other] ?? [];
    const after = await lensOf(TextDocument.applyEdits(TextDocument.create(other, '', 1, layers), edits), 'fewer');
    expect(shareIn(after)).toBe(Number(to));
  });

  test('belong to the diagnostics of their place', async () => {
    const ours = diagnostics.filter(diagnostic => diagnostic.range.start.line === 3);
    expect(ours.length).toBeGreaterThan(0);
    const [first] = await whatIfs(firstConv, { diagnostics: ours });
    expect(first?.diagnostics?.map(({ code }) => code)).toEqual(ours.map(({ code }) => code));
  });

  test('on the model name the layer that they change', async () => {
    const [first] = await whatIfs(at(2, 20));
    expect(first?.title).toMatch(/^conv2d_\d /);
  });

  test('on a batch size say how much of the batch a larger one leaves', async () => {
    const other = 'untitled:batches.ts';
    const fit = 'await model.fit(xs, ys, { epochs: 3, batchSize: 4 });\n';
    client.open(other, 'typescript', `${code}${fit}`);
    await client.diagnostics(other, 1);
    const [first] = await whatIfs(at(7, fit.indexOf('batchSize') + 2), {}, other);
    expect(first?.title).toMatch(
      /^batchSize: 8 → a step’s gradient fixes (about )?[\d.]+ % of its batch instead of (about )?[\d.]+ %/,
    );
    const [edit] = first?.edit?.changes?.[other] ?? [];
    expect(edit).toMatchObject({ newText: '8', range: { start: { line: 7, character: fit.indexOf('4 }') } } });
  });

  test('are not computed for what runs on saving, nor away from layers', async () => {
    expect((await actions(firstConv, { only: ['source.fixAll'] })).filter(isWhatIf)).toEqual([]);
    expect((await actions(at(0, 3))).filter(isWhatIf)).toEqual([]);
  });
});

test('a call that makes many layers has each action once', async () => {
  const other = 'untitled:many.ts';
  const loop = 'for (let i = 0; i < 9; i++) model.add(tf.layers.dense({ units: 8 }));';
  client.open(other, 'typescript', code.replace('model.add(tf.layers.dense({ units: 10 }));', loop));
  await client.diagnostics(other, 1);
  const offered = await actions(at(6, loop.indexOf('dense') + 2), {}, other);
  const titles = offered.map(({ title }) => title);
  expect(titles.length).toBeGreaterThan(1);
  expect(new Set(titles).size).toBe(titles.length);
});

describe('hardening', () => {
  test('is offered beside the what-ifs', async () => {
    const offer = (await actions(firstConv)).find(({ title }) => title.startsWith('Suggest hardening'));
    expect(offer?.command).toMatchObject({
      command: 'leaklint.suggestHardening',
      arguments: [{ uri, model: 'digits' }],
    });
  });

  test('gives a table whose edits do what it says', async () => {
    const result = await hardening();
    expect(result).toMatchObject({ model: 'digits', version: 1 });
    expect(result.note).toMatch(/^\d+ combinations analysed/);
    const [best] = result.rows;
    const to = Number(/→ (?:≈ )?([\d.]+) %/.exec(best?.leak ?? '')?.[1]);
    const lens = await lensOf(applied([...(best?.edits ?? [])]), 'hardened');
    expect(Math.abs(shareIn(lens) - to)).toBeLessThanOrEqual(0.5);
  });

  test('can be cancelled, and the next question is answered', async () => {
    const other = 'untitled:cancelled.ts';
    client.open(other, 'typescript', code.replaceAll('16, 16', '48, 48'));
    await client.diagnostics(other, 1);
    const source = new CancellationTokenSource();
    setTimeout(() => source.cancel(), 100);
    const cancelled = client.connection.sendRequest<HardenResult>('leaklint/harden', { uri: other }, source.token);
    // Ten seconds of search would have found some.
    expect(await cancelled).toMatchObject({ rows: [] });
    expect(await whatIfs(firstConv)).not.toEqual([]);
  });

  test('has no answer for what is no open model', async () => {
    expect(await client.connection.sendRequest('leaklint/harden', { uri: 'untitled:gone.ts' })).toBeNull();
  });
});
