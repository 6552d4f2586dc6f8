/** Wires the connection: documents in, diagnostics, hovers, lenses and code actions out. Holds no analysis. */
import * as path from 'node:path';
import {
  CodeActionKind,
  CodeLensRefreshRequest,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  InlayHintRefreshRequest,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { configFileName } from '../host/config.ts';
import { createExactPool } from '../host/exact-pool.ts';
import type { FileReport } from '../src-analysis/check.ts';
import { readableExtensions } from '../src-analysis/readers/read.ts';
import { textReport } from '../src-analysis/reports/text.ts';
import { actionsFor } from './actions.ts';
import { registerAttackRequests } from './attack-requests.ts';
import { Checker } from './checker.ts';
import { createConfigs } from './configs.ts';
import { failureDiagnostic, source, toDiagnostics } from './diagnostics.ts';
import { hoverAt } from './hover.ts';
import { shapeHints } from './inlay-hints.ts';
import { lensesOf } from './lenses.ts';
import { createLinter } from './linter.ts';
import { summarise } from './model-summaries.ts';
import { onnxTextLanguage } from './onnx-documents.ts';
import { registerOnnxNavigation } from './onnx-navigation.ts';
import { registerOnnxRequests } from './onnx-requests.ts';
import {
  type DebugResult,
  debugRequest,
  type InitializationOptions,
  type ReportParams,
  type ReportResult,
  reportRequest,
} from './protocol.ts';
import { createSettings } from './settings.ts';
import { sendStatus } from './status.ts';
import { documentSymbols } from './symbols.ts';
import { registerVerifyRequests } from './verify-requests.ts';
import { version } from './version.ts';
import { tellOfFiles } from './watched-files.ts';
import { registerWhatIfs } from './what-ifs.ts';
import { registerWorkspaceRequests } from './workspace-requests.ts';

/** Milliseconds between the last keystroke and a check. */
const typingDelay = 200;
/** A check (reading and the closed-form law) that runs longer is ended. Milliseconds. */
const checkTimeLimit = 20_000;
/** Endings of files that may change what is known of an open one: pages and components hold code, too. */
const watched = [...readableExtensions, 'html', 'htm', 'vue', 'svelte'];
/** Heap of the check's worker thread, MiB. */
const checkMemoryLimit = 1024;

export function startServer(connection: Connection): void {
  const documents = new TextDocuments(TextDocument);
  const settings = createSettings(connection);
  const configs = createConfigs(connection);
  const exact = createExactPool({
    workerPath: bundled('exact-worker.cjs'),
    onFailure: error => connection.console.warn(`Exact elimination stopped: ${error.message}`),
  });
  const checker = new Checker({
    workerPath: bundled('check-worker.cjs'),
    timeLimit: checkTimeLimit,
    memoryLimit: checkMemoryLimit,
  });
  let options: InitializationOptions = {};
  let canRefreshLenses = false;
  let canRefreshHints = false;
  let canWatchFiles = false;
  let canAskFolders = false;
  let initialFolders: readonly string[] = [];
  let canConfigure = false;

  const publish = (document: TextDocument, report: FileReport, busy: boolean) => {
    void connection.sendDiagnostics({
      uri: document.uri,
      version: document.version,
      diagnostics: toDiagnostics(document, report, options.ruleUriBase),
    });
    sendStatus(connection, document.uri, report, busy);
    if (canRefreshLenses) void connection.sendRequest(CodeLensRefreshRequest.type);
    if (canRefreshHints) void connection.sendRequest(InlayHintRefreshRequest.type);
  };
  const clear = (uri: string) => {
    void connection.sendDiagnostics({ uri, diagnostics: [] });
    sendStatus(connection, uri, undefined, false);
  };

  const openTexts = (document: TextDocument) =>
    documents.all().flatMap(other => (other === document ? [] : [openText(other)]));
  const linter = createLinter({
    checker,
    exactRanks: exact.run,
    settings: settings.of,
    config: configs.of,
    pathOf: pathOf,
    openTexts,
    delay: typingDelay,
    onReport: publish,
    onBusy: document => sendStatus(connection, document.uri, linter.lastReport(document.uri), true),
    onSkipped: document => clear(document.uri),
    onFailure: (document, message, detail) => {
      connection.console.error(`${message}\n${detail}`);
      void connection.sendDiagnostics({
        uri: document.uri,
        version: document.version,
        diagnostics: [failureDiagnostic(message)],
      });
      sendStatus(connection, document.uri, undefined, false, message);
    },
  });
  const checkAll = () => {
    for (const document of documents.all()) linter.schedule(document, 0);
  };

  connection.onInitialize(params => {
    options = (params.initializationOptions as InitializationOptions | undefined) ?? {};
    const workspace = params.capabilities.workspace;
    canConfigure = workspace?.configuration === true;
    canRefreshLenses = workspace?.codeLens?.refreshSupport === true;
    canRefreshHints = workspace?.inlayHint?.refreshSupport === true;
    canAskFolders = workspace?.workspaceFolders === true;
    initialFolders = (params.workspaceFolders ?? []).map(folder => folder.uri);
    canWatchFiles = workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    if (canConfigure) settings.enableConfigurationRequests();
    return {
      serverInfo: { name: 'leaklint', version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
        hoverProvider: true,
        codeLensProvider: { resolveProvider: false },
        codeActionProvider: { codeActionKinds: ['quickfix'] },
        documentSymbolProvider: { label: 'Leaklint' },
        workspaceSymbolProvider: true,
        inlayHintProvider: true,
        definitionProvider: true,
        referencesProvider: true,
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  });

  connection.onInitialized(() => {
    if (canConfigure) void connection.client.register(DidChangeConfigurationNotification.type, { section: 'leaklint' });
    if (canWatchFiles) {
      void connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [{ globPattern: '**/leaklint.json' }, { globPattern: `**/*.{${watched.join(',')}}` }],
      });
    }
    if (canAskFolders) connection.workspace.onDidChangeWorkspaceFolders(() => workspace.changed());
  });

  connection.onDidChangeConfiguration(() => {
    settings.forget();
    checkAll();
    workspace.changed();
    if (canRefreshHints) void connection.sendRequest(InlayHintRefreshRequest.type);
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    workspace.changed();
    whatIfs.forget();
    tellOfFiles(linter, changes);
    const configChanges = changes.filter(change => URI.parse(change.uri).path.endsWith(`/${configFileName}`));
    if (configChanges.length === 0) return;
    configs.changed(configChanges.filter(change => change.type === FileChangeType.Deleted).map(change => change.uri));
    checkAll();
  });

  documents.onDidOpen(({ document }) => linter.schedule(document, 0));
  documents.onDidChangeContent(async ({ document }) => {
    if ((await settings.of(document.uri)).run !== 'onType') return;
    linter.schedule(document);
    linter.fileChanged(pathOf(document), document.getText());
  });
  documents.onDidSave(async ({ document }) => {
    if ((await settings.of(document.uri)).run === 'onSave') linter.schedule(document, 0);
  });
  documents.onDidClose(({ document }) => {
    linter.close(document.uri);
    // What was not saved counts no more.
    tellOfFiles(linter, [{ uri: document.uri, type: FileChangeType.Changed }]);
    settings.forget(document.uri);
    clear(document.uri);
  });

  const rulePage = (ruleId: string) => (options.ruleUriBase ?? '') + ruleId;
  connection.onHover(async ({ textDocument, position }, token) => {
    const document = documents.get(textDocument.uri);
    const report = document && (await linter.reportOf(document.uri, token));
    return report ? hoverAt(document, report, document.offsetAt(position), rulePage) : null;
  });
  connection.onCodeLens(async ({ textDocument }, token) => {
    const document = documents.get(textDocument.uri);
    if (!document || !(await settings.of(document.uri)).codeLens.enable) return [];
    const report = await linter.reportOf(document.uri, token);
    return report ? lensesOf(document, report) : [];
  });
  connection.onDocumentSymbol(async ({ textDocument }, token) => {
    const document = documents.get(textDocument.uri);
    const report = document && (await linter.reportOf(document.uri, token));
    return report ? documentSymbols(document, report) : [];
  });
  connection.languages.inlayHint.on(async ({ textDocument, range }, token) => {
    const document = documents.get(textDocument.uri);
    if (!document || !(await settings.of(document.uri)).inlayHints.outputShapes) return [];
    const report = await linter.reportOf(document.uri, token);
    return report ? shapeHints(document, report, range) : [];
  });
  connection.onCodeAction(async ({ textDocument, range, context }, token) => {
    const document = documents.get(textDocument.uri);
    const report = document && linter.cachedReport(document.uri);
    if (!report) return [];
    const known = actionsFor(document, report, range, options.ruleUriBase);
    // What runs on saving asks for other kinds: it never waits for analysis.
    if (context.only?.every(kind => !isQuickFix(kind))) return known;
    const ours = context.diagnostics.filter(diagnostic => diagnostic.source === source);
    return [...(await whatIfs.actionsAt(document, range, ours, token)), ...known];
  });

  connection.onRequest(reportRequest, async ({ uri }: ReportParams): Promise<ReportResult> => {
    const report = await linter.reportOf(uri);
    const document = documents.get(uri);
    if (report) return { text: textReport({ files: [{ report, text: document?.getText() ?? '' }], version }) };
    return { text: document ? 'Leaklint has not checked this file.\n' : await workspace.reportOfFile(uri) };
  });
  connection.onRequest(
    debugRequest,
    (): DebugResult => ({
      version,
      node: process.version,
      openDocuments: documents.all().length,
      exactRanksCached: linter.exactRanksCached(),
      checksRun: linter.counters.run,
      checksCancelled: linter.counters.cancelled,
      workerRestarts: checker.restarts,
      attackProcess: attacks.running() ?? null,
    }),
  );

  const workspace = registerWorkspaceRequests(connection, {
    folders: async () =>
      canAskFolders
        ? ((await connection.workspace.getWorkspaceFolders()) ?? []).map(folder => folder.uri)
        : initialFolders,
    settings,
    configs,
    openModels: uri => {
      const report = linter.cachedReport(uri);
      return report && summarise(uri, documents.get(uri)?.getText(), report);
    },
    isWatching: () => canWatchFiles,
  });
  const whatIfs = registerWhatIfs(connection, {
    documents,
    pathOf,
    openTexts,
    cachedReport: linter.cachedReport,
    reportOf: linter.reportOf,
    exactRanks: linter.exactRanks,
    exactSeconds: async uri => (await settings.of(uri)).exactElimination.maxSeconds,
  });
  const attacks = registerAttackRequests(connection, documents, uri => linter.reportOf(uri), pathOf);
  const verifications = registerVerifyRequests(connection, documents, pathOf);
  const onnx = registerOnnxRequests(connection, { settings, configs, exactRanks: exact.run });
  registerOnnxNavigation(connection, documents);

  connection.onShutdown(async () => {
    linter.dispose();
    attacks.dispose();
    verifications.dispose();
    await Promise.all([checker.dispose(), exact.dispose(), workspace.dispose(), whatIfs.dispose(), onnx.dispose()]);
  });
  documents.listen(connection);
  connection.listen();
}

/** Whether a client that asks for actions of this kind wants quick fixes. */
function isQuickFix(kind: CodeActionKind): boolean {
  return kind === '' || kind === CodeActionKind.QuickFix || kind.startsWith(`${CodeActionKind.QuickFix}.`);
}

/** A script bundled beside the server's own. */
function bundled(name: string): string {
  return path.join(import.meta.dirname, name);
}

function openText(document: TextDocument): readonly [string, string] {
  return [pathOf(document), document.getText()];
}

/** File name endings of documents that have no file yet, by language. */
const endings: Readonly<Record<string, string>> = {
  javascript: '.js',
  javascriptreact: '.jsx',
  typescript: '.ts',
  typescriptreact: '.tsx',
  json: '.json',
  html: '.html',
  vue: '.vue',
  svelte: '.svelte',
  [onnxTextLanguage]: '.onnxtxt',
};

/** The path of a document, for messages and to choose its reader; a document without a file is told by its language. */
function pathOf(document: TextDocument): string {
  const uri = URI.parse(document.uri);
  if (uri.scheme === 'file') return uri.fsPath;
  return path.posix.extname(uri.path) ? uri.path : uri.path + (endings[document.languageId] ?? '');
}
