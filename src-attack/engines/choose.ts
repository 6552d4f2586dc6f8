import type { Engine, EngineInfo } from './engine.ts';
import { loadOnnxCpu, loadOnnxCuda, loadOnnxWasm, loadOnnxWebGpu } from './onnxruntime/load.ts';
import { smokeTest } from './smoke-test.ts';
import { loadTfjs } from './tfjs/load.ts';

/** What an engine may be loaded with. */
export interface EngineOptions {
  /** Folder from which TensorFlow.js is looked for as Node would: the user's workspace, or the one a setting names. */
  readonly folder: string;
  /** Threads for one operation of onnxruntime-cpu; 1 unless told. */
  readonly threads?: number;
}

const loaders = {
  'onnxruntime-cuda': () => loadOnnxCuda(),
  'onnxruntime-cpu': ({ threads }: EngineOptions) => loadOnnxCpu(threads),
  'onnxruntime-webgpu': () => loadOnnxWebGpu(),
  'onnxruntime-wasm': () => loadOnnxWasm(),
  'tfjs-node-gpu': ({ folder }: EngineOptions) => loadTfjs('tfjs-node-gpu', folder),
  'tfjs-node': ({ folder }: EngineOptions) => loadTfjs('tfjs-node', folder),
  'tfjs-wasm': ({ folder }: EngineOptions) => loadTfjs('tfjs-wasm', folder),
  'tfjs-webgpu': ({ folder }: EngineOptions) => loadTfjs('tfjs-webgpu', folder),
  'tfjs-cpu': ({ folder }: EngineOptions) => loadTfjs('tfjs-cpu', folder),
} satisfies Readonly<Record<string, (options: EngineOptions) => Promise<Engine>>>;

export type EngineName = keyof typeof loaders;

export const engineNames = Object.keys(loaders) as readonly EngineName[];

/**
 * Engines that a choice on the command line stands for, best first. `auto` takes a CUDA device where there is one, and
 * else the CPU: a step of a small model takes a millisecond there, less than moving its tensors to a GPU and back. WebGPU is
 * therefore for who asks for it. WebAssembly comes last and runs wherever Node does.
 */
const choices: Readonly<Record<string, readonly EngineName[]>> = {
  auto: ['onnxruntime-cuda', 'onnxruntime-cpu', 'onnxruntime-wasm'],
  cpu: ['onnxruntime-cpu'],
  cuda: ['onnxruntime-cuda'],
  webgpu: ['onnxruntime-webgpu'],
  wasm: ['onnxruntime-wasm'],
  tfjs: ['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'],
};

/** What an engine needs, told where it does not start. */
const needs: Readonly<Record<EngineName, string>> = {
  'onnxruntime-cuda':
    'It needs an NVIDIA GPU, CUDA with cuDNN, and the CUDA provider library, which the package onnxruntime-node does not carry.',
  'onnxruntime-cpu': 'It needs the package onnxruntime-node with its library for this platform.',
  'onnxruntime-webgpu': 'It needs a GPU with a Vulkan, Direct3D 12 or Metal driver.',
  'onnxruntime-wasm': 'It needs the package onnxruntime-web.',
  'tfjs-node-gpu': 'It needs the package in the workspace, and CUDA.',
  'tfjs-node': 'It needs the package in the workspace, with its native library.',
  'tfjs-wasm': 'It needs both packages in the workspace.',
  'tfjs-webgpu': 'It needs both packages in the workspace, and, in Node, the package webgpu and a GPU driver.',
  'tfjs-cpu': 'It needs the package in the workspace.',
};

/** An engine that was looked for, and why it cannot be used where it cannot. */
export interface EngineReport {
  readonly name: EngineName;
  readonly info: EngineInfo | null;
  /** One line; empty where the engine works. */
  readonly reason: string;
}

export interface ChosenEngine {
  readonly engine: Engine;
  /** Better engines of the choice that could not be used. */
  readonly passedOver: readonly EngineReport[];
}

/**
 * The first engine that works for a choice: `auto`, `cpu`, `cuda`, `webgpu`, `wasm`, `tfjs`, or an engine's own name. It has
 * computed a small gradient before it is handed out. Rejects with the reasons where none works.
 */
export async function chooseEngine(choice: string, options: EngineOptions): Promise<ChosenEngine> {
  const names = choices[choice] ?? engineNames.filter(name => name === choice);
  if (names.length === 0) {
    const known = [...Object.keys(choices), ...engineNames].join(', ');
    throw new Error(`There is no engine "${choice}". Choose one of: ${known}.`);
  }
  const passedOver: EngineReport[] = [];
  for (const name of names) {
    const tried = await tryEngine(name, options);
    if (tried.engine) return { engine: tried.engine, passedOver };
    passedOver.push(tried.report);
  }
  throw new Error(passedOver.map(({ name, reason }) => `${name}: ${reason}`).join('\n'));
}

/** Every engine there could be, whether it works here, and why not. One after the other; loaded engines are disposed. */
export async function probe(options: EngineOptions): Promise<EngineReport[]> {
  const reports: EngineReport[] = [];
  for (const name of engineNames) {
    const { engine, report } = await tryEngine(name, options);
    reports.push(report);
    await engine?.dispose();
  }
  return reports;
}

async function tryEngine(
  name: EngineName,
  options: EngineOptions,
): Promise<{ readonly engine: Engine | null; readonly report: EngineReport }> {
  try {
    const engine = await loaders[name](options);
    await smokeTest(engine);
    return { engine, report: { name, info: engine.info, reason: '' } };
  } catch (error) {
    return { engine: null, report: { name, info: null, reason: `${oneLine(error)} ${needs[name]}` } };
  }
}

/** The first line of a message, as a sentence, without the source location that native libraries begin with. */
function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split('\n').find(each => each.trim() !== '') ?? 'It failed without a message.';
  const told = line.replace(/^\/\S*onnxruntime\S* .* was false\. /, '').trim();
  return /[.!?]$/.test(told) ? told : `${told}.`;
}
