/** What a command needs of its process, so that tests can run commands without one. */
export interface Environment {
  /** Leaklint's own folder: dist/ and docs/ are in it. */
  readonly root: string;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** Whether the report goes to a terminal that shows colours. */
  readonly colours: boolean;
  /** Writes to the report's stream and waits for it; rejects when the reader has gone. */
  readonly write: (text: string) => Promise<void>;
  /** One line for the log (standard error). */
  readonly log: (line: string) => void;
  /** A passing line on a terminal's standard error; null removes it. */
  readonly progress: (line: string | null) => void;
}

export const exitCodes = { clean: 0, findings: 1, failure: 2 } as const;

/** A failure with a sentence for the user and no stack trace: wrong usage, configuration, input or output. */
export class UserError extends Error {}

export function processEnvironment(root: string): Environment {
  const { stdout, stderr, env } = process;
  // Errors of the stream reach the user through the rejected write; unheard, this event would end the process.
  stdout.on('error', () => {});
  return {
    root,
    cwd: process.cwd(),
    colours: env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : stdout.isTTY === true && !env.NO_COLOR,
    write: text => new Promise((resolve, reject) => stdout.write(text, error => (error ? reject(error) : resolve()))),
    log: line => void stderr.write(`${line}\n`),
    progress: line => {
      if (stderr.isTTY) stderr.write(`\r\u001b[K${line ?? ''}`);
    },
  };
}
