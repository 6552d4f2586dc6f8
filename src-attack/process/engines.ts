/** Engines as the panel offers them. */
import type { AttackChoice } from './protocol.ts';

export const engineChoices: readonly AttackChoice[] = [
  { id: 'auto', title: 'Automatic', description: 'CUDA where there is a device, else the processor' },
  { id: 'cpu', title: 'CPU', description: 'ONNX Runtime on the processor' },
  { id: 'webgpu', title: 'WebGPU', description: 'ONNX Runtime on the graphics processor' },
  { id: 'cuda', title: 'CUDA', description: 'ONNX Runtime on an NVIDIA graphics processor' },
  { id: 'wasm', title: 'WebAssembly', description: 'ONNX Runtime in WebAssembly: slower, runs everywhere' },
  {
    id: 'tfjs',
    title: 'TensorFlow.js',
    description: 'The TensorFlow.js of your workspace, native where it is installed',
  },
];
