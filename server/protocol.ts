/** What the language server and the client say to each other beyond LSP itself. Plain data, no imports but types. */
import type { Range } from 'vscode-languageserver-types';

/** Sent by the client in `initializationOptions`. */
export interface InitializationOptions {
  /** Prefix for links to rule pages, completed by the rule id; the client answers these links from its own files. */
  readonly ruleUriBase?: string;
}

/** Settings of one resource, section `leaklint`. Defaults are in package.json and in {@link defaultSettings}. */
export interface Settings {
  readonly enable: boolean;
  readonly run: 'onType' | 'onSave';
  readonly codeLens: { readonly enable: boolean };
  readonly exactElimination: { readonly maxSeconds: number };
}

export const defaultSettings: Settings = {
  enable: true,
  run: 'onType',
  codeLens: { enable: true },
  exactElimination: { maxSeconds: 10 },
};

/** Notification, server to client: what the status item shows for one document. */
export const statusNotification = 'leaklint/status';
export interface StatusParams {
  readonly uri: string;
  readonly busy: boolean;
  /** One line such as `r = 1029 of 3072 (33.5 %) · c(M) = −2266`; empty when the document holds no model. */
  readonly text: string;
  readonly detail: string;
  readonly severity: 'info' | 'warning' | 'error';
}

/** Request, client to server: the layer report of a document as readable text. */
export const reportRequest = 'leaklint/report';
export interface ReportParams {
  readonly uri: string;
}
export interface ReportResult {
  readonly text: string;
}

/** Request, client to server: facts for a bug report. */
export const debugRequest = 'leaklint/debug';
export interface DebugResult {
  readonly version: string;
  readonly node: string;
  readonly openDocuments: number;
  readonly exactRanksCached: number;
  readonly checksRun: number;
  readonly checksCancelled: number;
  readonly workerRestarts: number;
}

/** Client commands that the server's lenses and actions name. */
export const commands = {
  openRulePage: 'leaklint.openRulePage',
  showLayerReport: 'leaklint.showLayerReport',
  showOutput: 'leaklint.showOutput',
} as const;

/** Argument of {@link commands.showLayerReport} when it comes from a lens. */
export interface ShowReportArgument {
  readonly uri: string;
  readonly range?: Range;
}
