// Runs test/exthost in a desktop VS Code: $VSCODE_EXECUTABLE, or one that @vscode/test-electron downloads
// ($VSCODE_VERSION, default stable). SKIPPED, with the reason, where there is neither.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { exthostWorkspace, readHostResults } from './lib/exthost.mjs';
import { cacheFolder, out, root } from './lib/paths.mjs';
import { clearResults, conclude, printResult, saveResults } from './lib/results.mjs';

/** @returns {Promise<{ program: string } | { reason: string }>} */
async function findVsCode() {
  if (process.env.VSCODE_EXECUTABLE) return { program: process.env.VSCODE_EXECUTABLE };
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return { reason: 'there is no display; run it under xvfb-run' };
  }
  try {
    const version = process.env.VSCODE_VERSION ?? 'stable';
    return {
      program: await downloadAndUnzipVSCode({ version, cachePath: path.join(cacheFolder(), 'vscode-desktop') }),
    };
  } catch (error) {
    return { reason: `VS Code can't be downloaded (${error instanceof Error ? error.message : error})` };
  }
}

/** @param {string} program */
async function main(program) {
  clearResults('desktop');
  const workspace = exthostWorkspace();
  const userData = path.join(workspace.parent, 'user-data');
  let end = '';
  delete process.env.ELECTRON_RUN_AS_NODE;
  try {
    await runTests({
      vscodeExecutablePath: program,
      extensionDevelopmentPath: root,
      extensionTestsPath: path.join(out, 'exthost/index.cjs'),
      extensionTestsEnv: { LEAKLINT_TEST_RESULTS: workspace.results },
      launchArgs: [
        workspace.folder,
        '--disable-extensions',
        '--disable-workspace-trust',
        `--user-data-dir=${userData}`,
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    });
  } catch (error) {
    end = error instanceof Error ? error.message : String(error);
  }
  const tests = readHostResults(workspace.results, end);
  fs.rmSync(workspace.parent, { recursive: true, force: true });
  for (const test of tests) printResult(test);
  saveResults('desktop', tests);
  conclude(tests);
}

const found = await findVsCode();
if ('program' in found) await main(found.program);
else console.log(`SKIPPED: ${found.reason}; set VSCODE_EXECUTABLE to an installed one`);
