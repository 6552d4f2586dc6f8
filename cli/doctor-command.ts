import { fork } from 'node:child_process';
import * as path from 'node:path';
import type { Command } from 'commander';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import packageJson from '../package.json' with { type: 'json' };
import { engineNames } from '../src-attack/engines/choose.ts';
import { type ProbeParams, type ProbeResult, probeMethod } from '../src-attack/process/protocol.ts';
import type { Environment } from './environment.ts';

/** An engine that hangs while it starts (a driver, say) is given up after this time. Milliseconds. */
const patience = 60_000;

/** `leaklint doctor`: every engine there could be, whether it works here, and why not. */
export function addDoctorCommand(program: Command, environment: Environment): void {
  program
    .command('doctor')
    .description('say which attack engines work on this machine, and what the others lack')
    .option('--tfjs-folder <folder>', 'where to look for TensorFlow.js; default: the current folder, upwards')
    .action(async ({ tfjsFolder = '.' }: { readonly tfjsFolder?: string }) => {
      const folder = path.resolve(environment.cwd, tfjsFolder);
      const { platform, arch, version } = process;
      await environment.write(`Leaklint ${packageJson.version}, Node ${version}, ${platform} ${arch}\n\n`);
      for (const engine of engineNames) {
        environment.progress(`trying ${engine}`);
        const result = await probe({ engine, folder }, environment);
        environment.progress(null);
        const mark = result.works ? 'works   ' : 'missing ';
        const what = result.works ? `${result.device}, version ${result.version}` : result.reason;
        await environment.write(`${mark} ${engine.padEnd(19)} ${what}\n`);
      }
    });
}

/** Each engine in a process of its own: a native library that crashes tells only of itself. */
async function probe(params: ProbeParams, { root }: Environment): Promise<ProbeResult> {
  const child = fork(path.join(root, 'dist', 'attack.cjs'), [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  const failed = (reason: string): ProbeResult => ({ works: false, device: '', version: '', reason });
  const ended = new Promise<ProbeResult>(resolve => {
    child.once('error', error => resolve(failed(error.message)));
    child.once('exit', (code, signal) => resolve(failed(`It ended its process (${signal ?? `exit code ${code}`}).`)));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>(resolve => {
    timer = setTimeout(() => resolve(failed(`It did not start within ${patience / 1000} s.`)), patience);
  });
  try {
    // A process that dies rejects the request as well; its end, which says more, is then the answer.
    const answer = connection.sendRequest<ProbeResult>(probeMethod, params).catch(() => ended);
    return await Promise.race([answer, ended, late]);
  } finally {
    clearTimeout(timer);
    connection.dispose();
    child.kill();
  }
}
