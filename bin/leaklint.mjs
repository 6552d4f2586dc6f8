#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const bundle = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url));
if (existsSync(bundle)) {
  const { main } = createRequire(import.meta.url)(bundle);
  process.exitCode = await main(process.argv.slice(2), fileURLToPath(new URL('..', import.meta.url)));
} else {
  console.error('leaklint: dist/cli.cjs is missing: run `npm run build` first.');
  process.exitCode = 2;
}
