/** Measuring a model's identifiable dimension, on request: one process a measurement, stopped with the request. */
import * as path from 'node:path';
import { type Connection, ResponseError, type TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import {
  type VerifyProgress,
  type VerifyReport,
  type VerifySpec,
  verifyMethod,
  verifyProgressMethod,
} from '../src-attack/process/verify-protocol.ts';
import { endedMessage, launchAttackProcess } from './attack-process.ts';
import { shownFile } from './onnx-documents.ts';
import { type VerifyParams, type VerifyProgressParams, verifyProgressNotification, verifyRequest } from './protocol.ts';

/** JavaScript heap of the process, MiB. The Jacobian's basis takes about 0.3 GiB; the model's weights come on top. */
const memoryLimit = 4096;
/** A process that was asked to stop and does not is killed after this time. Milliseconds. */
const patience = 800;

export function registerVerifyRequests(
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  pathOf: (document: TextDocument) => string,
) {
  const running = new Set<() => void>();

  connection.onRequest(verifyRequest, async ({ id, uri: shown, model, spec: wanted }: VerifyParams, cancel) => {
    const uri = shownFile(shown);
    const document = documents.get(uri);
    const spec: VerifySpec = {
      model: {
        path: document ? pathOf(document) : URI.parse(uri).fsPath,
        ...(document ? { text: document.getText() } : {}),
        ...(model === undefined ? {} : { name: model }),
      },
      ...wanted,
    };
    const {
      child,
      connection: process,
      ended,
    } = launchAttackProcess({
      processPath: path.join(import.meta.dirname, 'attack.cjs'),
      memoryLimit,
      log: line => connection.console.info(`verify: ${line}`),
    });
    const kill = () => void child.kill('SIGKILL');
    running.add(kill);
    cancel.onCancellationRequested(() => setTimeout(kill, patience).unref());
    process.onNotification(verifyProgressMethod, (progress: VerifyProgress) => {
      const params: VerifyProgressParams = { id, ...progress };
      void connection.sendNotification(verifyProgressNotification, params);
    });
    try {
      return await Promise.race([
        process.sendRequest<VerifyReport>(verifyMethod, spec, cancel),
        ended.then(why => Promise.reject(new ResponseError(-32000, endedMessage('measurement', why, memoryLimit)))),
      ]);
    } finally {
      running.delete(kill);
      process.dispose();
      child.kill();
    }
  });

  return {
    dispose() {
      for (const kill of running) kill();
    },
  };
}
