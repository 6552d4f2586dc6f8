/** A language client in a few lines: the built server in a child process, spoken to over stdio as any editor would. */
import { type ChildProcess, spawn } from 'node:child_process';
import * as path from 'node:path';
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeParams,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node';
import type { StatusParams } from '../../server/protocol.ts';

const serverPath = path.resolve(import.meta.dirname, '../../dist/server.cjs');

export interface TestClient {
  readonly connection: ProtocolConnection;
  readonly process: ChildProcess;
  /** Opens a document and returns its URI. */
  open(uri: string, languageId: string, text: string): void;
  change(uri: string, version: number, text: string): void;
  /** Waits for diagnostics of a version that satisfy a condition. */
  diagnostics(uri: string, version: number, accept?: (diagnostics: Diagnostic[]) => boolean): Promise<Diagnostic[]>;
  /** Every publication so far, oldest first. */
  readonly published: PublishDiagnosticsParams[];
  readonly status: StatusParams[];
  stop(): Promise<void>;
}

export interface ClientOptions {
  readonly folders?: readonly string[];
  readonly settings?: Record<string, unknown>;
  readonly ruleUriBase?: string;
}

export async function startClient(options: ClientOptions = {}): Promise<TestClient> {
  const child = spawn(process.execPath, [serverPath, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const published: PublishDiagnosticsParams[] = [];
  const status: StatusParams[] = [];
  const waiting = new Set<() => void>();
  connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
    published.push(params);
    for (const look of [...waiting]) look();
  });
  connection.onNotification('leaklint/status', (params: StatusParams) => {
    status.push(params);
  });
  connection.onRequest('workspace/configuration', (params: { items: unknown[] }) =>
    params.items.map(() => options.settings ?? {}),
  );
  connection.onRequest('client/registerCapability', () => null);
  connection.onRequest('workspace/codeLens/refresh', () => null);
  const workspaceFolders = (options.folders ?? []).map(folder => ({ uri: folder, name: path.basename(folder) }));
  connection.onRequest('workspace/workspaceFolders', () => workspaceFolders);
  connection.listen();
  const initialize: InitializeParams = {
    processId: process.pid,
    rootUri: null,
    workspaceFolders,
    initializationOptions: options.ruleUriBase ? { ruleUriBase: options.ruleUriBase } : {},
    capabilities: {
      workspace: { configuration: true, workspaceFolders: true, codeLens: { refreshSupport: true } },
      textDocument: { publishDiagnostics: { versionSupport: true, relatedInformation: true } },
    },
  };
  await connection.sendRequest('initialize', initialize);
  await connection.sendNotification('initialized', {});

  const find = (uri: string, version: number, accept: (diagnostics: Diagnostic[]) => boolean) =>
    published.findLast(p => p.uri === uri && p.version === version && accept(p.diagnostics))?.diagnostics;

  return {
    connection,
    process: child,
    published,
    status,
    open: (uri, languageId, text) =>
      void connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } }),
    change: (uri, version, text) =>
      void connection.sendNotification('textDocument/didChange', {
        textDocument: { uri, version },
        contentChanges: [{ text }],
      }),
    diagnostics: (uri, version, accept = () => true) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(
            new Error(
              `no such diagnostics for ${uri} version ${version}; published: ${JSON.stringify(published.filter(p => p.uri === uri))}`,
            ),
          );
        }, 30_000);
        const look = () => {
          const found = find(uri, version, accept);
          if (!found) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      const gone = new Promise(resolve => child.once('exit', resolve));
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      await gone;
      connection.dispose();
    },
  };
}
