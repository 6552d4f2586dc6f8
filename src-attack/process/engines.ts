/** Engines by the names that users choose them by. */
import type { Engine } from '../engines/engine.ts';
import { loadOnnxCpu, loadOnnxCuda, loadOnnxWasm, loadOnnxWebGpu } from '../engines/onnxruntime/load.ts';
import { findTfjs, loadTfjs, type TfjsFlavour } from '../engines/tfjs/load.ts';
import type { AttackChoice } from './protocol.ts';

interface EngineOption extends AttackChoice {
  /** @param folder where the user's own packages are looked for */
  readonly load: (folder: string) => Promise<Engine>;
}

const options: readonly EngineOption[] = [
  { id: 'cpu', title: 'CPU', description: 'ONNX Runtime on the processor', load: () => loadOnnxCpu() },
  {
    id: 'wasm',
    title: 'WebAssembly',
    description: 'ONNX Runtime in WebAssembly: runs everywhere',
    load: () => loadOnnxWasm(),
  },
  {
    id: 'webgpu',
    title: 'WebGPU',
    description: 'ONNX Runtime on the graphics processor',
    load: () => loadOnnxWebGpu(),
  },
  {
    id: 'cuda',
    title: 'CUDA',
    description: 'ONNX Runtime on an NVIDIA graphics processor',
    load: () => loadOnnxCuda(),
  },
  {
    id: 'tfjs',
    title: 'TensorFlow.js',
    description: 'The TensorFlow.js of your workspace, native where it is installed',
    load: loadAnyTfjs,
  },
];

/** Tried in this order by `auto`: the first that loads is taken. */
const automatic = ['cpu', 'wasm'];

export async function engineChoices(): Promise<AttackChoice[]> {
  const auto = { id: 'auto', title: 'Automatic', description: 'The fastest engine that is known to be exact here' };
  return [auto, ...options.map(({ id, title, description }) => ({ id, title, description }))];
}

/** @throws {Error} that says which engine does not load, why, and what to choose instead */
export async function loadEngine(id: string, folder: string): Promise<Engine> {
  const wanted = id === 'auto' ? automatic : [id];
  const failures: string[] = [];
  for (const name of wanted) {
    const option = options.find(candidate => candidate.id === name);
    if (!option) throw new Error(`There is no engine "${name}"; there are auto, ${options.map(o => o.id).join(', ')}.`);
    try {
      return await option.load(folder);
    } catch (error) {
      failures.push(`${option.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`The engine does not start. ${failures.join(' ')} Try the engine "wasm", or "auto".`);
}

const tfjsFlavours: readonly TfjsFlavour[] = ['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'];

async function loadAnyTfjs(folder: string): Promise<Engine> {
  const found = tfjsFlavours.filter(flavour => findTfjs(flavour, folder));
  if (found.length === 0) throw new Error(`No @tensorflow/tfjs is installed for ${folder}: install it there.`);
  const failures: string[] = [];
  for (const flavour of found) {
    try {
      return await loadTfjs(flavour, folder);
    } catch (error) {
      failures.push(`${flavour}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(failures.join(' '));
}
