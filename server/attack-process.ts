/** Child processes that do what needs a tensor library: each may die at any moment without costing the editor anything. */
import { type ChildProcess, fork } from 'node:child_process';
import {
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';

export interface AttackProcessOptions {
  /** The bundled attack process. */
  readonly processPath: string;
  /** JavaScript heap of the process, MiB. */
  readonly memoryLimit: number;
  readonly log: (line: string) => void;
}

export interface AttackProcess {
  readonly child: ChildProcess;
  readonly connection: MessageConnection;
  /** Resolves with the signal or exit code when the process has ended, whatever the reason. */
  readonly ended: Promise<string>;
}

export function launchAttackProcess({ processPath, memoryLimit, log }: AttackProcessOptions): AttackProcess {
  const child = fork(processPath, [], {
    execArgv: [`--max-old-space-size=${memoryLimit}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.stdout?.on('data', chunk => log(String(chunk).trimEnd()));
  child.stderr?.on('data', chunk => log(String(chunk).trimEnd()));
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  return { child, connection, ended };
}

const afterEnd = {
  attack: {
    kept: 'What was reached so far is kept; run the attack again to go on.',
    less: 'try a smaller image or fewer attacks',
  },
  measurement: { kept: 'Nothing else is lost; measure again.', less: 'try a smaller model or fewer examples' },
} as const;

/** Sentences for the user about a process that ended by itself. */
export function endedMessage(what: keyof typeof afterEnd, why: string, memoryLimit: number): string {
  const { kept, less } = afterEnd[what];
  const memory =
    why === 'SIGABRT' || why === 'exit code 134' || why === 'SIGKILL'
      ? ` If nobody ended it, it ran out of memory (its heap limit is ${memoryLimit} MiB): ${less}.`
      : '';
  return `The process of the ${what} ended (${why}). ${kept}${memory}`;
}
