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
import { chooseEngine } from '../engines/choose.ts';
import { engineChoices } from './engines.ts';
import {
  type AttackChoices,
  type AttackEvent,
  type AttackSpec,
  choicesMethod,
  eventMethod,
  type ProbeParams,
  type ProbeResult,
  probeMethod,
  runMethod,
} from './protocol.ts';
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

connection.onRequest(
  choicesMethod,
  (): AttackChoices => ({
    methods: attacks.map(({ name, description }) => ({ id: name, title: name, description })),
    engines: engineChoices,
  }),
);

connection.onRequest(probeMethod, async ({ engine, folder }: ProbeParams): Promise<ProbeResult> => {
  try {
    const chosen = await chooseEngine(engine, { folder });
    const { device, version } = chosen.engine.info;
    await chosen.engine.dispose();
    return { works: true, device, version, reason: '' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { works: false, device: '', version: '', reason: reason.replace(`${engine}: `, '') };
  }
});

// Nobody is left to run for.
process.on('disconnect', () => process.exit(0));
connection.listen();
