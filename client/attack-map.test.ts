import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { VerifyParams, VerifyProgressParams } from '../server/protocol.ts';
import { newRun } from '../src-attack/process/run-state.ts';
import type { VerifyReport } from '../src-attack/process/verify-protocol.ts';
import { createMapMeasurement, type MapPanel, restoredMap } from './attack-map.ts';
import type { MapState } from './webview/attack/messages.ts';

const predicted = { rank: 4, basis: 'law', text: 'r = 4 of 4' };
const report: VerifyReport = { model: 'net', predicted, unknowns: 4, equations: 9, whole: null, twin: null };

/** A server that answers when the test says so. */
function fakeServer() {
  let tell: (progress: VerifyProgressParams) => void = () => {};
  let asked: VerifyParams | undefined;
  let settle: { resolve: (report: VerifyReport) => void; reject: (error: Error) => void } | undefined;
  const client = {
    onNotification: (_: string, listener: typeof tell) => {
      tell = listener;
      return { dispose: () => {} };
    },
    sendRequest: (_: string, params: VerifyParams, token: CancellationToken) => {
      asked = params;
      return new Promise<VerifyReport>((resolve, reject) => {
        settle = { resolve, reject };
        token.onCancellationRequested(() => reject(new Error('cancelled')));
      });
    },
  };
  return {
    client: client as unknown as LanguageClient,
    asked: () => asked,
    tell: (rank: number) => tell({ id: asked!.id, what: 'model', rank, most: 4, secondsLeft: null }),
    answer: () => settle?.resolve(report),
    fail: (message: string) => settle?.reject(new Error(message)),
  };
}

const source = { kind: 'image', paths: ['a.png', 'b.png'] } as const;
const spec = {
  model: { path: 'm.ts' },
  source,
  labels: [1, 2],
  methods: [],
  seed: 7,
  engine: 'auto',
  preprocess: 'x/255',
};

let server: ReturnType<typeof fakeServer>;
let panel: MapPanel;
let seen: (MapState | null)[];
let map: ReturnType<typeof createMapMeasurement>;
beforeEach(() => {
  server = fakeServer();
  panel = { model: { uri: 'file:///m.ts', name: 'net' }, run: newRun(1, spec), map: null };
  seen = [];
  map = createMapMeasurement(
    () => server.client,
    () => panel,
    next => {
      panel = { ...panel, map: next };
      seen.push(next);
    },
  );
});
afterEach(() => map.drop());

test('measures at the images of the run, tells how far it is, and shows the map', async () => {
  const done = map.start();
  expect(server.asked()).toMatchObject({
    uri: 'file:///m.ts',
    model: 'net',
    spec: { seed: 7, batch: 2, pictures: { paths: ['a.png', 'b.png'], labels: [1, 2], preprocess: 'x/255' } },
  });
  server.tell(2);
  expect(panel.map).toMatchObject({ status: 'running', share: 0.5, message: 'rank 2 so far, at most 4' });
  server.answer();
  await done;
  expect(panel.map).toMatchObject({ status: 'done', shown: true, report: { model: 'net' } });
  map.shown(false);
  expect(panel.map).toMatchObject({ status: 'done', shown: false });
});

test('can be cancelled and asked for again', async () => {
  const cancelled = map.start();
  map.cancel();
  await cancelled;
  expect(panel.map).toMatchObject({ status: 'stopped', message: 'Measuring was cancelled.', report: null });
  const again = map.start();
  server.answer();
  await again;
  expect(panel.map?.status).toBe('done');
});

test('says why it failed', async () => {
  const done = map.start();
  server.fail('no memory');
  await done;
  expect(panel.map).toMatchObject({ status: 'failed', message: 'no memory' });
});

test('what comes after it was dropped is not shown', async () => {
  const done = map.start();
  map.drop();
  server.tell(3);
  server.answer();
  await done;
  expect(panel.map).toBeNull();
  expect(seen.at(-1)).toBeNull();
});

test('a captured gradient has no images to measure at', async () => {
  panel = { ...panel, run: newRun(1, { ...spec, source: { kind: 'gradient', path: 'g.npz' } }) };
  await map.start();
  expect(server.asked()).toBeUndefined();
  expect(seen).toEqual([]);
});

test('a reload ends what was running and keeps what was done', () => {
  const done: MapState = { status: 'done', message: '', share: 1, report, shown: true };
  expect(restoredMap(done)).toBe(done);
  expect(restoredMap({ ...done, status: 'running', report: null })).toMatchObject({ status: 'stopped', shown: false });
  expect(restoredMap(undefined)).toBeNull();
});
