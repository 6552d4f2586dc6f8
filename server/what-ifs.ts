/** Verified what-ifs as quick fixes, and the search for combinations. Everything is computed in a worker thread. */
import * as path from 'node:path';
import {
  type CancellationToken,
  type CodeAction,
  CodeActionKind,
  type Connection,
  type Diagnostic,
  type Range as LspRange,
  type TextDocuments,
} from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { WhatIfsRequest, WhatIfsResult } from '../host/what-ifs.ts';
import type { FileReport } from '../src-analysis/check.ts';
import type { ExactResult } from '../src-analysis/model/analysis.ts';
import { modelLine } from '../src-analysis/reports/headline.ts';
import type { TextEdit } from '../src-analysis/what-ifs/change.ts';
import { isComparable } from '../src-analysis/what-ifs/figures.ts';
import { overlaps, toLspRange } from './positions.ts';
import { commands, type HardenParams, type HardenResult, hardenRequest, type RunAttackArgument } from './protocol.ts';
import { createWorkerJobs } from './worker-jobs.ts';

/** Milliseconds of analysis; what is found by then is offered. */
const budgets = { whatIfs: 2000, hardening: 10_000 };
/** Milliseconds after which hardening settles no more rows by exact elimination. */
const hardeningEnd = 20_000;
/** The longest time that a timer takes, milliseconds. */
const longest = 2 ** 31 - 1;
/** Milliseconds beyond the budget after which the worker is ended. */
const grace = 10_000;
/** Heap of the worker thread, MiB. */
const memoryLimit = 1024;
/** Quick fixes offered in one place. */
const maximumOffers = 5;
/** Answers kept: moving the cursor about asks for the same places again and again. */
const keptAnswers = 20;

export interface WhatIfsOptions {
  readonly documents: TextDocuments<TextDocument>;
  readonly pathOf: (document: TextDocument) => string;
  /** Texts of the other open documents by path, for code that imports them. */
  readonly openTexts: (document: TextDocument) => readonly (readonly [string, string])[];
  /** The report of the document's present version if there is one already. */
  readonly cachedReport: (uri: string) => FileReport | undefined;
  readonly reportOf: (uri: string, token: CancellationToken) => Promise<FileReport | undefined>;
  readonly exactRanks: () => readonly (readonly [string, ExactResult | null])[];
  /** Seconds that exact elimination of one model may take; 0: none. */
  readonly exactSeconds: (uri: string) => Promise<number>;
}

type Place = readonly [model: number, layer: number];

export function registerWhatIfs(connection: Connection, options: WhatIfsOptions) {
  const jobs = createWorkerJobs<WhatIfsRequest, WhatIfsResult>({
    workerPath: path.join(import.meta.dirname, 'what-ifs-worker.cjs'),
    timeLimit: hardeningEnd + grace,
    memoryLimit,
    onFailure: detail => connection.console.error(`What-ifs were not computed: ${detail}`),
  });
  const answers = new Map<string, WhatIfsResult>();
  /** What is settled after its answer was given, so that it is there when the same is asked for again. */
  let background: { readonly key: string; readonly stop: AbortController } | undefined;
  const stopBackground = () => {
    background?.stop.abort();
    background = undefined;
  };
  options.documents.onDidChangeContent(stopBackground);
  options.documents.onDidClose(stopBackground);

  async function compute(
    document: TextDocument,
    ask: WhatIfsRequest['ask'],
    token: CancellationToken,
  ): Promise<WhatIfsResult | undefined> {
    const seconds = await options.exactSeconds(document.uri);
    // What other documents hold may matter too: code imports.
    const versions = options.documents.all().map(({ uri, version }) => [uri, version]);
    const key = JSON.stringify([document.uri, versions, seconds, shownFigures(document), ask]);
    if (background?.key !== key) stopBackground();
    const known = answers.get(key);
    const request = requestFor(document, ask, seconds);
    const result = known ?? (await runUntilCancelled(request, token));
    if (!result) return undefined;
    // What the time cut short may be complete when it is asked for again.
    if (result.complete) keep(key, result);
    if (result.kind === 'what-ifs' && result.complete && result.open && background?.key !== key) {
      void settleInBackground(key, request);
    }
    return result;
  }

  function requestFor(document: TextDocument, ask: WhatIfsRequest['ask'], seconds: number): WhatIfsRequest {
    const file = { path: options.pathOf(document), text: document.getText() };
    const [budget, until] =
      ask.kind === 'hardening' ? [budgets.hardening, hardeningEnd] : [budgets.whatIfs, budgets.whatIfs];
    const settle = { seconds, until };
    return { file, open: options.openTexts(document), exact: options.exactRanks(), budget, settle, ask };
  }

  async function runUntilCancelled(request: WhatIfsRequest, token: CancellationToken) {
    const stop = new AbortController();
    const registration = token.onCancellationRequested(() => stop.abort());
    const result = await jobs.run(request, stop.signal);
    registration.dispose();
    return result;
  }

  /** The same once more, with as much time for exact elimination as the settings give. The next question stops it. */
  async function settleInBackground(key: string, request: WhatIfsRequest): Promise<void> {
    stopBackground();
    const stop = new AbortController();
    background = { key, stop };
    const until = Math.min(budgets.whatIfs + maximumOffers * 1000 * request.settle.seconds, longest - grace);
    const settle = { ...request.settle, until };
    const result = await jobs.run({ ...request, settle }, stop.signal, until + grace);
    if (stop.signal.aborted) return;
    background = undefined;
    // What could not be settled by now is not tried again.
    if (result?.kind === 'what-ifs' && result.complete) keep(key, { ...result, open: false });
  }

  function keep(key: string, result: WhatIfsResult): void {
    answers.set(key, result);
    const [oldest] = answers.keys();
    if (answers.size > keptAnswers && oldest !== undefined) answers.delete(oldest);
  }

  /** r of the document's models as the lenses show it, and whether it is still to be settled: what-ifs start from there. */
  function shownFigures(document: TextDocument) {
    return options
      .cachedReport(document.uri)
      ?.models.map(({ analysis: { identifiable, pending, pendingRank } }) => [
        identifiable.rank,
        identifiable.basis,
        pending.length,
        pendingRank,
      ]);
  }

  /** Quick fixes for the layers or the model at a place; `diagnostics` are ours there. */
  async function actionsAt(
    document: TextDocument,
    range: LspRange,
    diagnostics: Diagnostic[],
    token: CancellationToken,
  ): Promise<CodeAction[]> {
    const report = options.cachedReport(document.uri);
    if (report?.models.some(({ graph }) => graph.format === 'tfjs-code') !== true) return [];
    const { layers, models } = placesAt(document, report, range);
    const ask =
      layers.length > 0 ? ({ kind: 'what-ifs', layers, most: maximumOffers } as const) : batchesAt(document, range);
    if (!ask) return [];
    const result = await compute(document, ask, token);
    const offers = result?.kind === 'what-ifs' ? result.offers : [];
    const fixes = offers.map(({ place, title, edits }): CodeAction => {
      const name = place && report.models[place.model]?.graph.layers[place.layer]?.name;
      return {
        title: name !== undefined && models.size > 0 ? `${name} ${title}` : title,
        kind: CodeActionKind.QuickFix,
        ...(diagnostics.length > 0 ? { diagnostics } : {}),
        edit: { changes: { [document.uri]: edits.map(edit => toLspEdit(document, edit)) } },
      };
    });
    return [...fixes, ...hardeningActions(document, report, layers)];
  }

  connection.onRequest(hardenRequest, async (params: HardenParams, token): Promise<HardenResult | null> => {
    const document = options.documents.get(params.uri);
    const report = document && (await options.reportOf(params.uri, token));
    const index = report?.models.findIndex(({ graph }) => params.model === undefined || graph.name === params.model);
    const model = index === undefined ? undefined : report?.models[index];
    if (!document || !model || index === undefined) return null;
    const result = await compute(document, { kind: 'hardening', model: index }, token);
    const found = result?.kind === 'hardening' ? result : undefined;
    return {
      model: model.graph.name,
      figures: modelLine(model.graph, model.analysis),
      version: document.version,
      rows: (found?.rows ?? []).map(row => ({ ...row, edits: row.edits.map(edit => toLspEdit(document, edit)) })),
      note: noteOn(found),
    };
  });

  return {
    actionsAt,
    /** Files on disk changed, which code may import. */
    forget() {
      stopBackground();
      answers.clear();
    },
    dispose: jobs.dispose,
  };
}

function noteOn(result: (WhatIfsResult & { kind: 'hardening' }) | undefined): string {
  if (!result?.before) return 'Only TensorFlow.js code can be changed, and this model could not be analysed again.';
  if (!isComparable(result.before))
    return 'r and c(M) of this model are unknown: there is nothing to compare changes by.';
  const searched = `${result.analysed} combinations analysed${result.complete ? '' : ' (time is over)'}`;
  return result.rows.length > 0
    ? `${searched}: parameters ±20 %, same output shape`
    : `${searched}: none that keeps the output’s shape, and the parameters within ±20 %, lowers what the gradient holds.`;
}

/** A question about batch sizes, where the line at the range has one. */
function batchesAt(document: TextDocument, range: LspRange): WhatIfsRequest['ask'] | undefined {
  const { line } = range.start;
  const text = document.getText({ start: { line, character: 0 }, end: { line: line + 1, character: 0 } });
  if (!/\bbatchSize\b/.test(text)) return undefined;
  return { kind: 'batches', range: { start: document.offsetAt(range.start), end: document.offsetAt(range.end) } };
}

/** The layers whose call holds the range; on a model's own token, all of its layers. */
function placesAt(document: TextDocument, report: FileReport, range: LspRange) {
  const layers: Place[] = [];
  const models = new Set<number>();
  report.models.forEach(({ graph }, model) => {
    const onModel = graph.range !== undefined && overlaps(toLspRange(document, graph.range), range);
    if (onModel) models.add(model);
    for (const layer of graph.layers) {
      const call = layer.fullRange ?? layer.range;
      if (call && (onModel || overlaps(toLspRange(document, call), range))) layers.push([model, layer.id]);
    }
  });
  return { layers, models };
}

function hardeningActions(document: TextDocument, report: FileReport, layers: readonly Place[]): CodeAction[] {
  return [...new Set(layers.map(([model]) => model))].flatMap(index => {
    const model = report.models[index]?.graph.name;
    if (model === undefined) return [];
    const argument: RunAttackArgument = { uri: document.uri, model };
    const title = `Suggest hardening for ${model}…`;
    return {
      title,
      kind: CodeActionKind.QuickFix,
      command: { title, command: commands.suggestHardening, arguments: [argument] },
    };
  });
}

function toLspEdit(document: TextDocument, { range, newText }: TextEdit) {
  return { range: toLspRange(document, range), newText };
}
