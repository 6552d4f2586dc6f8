/**
 * The models of the workspace's files, whether open or not: found by the command line's search, analysed in the
 * background one file at a time, and kept until a file's time or size changes. Looks at nothing until it is asked.
 */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { URI } from 'vscode-uri';
import { searchFiles } from '../host/search.ts';
import { binaryExtensions } from '../src-analysis/readers/read.ts';
import type { SummarisedModel } from './model-summaries.ts';
import type { Effort, FoundModels } from './workspace-worker.ts';

export interface WorkspaceModelsOptions {
  /** Absolute paths of the folders to search. */
  readonly folders: () => Promise<readonly string[]>;
  /** Whether configuration and settings let a file be checked. */
  readonly isIncluded: (file: string) => Promise<boolean>;
  /** Reads and analyses a file; null where that is not worth the effort. */
  readonly find: (file: string, effort: Effort) => Promise<FoundModels | null>;
  /** Models of a document that is open and checked, which count for more than the file on disk. */
  readonly openModels: (uri: string) => readonly SummarisedModel[] | undefined;
  /** A search that nobody waits for any more has found something, or has ended. */
  readonly onNews: () => void;
}

export interface WorkspaceFile {
  readonly uri: string;
  /** null: large, and not read yet. */
  readonly models: readonly SummarisedModel[] | null;
  readonly failure?: string;
}

export interface WorkspaceList {
  readonly files: readonly WorkspaceFile[];
  /** What the list leaves out or still waits for. */
  readonly note: string;
}

interface KnownFile {
  readonly stamp: string;
  /** Other files that the models rest on, with their stamps: code imports. */
  readonly related: readonly (readonly [file: string, stamp: string])[];
  readonly models: readonly SummarisedModel[] | null;
  readonly failure?: string;
}

/** Milliseconds between two pieces of news while a search runs. */
const newsInterval = 2000;

const mebibyte = 1024 * 1024;
/** What a search may cost. Larger files are analysed when somebody opens or unfolds them. */
const limits = { files: 20_000, modelFiles: 1000, textBytes: 4 * mebibyte, binaryBytes: 64 * mebibyte };

export function createWorkspaceModels(options: WorkspaceModelsOptions) {
  const known = new Map<string, KnownFile>();
  let stale = true;
  let scanning: Promise<void> | undefined;
  let disposed = false;
  let leftOut = '';
  /** Whoever asked for the search that runs has had an answer. */
  let unattended = false;
  let told = { at: 0, listed: 0 };

  /** Files that look most like models come first: the others cost time and hardly ever hold one. */
  async function scan(): Promise<void> {
    const files = await filesToVisit();
    for (const file of known.keys()) if (!files.has(file)) known.delete(file);
    const later: string[] = [];
    let listed = 0;
    const look = async (file: string, effort: Effort) => {
      const entry = await visit(file, effort);
      if (!entry) later.push(file);
      else if (isListed(entry)) tellProgress(++listed);
      if (listed < limits.modelFiles) return !disposed;
      leftOut = `The first ${listed} files with models of ${files.size} files are listed; “exclude” in leaklint.json narrows the search.`;
      return false;
    };
    for (const file of files) if (!(await look(file, 'likely'))) return;
    for (const file of [...later]) if (!(await look(file, 'any'))) return;
  }

  async function filesToVisit(): Promise<Set<string>> {
    const files = new Set<string>();
    leftOut = '';
    for (const folder of await options.folders()) {
      for await (const file of searchFiles(folder, { isIncluded: options.isIncluded, onUnreadable: () => {} })) {
        if (disposed) return files;
        if (files.size >= limits.files) {
          leftOut = `Only the first ${limits.files} files were searched; “exclude” in leaklint.json narrows the search.`;
          return files;
        }
        files.add(file);
      }
    }
    return files;
  }

  function tellProgress(listed: number): void {
    if (!unattended || listed <= told.listed || Date.now() - told.at < newsInterval) return;
    told = { at: Date.now(), listed };
    options.onNews();
  }

  /** Brings what is known of a file up to date; undefined where there is none, or where it is not likely to be a model. */
  async function visit(file: string, effort: Effort): Promise<KnownFile | undefined> {
    const stats = await stat(file).catch(() => null);
    if (!stats) return undefined;
    const stamp = stampOf(stats);
    const before = known.get(file);
    if (before?.stamp === stamp && (before.models || effort !== 'named') && (await isUnchanged(before.related))) {
      return before;
    }
    const binary = binaryExtensions.includes(path.extname(file).slice(1).toLowerCase());
    const large = stats.size > (binary ? limits.binaryBytes : limits.textBytes);
    // Large text is hardly ever a model, and reading it to see would cost more than it tells.
    const found =
      large && effort !== 'named' ? { related: [], models: binary ? null : [] } : await analyse(file, effort);
    if (!found) return undefined;
    const entry = { stamp, ...found };
    known.set(file, entry);
    return entry;
  }

  async function analyse(file: string, effort: Effort): Promise<Omit<KnownFile, 'stamp'> | undefined> {
    const found = await options.find(file, effort);
    if (found === null) return undefined;
    const related = await Promise.all(found.related.map(async other => [other, await stampAt(other)] as const));
    return { ...found, related };
  }

  function start(): Promise<void> {
    if (!stale && !scanning) return Promise.resolve();
    scanning ??= (async () => {
      while (stale && !disposed) {
        stale = false;
        told = { at: 0, listed: 0 };
        await scan();
      }
    })().finally(() => {
      scanning = undefined;
      if (unattended) options.onNews();
    });
    unattended = false;
    return scanning;
  }

  /**
   * The files that hold models, by folder and name.
   * @param patience milliseconds to wait for a search; what is known by then is given, and `onNews` says when to ask again
   */
  async function list(patience: number, signal?: AbortSignal): Promise<WorkspaceList> {
    const search = start();
    await Promise.race([search, passed(patience, signal)]);
    unattended = true;
    const files = [...known].filter(([, entry]) => isListed(entry)).map(([file, entry]) => toFile(file, entry));
    const note = scanning ? 'Still looking for models…' : leftOut;
    return { files: files.sort((a, b) => (a.uri < b.uri ? -1 : 1)), note };
  }

  /** One file's models, whatever its size; what is open counts for more than what is saved. */
  async function modelsOf(uri: string): Promise<WorkspaceFile> {
    const file = URI.parse(uri).fsPath;
    const entry = await visit(file, 'named');
    return entry ? toFile(file, entry) : { uri, models: [], failure: 'There is no such file any more.' };
  }

  function toFile(file: string, { models, failure }: KnownFile): WorkspaceFile {
    const uri = URI.file(file).toString();
    const open = options.openModels(uri);
    return open ? { uri, models: open } : { uri, models, ...(failure === undefined ? {} : { failure }) };
  }

  return {
    list,
    modelsOf,
    /** Files, settings or configuration changed: the next question searches again. */
    changed() {
      stale = true;
    },
    dispose() {
      disposed = true;
    },
  };
}

function stampOf({ mtimeMs, size }: Stats): string {
  return `${mtimeMs} ${size}`;
}

/** '' for a file that is not there. */
function stampAt(file: string): Promise<string> {
  return stat(file).then(stampOf, () => '');
}

async function isUnchanged(related: KnownFile['related']): Promise<boolean> {
  const stamps = await Promise.all(related.map(([file]) => stampAt(file)));
  return related.every(([, stamp], index) => stamp === stamps[index]);
}

function isListed({ models, failure }: KnownFile): boolean {
  return models === null || models.length > 0 || failure !== undefined;
}

/** Resolves after a time or when the signal is given. */
function passed(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
