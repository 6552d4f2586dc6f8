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
import { defences } from '../defences/registry.ts';
import { chooseEngine } from '../engines/choose.ts';
import { engineChoices } from './engines.ts';
import { watchMemory } from './memory-guard.ts';
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
import { serveVerify } from './verify.ts';

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));

connection.onRequest(runMethod, async (spec: AttackSpec, token: CancellationToken) => {
  const emit = (event: AttackEvent) => connection.sendNotification(eventMethod, event);
  const advice = 'What was reached so far is kept; try a smaller image or another attack.';
  const unwatch = watchMemory({ what: 'The attack', advice }, async message => {
    await emit({ type: 'failed', message });
    process.exit(1);
  });
  try {
    await runSpec(spec, { cancel: token, emit: event => void emit(event) });
    await emit({ type: 'finished' });
  } catch (error) {
    throw new ResponseError(-32000, error instanceof Error ? error.message : String(error));
  } finally {
    unwatch();
  }
});

connection.onRequest(
  choicesMethod,
  (): AttackChoices => ({
    methods: attacks.map(({ name, description }) => ({ id: name, title: name, description })),
    defences: defences.map(({ name, title, description, example, levels }) => ({
      id: name,
      title,
      description,
      example,
      sweep: levels === '' ? '' : `${name}:${levels}`,
    })),
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

serveVerify(connection);

// Nobody is left to run for.
process.on('disconnect', () => process.exit(0));
connection.listen();
