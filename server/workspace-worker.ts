/** Worker thread that reads and analyses files of the workspace; only what lists show of them leaves it. */
import { parentPort } from 'node:worker_threads';
import { URI } from 'vscode-uri';
import { readSourceFile } from '../host/files.ts';
import { checkSource, type FileReport } from '../src-analysis/check.ts';
import { defaultConfig } from '../src-analysis/findings/config.ts';
import { looksLikeModel } from '../src-analysis/readers/read.ts';
import { Cancelled, type SourceFile } from '../src-analysis/readers/reader.ts';
import { textReport } from '../src-analysis/reports/text.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import { type SummarisedModel, summarise } from './model-summaries.ts';
import { version } from './version.ts';
import type { Job, JobAnswer } from './worker-jobs.ts';

/** `likely`: only what almost certainly makes a model; `any`: what may; `named`: whatever it is. */
export type Effort = 'likely' | 'any' | 'named';

export type WorkspaceRequest =
  | { readonly kind: 'models'; readonly file: string; readonly effort: Effort }
  | { readonly kind: 'report'; readonly file: string };

export interface FoundModels {
  readonly models: readonly SummarisedModel[];
  /** Other files that the models rest on: code imports. */
  readonly related: readonly string[];
  /** Why there is nothing, where there should be something. */
  readonly failure?: string;
}

export type WorkspaceAnswer =
  /** null: not likely to be a model. */
  { readonly kind: 'models'; readonly found: FoundModels | null } | { readonly kind: 'report'; readonly text: string };

type Cancel = { readonly isCancellationRequested: boolean };

const nothing: FoundModels = { models: [], related: [] };

async function modelsOf(file: string, effort: Effort, cancel: Cancel): Promise<FoundModels | null> {
  const read = await readSourceFile(file);
  if (read.kind === 'unreadable') return effort === 'named' ? { ...nothing, failure: read.message } : nothing;
  if (effort !== 'named' && !looksLikeModel(read.file)) return nothing;
  if (effort === 'likely' && !makesModels(read.file)) return null;
  const { report, related } = check(read.file, cancel);
  const models = summarise(URI.file(file).toString(), read.file.text, report);
  const failure = models.length === 0 ? failureOf(report) : undefined;
  return { models, related, ...(failure === undefined ? {} : { failure }) };
}

async function reportOf(file: string, cancel: Cancel): Promise<string> {
  const read = await readSourceFile(file);
  if (read.kind === 'unreadable') return `${file}: ${read.message}\n`;
  return textReport({ files: [{ report: check(read.file, cancel).report, text: read.file.text ?? '' }], version });
}

function check(file: SourceFile, cancel: Cancel): { readonly report: FileReport; readonly related: string[] } {
  const read = new Set<string>();
  const related = createRelatedFiles({ base: process.cwd(), onRead: other => void read.add(other) });
  const report = checkSource({ ...file, related }, { config: defaultConfig, exact: new Map(), cancel });
  return { report, related: [...read] };
}

/** Code that calls what makes models; every model file. */
function makesModels({ text }: SourceFile): boolean {
  return text === undefined || /"modelTopology"|\b(sequential|layers\s*\.\s*\w+|tf\s*\.\s*model)\s*\(/.test(text);
}

/** A file that looks like a model and holds none is listed with what is wrong; code that only mentions tf is not. */
function failureOf(report: FileReport): string | undefined {
  return /\.(onnx|onnxtxt|json)$/i.test(report.path) ? report.errors[0]?.message : undefined;
}

parentPort?.on('message', async ({ id, request, cancelFlag }: Job<WorkspaceRequest>) => {
  const flag = new Int32Array(cancelFlag);
  const answer = (content: Omit<JobAnswer<WorkspaceAnswer>, 'id'>) =>
    parentPort?.postMessage({ id, ...content } satisfies JobAnswer<WorkspaceAnswer>);
  const cancel: Cancel = {
    get isCancellationRequested() {
      return Atomics.load(flag, 0) !== 0;
    },
  };
  try {
    if (request.kind === 'report') {
      answer({ result: { kind: 'report', text: await reportOf(request.file, cancel) } });
    } else {
      answer({ result: { kind: 'models', found: await modelsOf(request.file, request.effort, cancel) } });
    }
  } catch (error) {
    if (error instanceof Cancelled) answer({});
    else answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
