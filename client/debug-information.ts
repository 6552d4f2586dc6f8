import * as os from 'node:os';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { type DebugResult, debugRequest } from '../server/protocol.ts';

/** Facts for a bug report, without names of the user's files. */
export async function debugInformation(
  context: vscode.ExtensionContext,
  client: LanguageClient | undefined,
): Promise<string> {
  const lines = [
    `Leaklint ${String(context.extension.packageJSON.version)}`,
    `VS Code ${vscode.version} (${vscode.env.appName}, ${vscode.env.remoteName ?? 'local'})`,
    `Platform ${os.platform()} ${os.arch()}, Node ${process.version}`,
  ];
  try {
    const server = await client?.sendRequest<DebugResult>(debugRequest);
    if (server) {
      lines.push(
        `Server ${server.version} on Node ${server.node}: ${server.openDocuments} documents, ${server.checksRun} checks, ${server.checksCancelled} cancelled, ${server.exactRanksCached} exact ranks, ${server.workerRestarts} worker restarts`,
      );
    } else lines.push('Server not running');
  } catch (error) {
    lines.push(`Server does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
  return lines.join('\n');
}
