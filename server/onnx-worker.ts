/**
 * Worker thread for `.onnx` files that an editor shows: prints them as text, and analyses them for the layer table. The
 * file is read here, once, and its tensors are never decoded: a large model costs its own size in memory and no more.
 */
import * as path from 'node:path';
import { parentPort } from 'node:worker_threads';
import { readSourceFile } from '../host/files.ts';
import { checkSource } from '../src-analysis/check.ts';
import type { ResolvedConfig } from '../src-analysis/findings/config.ts';
import type { ExactResult, ExactTask } from '../src-analysis/model/analysis.ts';
import { decodeModel } from '../src-analysis/readers/onnx/decode.ts';
import { printModel } from '../src-analysis/readers/onnx-text/print.ts';
import { type CancellationToken, Cancelled } from '../src-analysis/readers/reader.ts';
import { onnxTable } from './onnx-table.ts';
import type { OnnxTable, OnnxTextResult } from './protocol.ts';
import type { Job, JobAnswer } from './worker-jobs.ts';

export type OnnxRequest =
  | { readonly kind: 'text'; readonly file: string }
  | {
      readonly kind: 'table';
      readonly file: string;
      readonly config: ResolvedConfig;
      readonly configPath: string;
      readonly exact: readonly (readonly [string, ExactResult | null])[];
    };

export type OnnxAnswer =
  | ({ readonly kind: 'text' } & OnnxTextResult)
  | { readonly kind: 'table'; readonly table: OnnxTable; readonly pending: readonly ExactTask[] };

/**
 * Most values written out of one tensor: weights are long and say little, and what shapes are computed from is short.
 * Longer tensors are named by their place in the file.
 */
const printed = { maxFloats: 16, maxOthers: 256 };

async function textOf(file: string, cancel: CancellationToken): Promise<OnnxAnswer> {
  const read = await readSourceFile(file);
  if (read.kind === 'unreadable') return { kind: 'text', failure: read.message };
  const bytes = read.file.bytes ?? new Uint8Array();
  const model = decodeModel(bytes, cancel);
  if (typeof model === 'string') return { kind: 'text', failure: model };
  const { text, lost } = printModel(model, { ...printed, file: { name: path.basename(file), bytes } });
  const omitted = lost.map(what => `#   ${what.replace(/[\r\n]+/g, ' ')}\n`);
  const note = omitted.length > 0 ? `# The text has no place for:\n${omitted.join('')}` : '';
  return { kind: 'text', text: note + text };
}

async function tableOf(request: OnnxRequest & { kind: 'table' }, cancel: CancellationToken): Promise<OnnxAnswer> {
  const read = await readSourceFile(request.file);
  if (read.kind === 'unreadable') {
    return { kind: 'table', table: { model: null, errors: [read.message], refining: false }, pending: [] };
  }
  const { config, configPath, exact } = request;
  const report = checkSource(read.file, { config, configPath, exact: new Map(exact), cancel });
  return { kind: 'table', table: onnxTable(report), pending: report.pending };
}

parentPort?.on('message', async ({ id, request, cancelFlag }: Job<OnnxRequest>) => {
  const flag = new Int32Array(cancelFlag);
  const cancel: CancellationToken = {
    get isCancellationRequested() {
      return Atomics.load(flag, 0) !== 0;
    },
  };
  const answer = (content: Omit<JobAnswer<OnnxAnswer>, 'id'>) => parentPort?.postMessage({ id, ...content });
  try {
    answer({ result: await (request.kind === 'text' ? textOf(request.file, cancel) : tableOf(request, cancel)) });
  } catch (error) {
    if (error instanceof Cancelled) answer({});
    else answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
