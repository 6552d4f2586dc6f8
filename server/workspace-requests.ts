/** Requests about every model of the workspace: workspace symbols and the tree view. */
import * as path from 'node:path';
import type { CancellationToken, Connection } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import type { createConfigs } from './configs.ts';
import type { SummarisedModel } from './model-summaries.ts';
import {
  type FileModelsParams,
  fileModelsRequest,
  type LayersParams,
  type LayersResult,
  layersRequest,
  type ModelFile,
  type ModelsParams,
  type ModelsResult,
  modelsChangedNotification,
  modelsRequest,
} from './protocol.ts';
import type { createSettings } from './settings.ts';
import { workspaceSymbols } from './symbols-workspace.ts';
import { createWorkerJobs } from './worker-jobs.ts';
import { createWorkspaceModels, type WorkspaceFile } from './workspace-models.ts';
import type { Effort, FoundModels, WorkspaceAnswer, WorkspaceRequest } from './workspace-worker.ts';

/** A file that takes longer is listed without figures. Milliseconds. */
const checkTimeLimit = 20_000;
/** Heap of the worker thread, MiB. */
const checkMemoryLimit = 1024;
/** Milliseconds until a search that still runs is answered with what it has found. */
const patience = { symbols: 10_000, tree: 1500 };
/** Milliseconds between a change and the news of it, so that a burst of changes is told once. */
const newsDelay = 500;

export interface WorkspaceRequestsOptions {
  /** URIs of the workspace's folders. */
  readonly folders: () => Promise<readonly string[]>;
  readonly settings: ReturnType<typeof createSettings>;
  readonly configs: ReturnType<typeof createConfigs>;
  readonly openModels: (uri: string) => readonly SummarisedModel[] | undefined;
  /** False where the client tells nothing of changed files: every question then looks for itself. */
  readonly isWatching: () => boolean;
}

export function registerWorkspaceRequests(connection: Connection, options: WorkspaceRequestsOptions) {
  const jobs = createWorkerJobs<WorkspaceRequest, WorkspaceAnswer>({
    workerPath: path.join(import.meta.dirname, 'workspace-worker.cjs'),
    timeLimit: checkTimeLimit,
    memoryLimit: checkMemoryLimit,
    onFailure: detail => connection.console.warn(`A file of the workspace was not analysed: ${detail}`),
  });
  const stopped = new AbortController();
  const notFinished = `Leaklint did not finish analysing this file within ${checkTimeLimit / 1000} s. What it holds is unknown.`;
  const find = async (file: string, effort: Effort): Promise<FoundModels | null> => {
    const answer = await jobs.run({ kind: 'models', file, effort }, stopped.signal);
    if (answer?.kind === 'models') return answer.found;
    // Code that is hardly a model is not worth a line that says so.
    return { models: [], related: [], ...(effort === 'any' ? {} : { failure: notFinished }) };
  };
  const tellChange = () => void connection.sendNotification(modelsChangedNotification);
  const models = createWorkspaceModels({
    folders: async () => {
      const folders = await options.folders();
      const enabled = await Promise.all(folders.map(async uri => (await options.settings.of(uri)).enable));
      const uris = folders.filter((_, index) => enabled[index]).map(uri => URI.parse(uri));
      return uris.filter(uri => uri.scheme === 'file').map(uri => uri.fsPath);
    },
    isIncluded: async file => (await options.configs.of(URI.file(file).toString())).included,
    find,
    openModels: options.openModels,
    onNews: tellChange,
  });
  let news: NodeJS.Timeout | undefined;
  const changed = () => {
    models.changed();
    clearTimeout(news);
    news = setTimeout(tellChange, newsDelay);
  };

  const list = (milliseconds: number, token: CancellationToken) => {
    if (!options.isWatching()) models.changed();
    const stop = new AbortController();
    const registration = token.onCancellationRequested(() => stop.abort());
    return models.list(milliseconds, stop.signal).finally(() => registration.dispose());
  };
  connection.onWorkspaceSymbol(async ({ query }, token) =>
    workspaceSymbols((await list(patience.symbols, token)).files, query),
  );
  connection.onRequest(modelsRequest, async ({ again }: ModelsParams, token): Promise<ModelsResult> => {
    if (again) models.changed();
    const { files, note } = await list(patience.tree, token);
    return { files: files.map(toModelFile), note };
  });
  connection.onRequest(
    fileModelsRequest,
    async ({ uri }: FileModelsParams): Promise<ModelFile> => toModelFile(await models.modelsOf(uri)),
  );
  connection.onRequest(layersRequest, async ({ uri, model }: LayersParams): Promise<LayersResult> => {
    const file = await models.modelsOf(uri);
    return file.models?.[model]?.layers ?? { layers: [], more: 0 };
  });

  return {
    changed,
    /** The layer report of a file that no editor holds open, or why there is none. */
    async reportOfFile(uri: string): Promise<string> {
      const answer = await jobs.run({ kind: 'report', file: URI.parse(uri).fsPath }, stopped.signal);
      return answer?.kind === 'report' ? answer.text : `${notFinished}\n`;
    },
    async dispose() {
      clearTimeout(news);
      models.dispose();
      stopped.abort();
      await jobs.dispose();
    },
  };
}

function toModelFile({ uri, models, failure }: WorkspaceFile): ModelFile {
  return {
    uri,
    models: models?.map(({ summary }) => summary) ?? null,
    ...(failure === undefined ? {} : { failure }),
  };
}
