/**
 * Keeps one report per open document up to date: debounced, tied to a document version, cancelled when stale, and
 * completed in the background by exact elimination where the rank law is in doubt.
 */
import type { CancellationToken } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { FileReport } from '../src-analysis/check.ts';
import type { ExactResult, ExactTask } from '../src-analysis/model/analysis.ts';
import { mayReferTo } from '../src-attack/run/importers.ts';
import type { Checker, RunningCheck } from './checker.ts';
import type { DocumentConfig } from './configs.ts';
import type { Settings } from './protocol.ts';

export interface LinterDependencies {
  readonly checker: Checker;
  /** Exact elimination of one geometry or model; null when it is out of reach or its time is over, undefined when stopped. */
  readonly exactRanks: (
    task: ExactTask,
    seconds: number,
    signal: AbortSignal,
  ) => Promise<ExactResult | null | undefined>;
  readonly settings: (uri: string) => Promise<Settings>;
  readonly config: (uri: string) => Promise<DocumentConfig>;
  /** Texts of the other open documents by path, for code that imports them. */
  readonly openTexts: (document: TextDocument) => readonly (readonly [string, string])[];
  /** A path to name the document by in messages and reports. */
  readonly pathOf: (document: TextDocument) => string;
  readonly onReport: (document: TextDocument, report: FileReport, busy: boolean) => void;
  readonly onFailure: (document: TextDocument, message: string, detail: string) => void;
  readonly onBusy: (document: TextDocument) => void;
  /** The document is not to be checked (switched off, excluded): whatever was shown goes. */
  readonly onSkipped: (document: TextDocument) => void;
  readonly delay: number;
}

interface State {
  document: TextDocument;
  /** Grows with every request to check, so that an answer knows whether it is still wanted. */
  generation: number;
  /** A check is waiting, running or about to run. */
  due: boolean;
  timer: NodeJS.Timeout | undefined;
  running: RunningCheck | undefined;
  exact: AbortController | undefined;
  report: { readonly version: number; readonly content: FileReport } | undefined;
  waiting: (() => void)[];
  /** Other files that the last report rests on. */
  read: ReadonlySet<string>;
  /** Files whose importers the last report rests on. */
  searched: readonly string[];
}

export function createLinter(dependencies: LinterDependencies) {
  const states = new Map<string, State>();
  const exactCache = new Map<string, ExactResult | null>();
  const counters = { run: 0, cancelled: 0 };
  let listing = 0;

  function schedule(document: TextDocument, delay = dependencies.delay): void {
    const state = stateOf(document);
    stop(state);
    state.generation++;
    state.due = true;
    state.timer = setTimeout(() => {
      state.timer = undefined;
      void check(state, state.generation);
    }, delay);
  }

  async function check(state: State, generation: number): Promise<void> {
    const { document } = state;
    const [settings, { config, configPath, included }] = await Promise.all([
      dependencies.settings(document.uri),
      dependencies.config(document.uri),
    ]);
    if (state.generation !== generation) return;
    if (!settings.enable || !included) {
      state.report = undefined;
      dependencies.onSkipped(document);
      release(state);
      return;
    }
    dependencies.onBusy(document);
    const version = document.version;
    counters.run++;
    state.running = dependencies.checker.run({
      file: { path: dependencies.pathOf(document), text: document.getText() },
      config,
      configPath,
      exact: [...exactCache],
      open: dependencies.openTexts(document),
      listing,
    });
    const outcome = await state.running.outcome;
    if (outcome.kind === 'cancelled') counters.cancelled++;
    if (state.generation !== generation || states.get(document.uri) !== state) return;
    state.running = undefined;
    if (outcome.kind === 'report') {
      state.report = { version, content: outcome.report };
      state.read = new Set(outcome.read);
      state.searched = outcome.searched;
      const missing = outcome.report.pending.filter(task => !exactCache.has(task.key));
      const refine = missing.length > 0 && settings.exactElimination.maxSeconds > 0;
      dependencies.onReport(document, outcome.report, refine);
      if (refine) void eliminate(state, generation, missing, settings.exactElimination.maxSeconds);
    } else if (outcome.kind === 'failed') {
      state.report = undefined;
      dependencies.onFailure(document, outcome.message, outcome.detail);
    }
    release(state);
  }

  /** Settles doubtful layers and models exactly, then checks again with what was found. */
  async function eliminate(
    state: State,
    generation: number,
    tasks: readonly ExactTask[],
    seconds: number,
  ): Promise<void> {
    const controller = new AbortController();
    state.exact = controller;
    for (const task of tasks) {
      const result = await dependencies.exactRanks(task, seconds, controller.signal);
      if (controller.signal.aborted || state.generation !== generation) return;
      if (result !== undefined) exactCache.set(task.key, result);
    }
    state.exact = undefined;
    await check(state, generation);
  }

  /**
   * Another file changed: documents that rest on it are checked again, and those that it imports or loads now.
   * @param text what it holds now; undefined where it is gone or what it imports is as before
   */
  function fileChanged(file: string, text?: string): void {
    for (const state of states.values()) {
      const isNear = () => text !== undefined && state.searched.some(target => mayReferTo(file, text, target));
      if (state.read.has(file) || isNear()) schedule(state.document);
    }
  }

  /** Files appeared or went. */
  function filesListed(): void {
    listing++;
  }

  /** Checks again every document that rests on a search for importers. */
  function searchAgain(): void {
    for (const state of states.values()) if (state.searched.length > 0) schedule(state.document);
  }

  /** The report of the document's present version, waiting for a check that is due or under way. */
  async function reportOf(uri: string, token?: CancellationToken): Promise<FileReport | undefined> {
    const state = states.get(uri);
    if (!state) return undefined;
    const current = () => (state.report?.version === state.document.version ? state.report.content : undefined);
    while (!current() && state.due && !token?.isCancellationRequested) {
      await new Promise<void>(resolve => {
        state.waiting.push(resolve);
        token?.onCancellationRequested(() => resolve());
      });
    }
    return current();
  }

  /** The report of the present version if there is one already; never waits. */
  function cachedReport(uri: string): FileReport | undefined {
    const state = states.get(uri);
    return state?.report?.version === state?.document.version ? state?.report?.content : undefined;
  }

  /** The last report there was, perhaps of an older version: for what may lag behind, such as the status. */
  function lastReport(uri: string): FileReport | undefined {
    return states.get(uri)?.report?.content;
  }

  function close(uri: string): void {
    const state = states.get(uri);
    if (!state) return;
    stop(state);
    state.generation++;
    states.delete(uri);
    release(state);
  }

  function stateOf(document: TextDocument): State {
    let state = states.get(document.uri);
    if (!state) {
      state = {
        document,
        generation: 0,
        due: false,
        timer: undefined,
        running: undefined,
        exact: undefined,
        report: undefined,
        waiting: [],
        read: new Set(),
        searched: [],
      };
      states.set(document.uri, state);
    }
    state.document = document;
    return state;
  }

  return {
    schedule,
    fileChanged,
    filesListed,
    searchAgain,
    reportOf,
    cachedReport,
    lastReport,
    close,
    exactRanksCached: () => exactCache.size,
    /** Exact ranks known so far, by key. */
    exactRanks: () => [...exactCache],
    counters,
    dispose() {
      for (const uri of [...states.keys()]) close(uri);
    },
  };
}

function stop(state: State): void {
  clearTimeout(state.timer);
  state.timer = undefined;
  state.running?.cancel();
  state.running = undefined;
  state.exact?.abort();
  state.exact = undefined;
}

function release(state: State): void {
  state.due = false;
  for (const wake of state.waiting.splice(0)) wake();
}
