import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseEngine, type EngineName } from './choose.ts';
import { type Disagreement, findDisagreements } from './conformance.ts';
import type { Precision } from './engine.ts';

/*
 * Every operator, its gradient and its gradient of a gradient on every engine that is present, against the float64
 * reference (which gradient.test.ts checks by finite differences). Engines on a GPU, and those that packages outside this
 * repository bring, run in a child process; where they are not present, a line says so.
 */

const root = process.cwd();

interface Case {
  readonly name: EngineName;
  readonly precision: Precision;
  /** Cases for which the library has no kernel: the engine says so. */
  readonly missing?: readonly string[];
}

const bundled: readonly Case[] = [
  { name: 'onnxruntime-cpu', precision: 'float32' },
  { name: 'onnxruntime-cpu', precision: 'float64', missing: ['erf', 'gelu'] },
  { name: 'onnxruntime-wasm', precision: 'float32' },
  { name: 'tfjs-cpu', precision: 'float32' },
];

describe('every operator agrees with the float64 reference', () => {
  it.each(bundled)('on $name in $precision', async ({ name, precision, missing = [] }) => {
    const { engine } = await chooseEngine(name, { folder: root });
    expect(engine.info.name).toBe(name);
    const found = await findDisagreements(engine, precision);
    expect(found.filter(({ testCase }) => !missing.includes(testCase))).toEqual([]);
    expect(found.map(({ testCase }) => testCase)).toEqual(missing);
    await engine.dispose();
  });
});

/** Folder with TensorFlow.js packages that this repository does not depend on (tfjs-node, backend-wasm, backend-webgpu). */
const tfjsFolder = process.env.LEAKLINT_TFJS_FOLDER ?? root;
const optional: readonly EngineName[] = [
  'onnxruntime-webgpu',
  'onnxruntime-cuda',
  'tfjs-node-gpu',
  'tfjs-node',
  'tfjs-wasm',
  'tfjs-webgpu',
];

describe('the same in a process of its own', () => {
  // Inside the repository, so that the script finds its packages.
  const folder = mkdtempSync(join(root, 'node_modules', '.leaklint-conformance-'));
  const script = join(folder, 'conformance.mjs');
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    const entryPoints = [join(root, 'src-attack/engines/conformance-child.ts')];
    await build({ entryPoints, outfile: script, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
  });
  afterAll(() => {
    child?.kill();
    rmSync(folder, { recursive: true });
  });

  // A software GPU compiles hundreds of shaders.
  it.each(optional)('on %s, where present', { timeout: 300_000 }, async name => {
    const answer = await run(name);
    if (answer.absent) console.log(`${name} is not present: ${answer.absent}`);
    else expect(answer.found).toEqual([]);
  });

  interface Answer {
    readonly found?: readonly Disagreement[];
    readonly absent?: string;
  }

  function run(name: EngineName): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const started = spawn(process.execPath, [script, name, tfjsFolder], { env: gpuEnvironment() });
      child = started;
      let output = '';
      started.stdout.on('data', chunk => {
        output += chunk;
      });
      started.on('error', reject);
      started.on('close', () => {
        const line = output.split('\n').find(each => each.startsWith('{'));
        if (line) resolve(JSON.parse(line) as Answer);
        else reject(new Error(`${name} ended its process without an answer.`));
      });
    });
  }
});

/** Where no driver is named, the software one inside Debian's chromium package stands in for a GPU. */
function gpuEnvironment(): NodeJS.ProcessEnv {
  const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
  if (process.env.VK_ICD_FILENAMES || !existsSync(swiftShader)) return process.env;
  return { ...process.env, VK_ICD_FILENAMES: swiftShader };
}
