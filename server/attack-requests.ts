/** The attack's requests: which models, attacks and engines there are; start and cancel. */
import * as path from 'node:path';
import type { Connection, TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import { readSourceFile } from '../host/files.ts';
import { checkSource, type FileReport } from '../src-analysis/check.ts';
import { defaultConfig } from '../src-analysis/findings/config.ts';
import { neverCancelled } from '../src-analysis/readers/reader.ts';
import { modelLine } from '../src-analysis/reports/headline.ts';
import type { AttackSpec } from '../src-attack/process/protocol.ts';
import { createRelatedFiles } from '../src-attack/run/related-files.ts';
import { createAttackHost } from './attacks.ts';
import { shownFile } from './onnx-documents.ts';
import {
  type AttackCancelParams,
  type AttackEventParams,
  type AttackModel,
  type AttackModelsParams,
  type AttackStartParams,
  attackCancelRequest,
  attackChoicesRequest,
  attackEventNotification,
  attackModelsRequest,
  attackStartRequest,
} from './protocol.ts';

/** JavaScript heap of an attack process, MiB. */
const attackMemoryLimit = 4096;

export function registerAttackRequests(
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  reportOf: (uri: string) => Promise<FileReport | undefined>,
  pathOf: (document: TextDocument) => string,
) {
  const host = createAttackHost({
    processPath: path.join(import.meta.dirname, 'attack.cjs'),
    memoryLimit: attackMemoryLimit,
    onEvent: (id, event) =>
      void connection.sendNotification(attackEventNotification, { id, event } satisfies AttackEventParams),
    log: line => connection.console.info(`attack: ${line}`),
  });

  connection.onRequest(attackModelsRequest, async ({ uri: shown }: AttackModelsParams): Promise<AttackModel[]> => {
    const uri = shownFile(shown);
    const report = (await reportOf(uri)) ?? (await reportOfFile(uri));
    return (report?.models ?? []).map(({ graph, analysis }) => ({
      name: graph.name,
      summary: modelLine(graph, analysis),
    }));
  });
  connection.onRequest(attackChoicesRequest, () => host.choices());
  connection.onRequest(attackStartRequest, ({ id, uri: shown, spec }: AttackStartParams) => {
    const uri = shownFile(shown);
    const document = documents.get(uri);
    const { modelName, ...rest } = spec;
    const model: AttackSpec['model'] = {
      path: document ? pathOf(document) : URI.parse(uri).fsPath,
      ...(document ? { text: document.getText() } : {}),
      ...(modelName === undefined ? {} : { name: modelName }),
    };
    host.start(id, { ...rest, model });
  });
  connection.onRequest(attackCancelRequest, ({ id }: AttackCancelParams) => host.cancel(id));
  return host;
}

/** A file that is open in no text editor (an .onnx, say). */
async function reportOfFile(uri: string): Promise<FileReport | undefined> {
  const read = await readSourceFile(URI.parse(uri).fsPath);
  if (read.kind !== 'file') return undefined;
  const related = createRelatedFiles({ base: process.cwd() });
  return checkSource({ ...read.file, related }, { config: defaultConfig, exact: new Map(), cancel: neverCancelled });
}
