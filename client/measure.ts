import type { CancellationToken } from 'vscode-jsonrpc/node';
import type { LanguageClient } from 'vscode-languageclient/node';
import {
  type VerifyParams,
  type VerifyProgressParams,
  type VerifyResult,
  verifyProgressNotification,
  verifyRequest,
} from '../server/protocol.ts';

/** Tells this window's measurements apart. */
let lastId = 0;

/** Measures a model's identifiable dimension in a process of its own; undefined when the token stopped it. */
export async function measure(
  client: LanguageClient,
  wanted: Omit<VerifyParams, 'id'>,
  token: CancellationToken,
  onProgress: (progress: VerifyProgressParams) => void,
): Promise<VerifyResult | undefined> {
  const params: VerifyParams = { id: ++lastId, ...wanted };
  const listening = client.onNotification(verifyProgressNotification, (progress: VerifyProgressParams) => {
    if (progress.id === params.id && !token.isCancellationRequested) onProgress(progress);
  });
  try {
    return await client.sendRequest<VerifyResult>(verifyRequest, params, token);
  } catch (error) {
    if (token.isCancellationRequested) return undefined;
    throw error;
  } finally {
    listening.dispose();
  }
}
