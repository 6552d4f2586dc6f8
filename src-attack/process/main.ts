/**
 * Entry point of the attack process: one run over JSON-RPC on Node's channel to the parent, or the list of what can be
 * chosen. It may be killed at any moment.
 */
import {
  type CancellationToken,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
} from 'vscode-jsonrpc/node';
import { attacks } from '../attacks/registry.ts';
import { engineChoices } from './engines.ts';
import { type AttackEvent, type AttackSpec, choicesMethod, eventMethod, runMethod } from './protocol.ts';
import { runSpec } from './run-spec.ts';

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));

connection.onRequest(runMethod, async (spec: AttackSpec, token: CancellationToken) => {
  const emit = (event: AttackEvent) => void connection.sendNotification(eventMethod, event);
  try {
    await runSpec(spec, { cancel: token, emit });
    emit({ type: 'finished' });
  } catch (error) {
    throw new ResponseError(-32000, error instanceof Error ? error.message : String(error));
  }
});

connection.onRequest(choicesMethod, async () => ({
  methods: attacks.map(({ name, description }) => ({ id: name, title: name, description })),
  engines: await engineChoices(),
}));

// Nobody is left to run for.
process.on('disconnect', () => process.exit(0));
connection.listen();
