// Opens a real VS Code with the packaged extension, for a person.   npm run editor [-- FOLDER] [--port N] [--host NAME]
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { requireNode } from './lib/node-version.mjs';
import { root, vsix } from './lib/paths.mjs';
import { runScript } from './lib/processes.mjs';
import { build, installDependencies } from './lib/setup.mjs';
import { unsupported } from './lib/vscode-install.mjs';
import { startVsCode } from './lib/vscode-server.mjs';

requireNode(20, 0);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: process.env.PORT ?? '8123' },
    host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
  },
});

async function main() {
  const reason = unsupported();
  if (reason) throw new Error(`${reason}; install leaklint.vsix (npm run package) in your own VS Code instead`);
  if (!(await installDependencies()) || !(await build())) throw new Error('set-up failed');
  if (!(await runScript('scripts/package.mjs')).ok) throw new Error('packaging failed');
  const server = await startVsCode({ extension: vsix, host: values.host, port: Number(values.port) });
  const interrupted = new Promise(resolve => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  console.log(
    `\nVS Code with Leaklint is at\n  ${server.url(path.resolve(positionals[0] ?? path.join(root, 'examples')))}`,
  );
  console.log('The address gives whoever has it this user’s files and terminal. Ctrl-C ends it.');
  if (!['127.0.0.1', 'localhost'].includes(values.host)) {
    console.log('Panels need a secure origin: from another machine, come through ssh -L or https.');
  }
  const ended = await Promise.race([interrupted, server.exited.then(() => 'ended')]);
  if (ended === 'ended') console.error(`The server ended:\n${server.logs()}`);
  await server.stop();
}

main().catch(error => {
  console.error(`No editor: ${error.message}`);
  process.exitCode = 1;
});
