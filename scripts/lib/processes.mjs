import { spawn } from 'node:child_process';
import * as os from 'node:os';
import * as path from 'node:path';
import { cacheFolder, isWritable, root } from './paths.mjs';

/**
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, seconds?: number, capture?: boolean, shell?: boolean }} RunOptions
 * @typedef {{ ok: boolean, code: number | null, output: string, reason: string }} RunResult
 */

/**
 * Runs a program to its end, with its output shown (or captured) and its whole process group killed when it takes too long.
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options] `seconds`: time limit
 * @returns {Promise<RunResult>} never rejects
 */
export function run(program, args, options = {}) {
  const { cwd = root, env = process.env, seconds = 600, capture = false, shell = false } = options;
  return new Promise(resolve => {
    const group = process.platform !== 'win32';
    const stream = capture ? 'pipe' : 'inherit';
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', stream, stream], detached: group, shell });
    let output = '';
    let reason = '';
    child.stdout?.on('data', chunk => {
      output += chunk;
    });
    child.stderr?.on('data', chunk => {
      output += chunk;
    });
    const kill = (/** @type {NodeJS.Signals} */ signal) => {
      if (child.pid !== undefined) killGroup(group ? -child.pid : child.pid, signal);
    };
    const timer = setTimeout(() => {
      reason = `took longer than ${seconds} s`;
      kill('SIGKILL');
    }, seconds * 1000);
    const stop = (/** @type {NodeJS.Signals} */ signal) => {
      kill(signal);
      process.exit(130);
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    const finish = (/** @type {number | null} */ code, /** @type {string} */ why) => {
      clearTimeout(timer);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve({ ok: code === 0 && !reason, code, output, reason: reason || why });
    };
    child.once('error', error => finish(null, error.message));
    child.once('close', (code, signal) => finish(code, code === 0 ? '' : `exit ${signal ?? code}`));
  });
}

/**
 * @param {number} pid negative: a process group
 * @param {NodeJS.Signals} signal
 */
export function killGroup(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // already gone
  }
}

/**
 * Runs one of this repository's scripts under the Node that runs us.
 * @param {string} script relative to the root
 * @param {string[]} [args]
 * @param {RunOptions} [options]
 */
export function runScript(script, args = [], options = {}) {
  return run(process.execPath, [path.join(root, script), ...args], options);
}

/**
 * Runs npm: the one that started us where there is one, else the one on the path.
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function npm(args, options = {}) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...(options.env ?? process.env), npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
  // npm fails where it can't write its cache, as under a user without a home folder.
  if (!isWritable(env.npm_config_cache ?? path.join(os.homedir(), '.npm'))) {
    env.npm_config_cache = path.join(cacheFolder(), 'npm');
  }
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return run(process.execPath, [cli, ...args], { ...options, env });
  return run('npm', args, { ...options, env, shell: process.platform === 'win32' });
}
