/** Requests of the ONNX editors: a `.onnx` file as text, and as a table of its layers. */
import * as path from 'node:path';
import type { Connection } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import type { ExactResult, ExactTask } from '../src-analysis/model/analysis.ts';
import type { createConfigs } from './configs.ts';
import type { LinterDependencies } from './linter.ts';
import type { OnnxAnswer, OnnxRequest } from './onnx-worker.ts';
import {
  type OnnxFileParams,
  type OnnxTable,
  type OnnxTextResult,
  onnxTableChangedNotification,
  onnxTableRequest,
  onnxTextRequest,
} from './protocol.ts';
import type { createSettings } from './settings.ts';
import { createWorkerJobs } from './worker-jobs.ts';

/** Reading a file of the largest size from a slow disk takes part of it. Milliseconds. */
const timeLimit = 60_000;
/** Heap of the worker thread, MiB; a file's own bytes are outside it. */
const memoryLimit = 1024;

export interface OnnxRequestsOptions {
  readonly settings: ReturnType<typeof createSettings>;
  readonly configs: ReturnType<typeof createConfigs>;
  readonly exactRanks: LinterDependencies['exactRanks'];
}

export function registerOnnxRequests(connection: Connection, { settings, configs, exactRanks }: OnnxRequestsOptions) {
  let lastFailure = '';
  const jobs = createWorkerJobs<OnnxRequest, OnnxAnswer>({
    workerPath: path.join(import.meta.dirname, 'onnx-worker.cjs'),
    timeLimit,
    memoryLimit,
    onFailure: detail => {
      lastFailure = detail;
      connection.console.error(`onnx: ${detail}`);
    },
  });
  const exact = new Map<string, ExactResult | null>();
  const stopped = new AbortController();
  const refining = new Set<string>();

  const failed = (file: string) =>
    `Leaklint did not finish reading ${path.basename(file)} (${lastFailure.split('\n')[0]}). Its layers are unknown, not safe.`;

  connection.onRequest(onnxTextRequest, async ({ uri }: OnnxFileParams): Promise<OnnxTextResult> => {
    const file = URI.parse(uri).fsPath;
    const answer = await jobs.run({ kind: 'text', file }, stopped.signal);
    return answer?.kind === 'text' ? answer : { failure: failed(file) };
  });

  connection.onRequest(onnxTableRequest, async ({ uri }: OnnxFileParams): Promise<OnnxTable> => {
    const file = URI.parse(uri).fsPath;
    const { config, configPath } = await configs.of(uri);
    const request = { kind: 'table', file, config, configPath, exact: [...exact] } as const;
    const answer = await jobs.run(request, stopped.signal);
    if (answer?.kind !== 'table') return { model: null, errors: [failed(file)], refining: false };
    const { maxSeconds } = (await settings.of(uri)).exactElimination;
    const missing = maxSeconds > 0 ? answer.pending.filter(task => !exact.has(task.key)) : [];
    if (missing.length > 0) void refine(uri, missing, maxSeconds);
    return { ...answer.table, refining: missing.length > 0 };
  });

  /** Settles doubtful layers and the model exactly, then tells the table to ask again. */
  async function refine(uri: string, tasks: readonly ExactTask[], seconds: number): Promise<void> {
    if (refining.has(uri)) return;
    refining.add(uri);
    for (const task of tasks) {
      const result = await exactRanks(task, seconds, stopped.signal);
      if (stopped.signal.aborted) return;
      exact.set(task.key, result ?? null);
    }
    refining.delete(uri);
    void connection.sendNotification(onnxTableChangedNotification, { uri } satisfies OnnxFileParams);
  }

  return {
    async dispose(): Promise<void> {
      stopped.abort();
      await jobs.dispose();
    },
  };
}
