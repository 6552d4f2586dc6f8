/**
 * Starts and watches attack processes: one run at a time, each in a process of its own, which may die at any moment
 * without costing the editor anything. What it told before stays with the client.
 */
import type { ChildProcess } from 'node:child_process';
import { type CancellationToken, CancellationTokenSource, type MessageConnection } from 'vscode-jsonrpc/node';
import {
  type AttackChoices,
  type AttackEvent,
  type AttackSpec,
  choicesMethod,
  eventMethod,
  runMethod,
} from '../src-attack/process/protocol.ts';
import { type AttackProcessOptions, endedMessage, launchAttackProcess } from './attack-process.ts';

export interface AttackHostOptions extends AttackProcessOptions {
  readonly onEvent: (id: number, event: AttackEvent) => void;
}

interface Run {
  readonly id: number;
  readonly spec: AttackSpec;
  readonly cancellation: CancellationTokenSource;
  process?: ChildProcess;
}

/** A process that was asked to stop and does not is killed after this time. Milliseconds. */
const patience = 800;

export function createAttackHost(options: AttackHostOptions) {
  const queue: Run[] = [];
  let active: Run | undefined;
  let disposed = false;

  function start(id: number, spec: AttackSpec): void {
    queue.push({ id, spec, cancellation: new CancellationTokenSource() });
    if (active) announceQueue();
    void next();
  }

  function cancel(id: number): void {
    const waiting = queue.findIndex(run => run.id === id);
    if (waiting >= 0) {
      queue.splice(waiting, 1);
      options.onEvent(id, { type: 'cancelled' });
      announceQueue();
    } else if (active?.id === id) {
      active.cancellation.cancel();
      const { process } = active;
      setTimeout(() => process?.kill('SIGKILL'), patience).unref();
    }
  }

  async function next(): Promise<void> {
    if (active || disposed) return;
    const run = queue.shift();
    if (!run) return;
    active = run;
    announceQueue();
    options.onEvent(run.id, { type: 'starting' });
    const last = await execute(run);
    active = undefined;
    if (last) options.onEvent(run.id, last);
    void next();
  }

  /** Runs to the end, and tells what is left to say: nothing after a `finished` or `failed` of the process itself. */
  async function execute(run: Run): Promise<AttackEvent | undefined> {
    const { child, connection, ended } = launchAttackProcess(options);
    run.process = child;
    let said = false;
    connection.onNotification(eventMethod, (event: AttackEvent) => {
      said = event.type === 'finished' || event.type === 'failed';
      options.onEvent(run.id, event);
    });
    const outcome = await Promise.race([
      request(connection, run.spec, run.cancellation.token),
      ended.then(why => ({ ended: why })),
    ]);
    connection.dispose();
    child.kill();
    if (run.cancellation.token.isCancellationRequested) return { type: 'cancelled' };
    if (said) return undefined;
    if (outcome && 'ended' in outcome)
      return { type: 'failed', message: endedMessage('attack', outcome.ended, options.memoryLimit) };
    return outcome?.failure ? { type: 'failed', message: outcome.failure } : undefined;
  }

  function announceQueue(): void {
    queue.forEach((run, place) => {
      options.onEvent(run.id, { type: 'queued', ahead: place + (active ? 1 : 0) });
    });
  }

  /** Asks a process of its own, since finding engines means loading tensor libraries. Asked once, then remembered. */
  let choices: Promise<AttackChoices> | undefined;
  function askChoices(): Promise<AttackChoices> {
    choices ??= (async () => {
      const { child, connection, ended } = launchAttackProcess(options);
      try {
        return await Promise.race([
          connection.sendRequest<AttackChoices>(choicesMethod),
          ended.then(why => Promise.reject(new Error(`The attack process could not be started (${why}).`))),
        ]);
      } finally {
        connection.dispose();
        child.kill();
      }
    })();
    choices.catch(() => {
      choices = undefined;
    });
    return choices;
  }

  return {
    start,
    cancel,
    choices: askChoices,
    running: () => active?.process?.pid,
    dispose() {
      disposed = true;
      queue.length = 0;
      active?.process?.kill('SIGKILL');
    },
  };
}

async function request(
  connection: MessageConnection,
  spec: AttackSpec,
  token: CancellationToken,
): Promise<{ failure: string } | undefined> {
  try {
    await connection.sendRequest(runMethod, spec, token);
    return undefined;
  } catch (error) {
    // A process that dies rejects the request as well; its exit, which says more, is then the answer.
    if (!token.isCancellationRequested) await new Promise(resolve => setTimeout(resolve, 200));
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
