/** Runs commands in tests, as from a folder. */
import * as path from 'node:path';
import { runCommand } from './main.ts';

export const repository = path.resolve(import.meta.dirname, '..');

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly log: string;
  /** Every passing line; '' where one was removed. */
  readonly progress: readonly string[];
}

export async function runIn(cwd: string, args: readonly string[]): Promise<CommandResult> {
  let stdout = '';
  const log: string[] = [];
  const progress: string[] = [];
  const code = await runCommand(args, {
    root: repository,
    cwd,
    colours: false,
    write: async text => {
      stdout += text;
    },
    log: line => log.push(line),
    progress: line => void progress.push(line ?? ''),
  });
  return { code, stdout, log: log.join('\n'), progress };
}
