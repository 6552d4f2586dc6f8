/** What the language server and the client say to each other beyond LSP itself. Plain data, no imports but types. */
import type { Range } from 'vscode-languageserver-types';
import type { AttackChoices, AttackEvent, AttackSpec } from '../src-attack/process/protocol.ts';
import type { VerifyProgress, VerifyReport, VerifySpec } from '../src-attack/process/verify-protocol.ts';

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
  readonly inlayHints: { readonly outputShapes: boolean };
}

export const defaultSettings: Settings = {
  enable: true,
  run: 'onType',
  codeLens: { enable: true },
  exactElimination: { maxSeconds: 10 },
  inlayHints: { outputShapes: false },
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

/** Request, client to server: the models of the workspace's folders, for the tree view. */
export const modelsRequest = 'leaklint/models';
export interface ModelsParams {
  /** Look at every file again, even if nothing is known to have changed. */
  readonly again?: boolean;
}
export interface ModelsResult {
  /** By folder and name; only files that hold models or could not be analysed. */
  readonly files: readonly ModelFile[];
  /** What the list leaves out or still waits for; empty when it is complete. */
  readonly note: string;
}
export interface ModelFile {
  readonly uri: string;
  /** null: a large file, read when {@link fileModelsRequest} asks for it. */
  readonly models: readonly ModelSummary[] | null;
  /** Why there are no figures, where there should be some. */
  readonly failure?: string;
}
export interface ModelSummary {
  readonly name: string;
  /** r of n and c(M), as the lens shows them. */
  readonly figures: string;
  /** The same in a few characters: r/n and c(M). */
  readonly short: string;
  /** c(M) alone. */
  readonly metric: string;
  /** `r of n (share)` for lists that ask which models leak; '' when r is unknown. */
  readonly leak: string;
  /** How much of the input the gradient holds; null when unknown. */
  readonly fraction: number | null;
  /** Made by code that what-ifs can change. */
  readonly changeable: boolean;
  /** Absent for binary formats. */
  readonly range?: Range;
  readonly layers: number;
}

/** Request, client to server: the models of one file, whatever its size. */
export const fileModelsRequest = 'leaklint/models/file';
export interface FileModelsParams {
  readonly uri: string;
}

/** Request, client to server: the layers of a file's model, counted as in {@link ModelFile.models}. */
export const layersRequest = 'leaklint/models/layers';
export interface LayersParams {
  readonly uri: string;
  readonly model: number;
}
export interface LayersResult {
  readonly layers: readonly LayerSummary[];
  /** Layers that are not listed. */
  readonly more: number;
}
export interface LayerSummary {
  readonly name: string;
  /** `conv2d · [30, 30, 6]`. */
  readonly detail: string;
  /** Absent for layers without weights, which add no equations. */
  readonly verdict?: 'soluble' | 'deficient' | 'unknown';
  /** The verdict in a sentence with its condition. */
  readonly headline: string;
  readonly range?: Range;
}

/** Notification, server to client: what {@link modelsRequest} answers may have changed. */
export const modelsChangedNotification = 'leaklint/models/changed';

/** Request, client to server: combinations of changes that make a model's gradient hold less. May be cancelled. */
export const hardenRequest = 'leaklint/harden';
export interface HardenParams {
  readonly uri: string;
  /** Default: the document's first model. */
  readonly model?: string;
}
export interface HardenResult {
  readonly model: string;
  /** The model's figures now, as the lens shows them. */
  readonly figures: string;
  /** Version of the document that the edits are for. */
  readonly version: number;
  readonly rows: readonly HardenRow[];
  /** What was searched, or why nothing was found, in a sentence. */
  readonly note: string;
}
export interface HardenRow {
  readonly leak: string;
  readonly metric: string;
  readonly parameters: string;
  readonly changes: readonly string[];
  readonly edits: readonly { readonly range: Range; readonly newText: string }[];
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
  /** Process id of the attack that runs now; null when none does. */
  readonly attackProcess: number | null;
}

/** Request, client to server: the models of a document or file that an attack can be run on, with their figures. */
export const attackModelsRequest = 'leaklint/attack/models';
export interface AttackModelsParams {
  readonly uri: string;
}
export interface AttackModel {
  readonly name: string;
  /** r of n and c(M), as the lens shows them. */
  readonly summary: string;
}

/** Request, client to server: the attacks and engines there are to choose from. */
export const attackChoicesRequest = 'leaklint/attack/choices';
export type AttackChoicesResult = AttackChoices;

/** Request, client to server: queue a run; everything further comes as events. The client chooses the id. */
export const attackStartRequest = 'leaklint/attack/start';
export interface AttackStartParams {
  readonly id: number;
  /** The document or file; the server fills the spec's path and text from it. */
  readonly uri: string;
  readonly spec: Omit<AttackSpec, 'model'> & { readonly modelName?: string };
}
/** Request, client to server: stop a run or take it out of the queue. */
export const attackCancelRequest = 'leaklint/attack/cancel';
export interface AttackCancelParams {
  readonly id: number;
}
/** Notification, server to client. */
export const attackEventNotification = 'leaklint/attack/event';
export interface AttackEventParams {
  readonly id: number;
  readonly event: AttackEvent;
}

/** Request, client to server: the identifiable dimension of a model, measured. Cancellable. The client chooses the id. */
export const verifyRequest = 'leaklint/verify';
export interface VerifyParams {
  readonly id: number;
  readonly uri: string;
  /** Which model of the document; absent: its first. */
  readonly model?: string;
  /** The server fills the model's path and text from the document. */
  readonly spec: Omit<VerifySpec, 'model'>;
}
export type VerifyResult = VerifyReport;
/** Notification, server to client: how far a measurement is. */
export const verifyProgressNotification = 'leaklint/verify/progress';
export interface VerifyProgressParams extends VerifyProgress {
  readonly id: number;
}

/** Client commands that the server's lenses and actions name. */
export const commands = {
  openRulePage: 'leaklint.openRulePage',
  showLayerReport: 'leaklint.showLayerReport',
  showOutput: 'leaklint.showOutput',
  runLeakageAttack: 'leaklint.runLeakageAttack',
  verifyNumerically: 'leaklint.verifyNumerically',
  suggestHardening: 'leaklint.suggestHardening',
} as const;

/** Argument of {@link commands.showLayerReport} when it comes from a lens. */
export interface ShowReportArgument {
  readonly uri: string;
  readonly range?: Range;
}

/** Argument of {@link commands.runLeakageAttack} when it comes from a lens or a finding. */
export interface RunAttackArgument {
  readonly uri: string;
  readonly model?: string;
}

/** Scheme of the read-only documents that show a `.onnx` file as ONNX text; the path is the file's with the ending. */
export const onnxTextScheme = 'leaklint-onnx';
export const onnxTextEnding = '.onnxtxt';

export interface OnnxFileParams {
  /** URI of a `.onnx` file. */
  readonly uri: string;
}
/** Request, client to server: a `.onnx` file as ONNX text. */
export const onnxTextRequest = 'leaklint/onnx/text';
export type OnnxTextResult =
  | { readonly text: string }
  /** Why the file cannot be shown, in a sentence. */
  | { readonly failure: string };

/** Request, client to server: the layers of a `.onnx` file with their figures. */
export const onnxTableRequest = 'leaklint/onnx/table';
/** Notification, server to client, {@link OnnxFileParams}: exact figures are known; the table may be asked for again. */
export const onnxTableChangedNotification = 'leaklint/onnx/tableChanged';

export interface OnnxTable {
  /** null where the file holds none that could be read; `errors` says why. */
  readonly model: OnnxTableModel | null;
  readonly errors: readonly string[];
  /** Layers whose law is in doubt are being settled by exact elimination. */
  readonly refining: boolean;
}
export interface OnnxTableModel {
  readonly name: string;
  /** `r = 1029 of 3072 (33.5 %)` */
  readonly identifiable: string;
  /** `c(M) = −2266` */
  readonly metric: string;
  /** Why r is unknown. */
  readonly reason?: string;
  /** The layer that decides r. */
  readonly decides?: string;
  /** What the reader could not follow. */
  readonly gaps: readonly string[];
  readonly layers: readonly OnnxTableLayer[];
}
export interface OnnxTableLayer {
  readonly name: string;
  readonly op: string;
  readonly input: string;
  readonly output: string;
  /** Entries of its weights; null where unknown. */
  readonly parameters: number | null;
  readonly unknowns: number | null;
  /** Rank of the layer's whole system. */
  readonly rank: number | null;
  readonly deficiency: number | null;
  /** null for layers without a system of their own. */
  readonly verdict: 'soluble' | 'deficient' | 'unknown' | null;
  readonly explanation: string;
}
