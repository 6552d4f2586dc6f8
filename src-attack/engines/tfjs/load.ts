import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Engine, EngineInfo } from '../engine.ts';
import { createTfjsEngine } from './engine.ts';
import type { Tfjs } from './evaluate.ts';

/*
 * TensorFlow.js is never part of this product's bundle: it is the user's own copy, found from a folder (the workspace,
 * or the one that a setting names) as Node would find it from there, and loaded in the attack process only.
 */

export type TfjsFlavour = 'tfjs-node-gpu' | 'tfjs-node' | 'tfjs-wasm' | 'tfjs-webgpu' | 'tfjs-cpu';

interface FlavourPackages {
  /** The package that exports the API. */
  readonly main: string;
  /** The package that registers the backend when it is loaded, where it is another one. */
  readonly backendPackage?: string;
  readonly backend: string;
  readonly device: string;
}

const flavours: Readonly<Record<TfjsFlavour, FlavourPackages>> = {
  'tfjs-node-gpu': { main: '@tensorflow/tfjs-node-gpu', backend: 'tensorflow', device: 'GPU (TensorFlow)' },
  'tfjs-node': { main: '@tensorflow/tfjs-node', backend: 'tensorflow', device: 'CPU (TensorFlow)' },
  'tfjs-wasm': {
    main: '@tensorflow/tfjs',
    backendPackage: '@tensorflow/tfjs-backend-wasm',
    backend: 'wasm',
    device: 'CPU (WebAssembly)',
  },
  'tfjs-webgpu': {
    main: '@tensorflow/tfjs',
    backendPackage: '@tensorflow/tfjs-backend-webgpu',
    backend: 'webgpu',
    device: 'GPU (WebGPU)',
  },
  'tfjs-cpu': { main: '@tensorflow/tfjs', backend: 'cpu', device: 'CPU (JavaScript)' },
};

export const tfjsFlavours = Object.keys(flavours) as TfjsFlavour[];

/** Where one flavour's packages are, as seen from a folder; undefined where one of them is not installed. */
export function findTfjs(flavour: TfjsFlavour, folder: string): string | undefined {
  const { main, backendPackage } = flavours[flavour];
  try {
    const require = createRequire(join(folder, 'package.json'));
    if (backendPackage) require.resolve(backendPackage);
    return require.resolve(main);
  } catch {
    return undefined;
  }
}

/**
 * Loads one flavour as installed for a folder. Rejects with a sentence where it is not installed, and with the
 * library's own message where it does not load (no native binding, no GPU).
 */
export async function loadTfjs(flavour: TfjsFlavour, folder: string): Promise<Engine> {
  const { main, backendPackage, backend, device } = flavours[flavour];
  if (!findTfjs(flavour, folder)) {
    throw new Error(`${backendPackage ? `${main} with ${backendPackage}` : main} is not installed in ${folder}.`);
  }
  const require = createRequire(join(folder, 'package.json'));
  if (flavour === 'tfjs-webgpu') provideWebGpu(require);
  const tf = require(main) as Tfjs;
  // Without its debug checks, and without its advice to install another package.
  tf.enableProdMode();
  if (backendPackage) require(backendPackage);
  // TensorFlow's own threads cannot be asked for.
  const threads = backend === 'tensorflow' ? 0 : 1;
  const info: EngineInfo = { name: flavour, device, threads, version: tf.version_core, precisions: ['float32'] };
  return createTfjsEngine(tf, backend, info);
}

/** Gives Node the browser's WebGPU interface, from the package `webgpu` (Dawn) where it is installed. */
function provideWebGpu(require: NodeJS.Require): void {
  const { navigator } = globalThis as { navigator?: { gpu?: unknown } };
  if (navigator?.gpu) return;
  const webgpu = require('webgpu') as { create(options: string[]): unknown; globals: object };
  Object.assign(globalThis, webgpu.globals);
  const gpu = webgpu.create([]);
  if (navigator) Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  else Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
}
